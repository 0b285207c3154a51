"""``/api/hub/base-models`` and ``/api/hub/jobs``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import FileResponse, Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from hub.accounts.auth import HasScope, ReadScope
from hub.api import ApiError, CursorPages
from hub.requests.idempotency import idempotent
from hub.requests.openapi import answers
from registry import storage
from training import retention, services
from training.api.serializers import (
    AllowanceSerializer,
    BaseModelSerializer,
    ChosenStepSerializer,
    FurtherSerializer,
    JobSerializer,
    MadeVersionSerializer,
    NewJobSerializer,
    RetrySerializer,
)
from training.datasets import read_uploads
from training.errors import NameTaken, NoSpace, TooManyJobs, TrainingError, WrongState
from training.limits import Limits, limits_of
from training.models import BaseModel, Job, JobPreview, JobSnapshot, State
from training.queue import place_of, polling_tag

#: Fields that requests call otherwise than the services do.
_REQUEST_NAMES = {"initialiser": "init"}


@contextmanager
def answering_errors() -> Iterator[None]:
    """Turn a refusal of the services into the API's answer."""
    try:
        yield
    except TrainingError as error:
        conflict = isinstance(error, NameTaken | NoSpace | TooManyJobs | WrongState)
        field = _REQUEST_NAMES.get(error.field, error.field)
        raise ApiError(
            error.code,
            error.message,
            status=status.HTTP_409_CONFLICT if conflict else status.HTTP_400_BAD_REQUEST,
            fields={field: [error.message]} if field else None,
        ) from error


def asked_job(request: Request) -> dict[str, Any]:
    """What a request asks of a new job, as the services call it."""
    form = NewJobSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    values = form.validated_data
    return values | {"images": read_uploads(values["images"]), "initialiser": values.pop("init")}


class BaseModelPages(CursorPages):
    """In the order in which they were set up."""

    ordering = "id"


class BaseModelsView(ListAPIView):
    """List the base models that new jobs may choose."""

    serializer_class = BaseModelSerializer
    permission_classes = [ReadScope]
    pagination_class = BaseModelPages
    queryset = BaseModel.objects.filter(enabled=True)


class AllowanceView(RetrieveAPIView):
    """What you may have of the hub, and how much of it is left."""

    serializer_class = AllowanceSerializer
    permission_classes = [IsAuthenticated, ReadScope]

    def get_object(self) -> Limits:
        return limits_of(self.request.user)


class _Jobs:
    """The jobs that a request may know of; any other is not found."""

    serializer_class = JobSerializer
    request: Request

    def get_queryset(self) -> QuerySet[Job]:
        return (
            Job.objects.visible_to(self.request.user)
            .select_related("base", "embedding__owner", "version")
            .prefetch_related("previews", "images", "events", Prefetch("snapshots", JobSnapshot.objects.defer("file")))
        )


class _OwnJobs(_Jobs):
    """The jobs that a request may do something with: its account's own. Staff look at others' but leave them alone."""

    def get_queryset(self) -> QuerySet[Job]:
        return super().get_queryset().filter(owner=self.request.user)


class JobsView(_OwnJobs, ListAPIView):
    """List your jobs, or submit one."""

    pagination_class = CursorPages

    def get_permissions(self) -> list[object]:
        return [HasScope("train")()] if self.request.method == "POST" else [IsAuthenticated(), ReadScope()]

    @extend_schema(request={"multipart/form-data": NewJobSerializer}, responses={201: JobSerializer})
    @answers(409)
    @idempotent
    def post(self, request: Request) -> Response:
        values = asked_job(request)
        with answering_errors():
            job = services.submit_job(owner=request.user, **values)
        body = JobSerializer(job, context=self.get_serializer_context()).data
        return Response(body, status=status.HTTP_201_CREATED)


class JobView(_Jobs, RetrieveAPIView):
    """One job: state, progress, previews, what it made or why it failed.

    With the `ETag` of the last answer in `If-None-Match`, a job that has not changed costs one query and answers 304.
    """

    permission_classes = [IsAuthenticated, ReadScope]

    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        job = get_object_or_404(Job.objects.visible_to(request.user), pk=self.kwargs["pk"])
        tag = quote_etag(polling_tag(job, place_of(job) if job.state == State.QUEUED else None))
        if unchanged := get_conditional_response(request, etag=tag):
            return unchanged
        answer = super().retrieve(request, *args, **kwargs)
        answer["ETag"] = tag
        return answer


class JobCancelView(_OwnJobs, GenericAPIView):
    """Cancel a job: at once while it waits, within a second or two while it trains."""

    permission_classes = [HasScope("train")]

    @extend_schema(request=None, responses={200: JobSerializer})
    @answers(409)
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        job = self.get_object()
        if not services.cancel_job(job=job):
            raise ApiError("wrong_state", f"The job has ended already: {job.state}.", status=status.HTTP_409_CONFLICT)
        return Response(self.get_serializer(job).data)


class JobRetryView(_OwnJobs, GenericAPIView):
    """Try a failed or cancelled job again, as a new job with the same images and settings."""

    permission_classes = [HasScope("train")]

    @extend_schema(request=RetrySerializer, responses={201: JobSerializer})
    @answers(409)
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        job = self.get_object()
        form = RetrySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with answering_errors():
            again = services.retry_job(job=job, **form.validated_data)
        return Response(self.get_serializer(again).data, status=status.HTTP_201_CREATED)


class JobFurtherView(_OwnJobs, GenericAPIView):
    """Train a finished job further, as a new job: what it learns becomes the next version of the same embedding."""

    permission_classes = [HasScope("train")]

    @extend_schema(request=FurtherSerializer, responses={201: JobSerializer})
    @answers(409)
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        job = self.get_object()
        form = FurtherSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with answering_errors():
            further = services.train_further(job=job, **form.validated_data)
        return Response(self.get_serializer(further).data, status=status.HTTP_201_CREATED)


class JobImagesView(_OwnJobs, GenericAPIView):
    """The training images of a job that has ended."""

    permission_classes = [HasScope("train")]

    @extend_schema(responses={204: None})
    @answers(409)
    def delete(self, request: Request, pk: int) -> Response:
        """Delete them now, and with them where training ended: the job can then neither be tried again nor trained further."""
        with answering_errors():
            retention.delete_images(job=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class JobSnapshotsView(_OwnJobs, GenericAPIView):
    """Choose the vectors of another step: they become the next version of what the job made."""

    permission_classes = [HasScope("train")]

    @extend_schema(request=ChosenStepSerializer, responses={201: MadeVersionSerializer})
    @answers(409)
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        job = self.get_object()
        form = ChosenStepSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with answering_errors():
            version = services.choose_snapshot(job=job, **form.validated_data)
        return Response(MadeVersionSerializer(version).data, status=status.HTTP_201_CREATED)


class JobPreviewView(_Jobs, GenericAPIView):
    """The WebP file of a preview."""

    permission_classes = [IsAuthenticated, ReadScope]

    @extend_schema(responses={(200, "image/webp"): OpenApiResponse(OpenApiTypes.BINARY)})
    def get(self, request: Request, pk: int, preview: int) -> HttpResponseBase:
        jobs = Job.objects.visible_to(request.user).filter(pk=pk)
        found = JobPreview.objects.filter(pk=preview, job__in=jobs).first()
        if found is None:
            raise Http404
        headers = {"Cache-Control": "private, max-age=31536000, immutable", "ETag": quote_etag(found.blob)}
        if unchanged := get_conditional_response(request, etag=headers["ETag"]):
            return unchanged
        try:
            file = storage.open_blob(found.blob)
        except storage.BlobMissing as error:
            raise Http404 from error
        return FileResponse(file, content_type="image/webp", headers=headers)
