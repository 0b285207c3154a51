"""``/api/hub/embeddings…``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from hub.accounts.auth import HasScope, ReadScope
from hub.api import ApiError
from hub.preferences import Preferences
from hub.requests.conditional import check_match
from hub.requests.idempotency import idempotent
from hub.requests.negotiation import AsItIs
from hub.requests.openapi import answers
from registry import downloads, intake, lookup, services
from registry.api import query_serializers as queries
from registry.api import serializers as shapes
from registry.api.paging import EmbeddingPages
from registry.browsing import search
from registry.errors import RegistryError
from registry.formats import NamedFile
from registry.formats.limits import MAX_FILE_BYTES
from registry.models import Embedding, Version
from registry.moderation import tombstones
from registry.pictures.previews import read_pictures

#: Largest number that a key can be.
MAX_KEY = 2**31 - 1
#: Fields that files carry; a change of one is refused by name.
FIXED = ("name", "token", "base")


class RegistryView(GenericAPIView):
    """Reading needs no account, changing needs the scope ``write``; refusals of the registry become API errors."""

    def get_permissions(self) -> list[BasePermission]:
        return [ReadScope()] if self.request.method in {"GET", "HEAD", "OPTIONS"} else [HasScope("write")()]

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, RegistryError):
            fields = {exc.field: [exc.message]} if exc.field else None
            conflict = exc.code in ("quota", "reported")
            code = status.HTTP_409_CONFLICT if conflict else status.HTTP_400_BAD_REQUEST
            exc = ApiError(exc.code, exc.message, status=code, fields=fields)
        return super().handle_exception(exc)

    def values(self, serializer: type[shapes.serializers.Serializer], data: Any, **options: Any) -> dict[str, Any]:
        """Return what a request holds, shaped by ``serializer``."""
        shaped = serializer(data=data, **options)
        shaped.is_valid(raise_exception=True)
        return shaped.validated_data

    def embedding(self, owner: str, name: str) -> Embedding:
        """Return an embedding that the request may know of, or 404, or 410 for one that was taken down."""
        visible = Embedding.objects.visible_to(self.request.user)
        embedding = visible.at(owner, name).with_details().first()
        if embedding is None:
            raise tombstones.missing(self.request.user, owner, name)
        return embedding

    def own_embedding(self, owner: str, name: str) -> Embedding:
        """Return an embedding that the request may change; 404 or 403."""
        embedding = self.embedding(owner, name)
        if not embedding.is_editable_by(self.request.user):
            raise PermissionDenied("You may see this embedding, but only its owner may change it.")
        return embedding

    def chosen_version(self, embedding: Embedding, number: int | None) -> Version:
        """A version by its number, the newest without one; 404."""
        version = next((item for item in embedding.versions.all() if number in (None, item.number)), None)
        if version is None:
            raise Http404
        return version

    def unchanged(self, embedding: Embedding) -> Embedding:
        """Lock an embedding and return it as it is now; refuse where the request means another state of it.

        Part of the transaction around it.
        """
        get_object_or_404(Embedding.objects.select_for_update(no_key=True), pk=embedding.pk)
        stored = Embedding.objects.with_details().get(pk=embedding.pk)
        check_match(self.request, lambda: self.get_serializer(stored).data)
        return stored

    def described(
        self,
        embedding: Embedding,
        code: int = status.HTTP_200_OK,
        shape: type[shapes.EmbeddingSerializer] = shapes.EmbeddingSerializer,
        **told: Any,
    ) -> Response:
        """Answer with an embedding as it is stored now; ``told`` is for ``shape``."""
        stored = Embedding.objects.with_details().get(pk=embedding.pk)
        body = shape(stored, context={**self.get_serializer_context(), **told}).data
        headers = {}
        if code == status.HTTP_201_CREATED:
            headers["Location"] = reverse("api-embedding", args=[stored.owner.username, stored.name])
        return Response(body, status=code, headers=headers)


class EmbeddingsView(RegistryView, ListAPIView):
    """Embeddings."""

    serializer_class = shapes.EmbeddingSerializer
    pagination_class = EmbeddingPages
    parser_classes = [MultiPartParser]

    def get_queryset(self) -> QuerySet[Embedding]:
        asked = self.values(queries.ListQuerySerializer, self.request.query_params)
        explicit = Preferences.stored(self.request.user).explicit
        return search.search(self.request.user, **asked, explicit=explicit).with_details()

    @extend_schema(parameters=[queries.ListQuerySerializer])
    def get(self, request: Request) -> Response:
        """Search: public embeddings, and your own."""
        return self.list(request)

    @extend_schema(
        request={"multipart/form-data": shapes.NewEmbeddingSerializer},
        responses={201: shapes.UploadedSerializer},
    )
    @answers(409)
    @idempotent
    def post(self, request: Request) -> Response:
        """Upload an embedding: one file, or several that belong together."""
        values = self.values(shapes.NewEmbeddingSerializer, request.data)
        upload = intake.read_files(named(values.pop("file")))
        part = intake.choose_part(upload, values.pop("part", ""))
        values["title"] = values.get("title") or values["name"]
        pictures = values.pop("previews", [])
        new = services.NewEmbedding(part=part, **values)
        services.check_parts(owner=request.user, new=[new])  # before a picture is decoded
        duplicates = lookup.find_duplicates(part.inspection.encoders, versions=lookup.listed_versions(request.user))
        new = replace(new, previews=read_pictures(pictures))
        (version,) = services.upload_parts(owner=request.user, upload=upload, new=[new])
        made = version.embedding
        lookalikes = lookup.find_lookalikes(request.user, made.name, made.title, made.token)
        told = {"duplicates": duplicates, "lookalikes": lookalikes}
        return self.described(made, status.HTTP_201_CREATED, shapes.UploadedSerializer, **told)


class EmbeddingView(RegistryView):
    """One embedding."""

    refusals = (410,)
    serializer_class = shapes.EmbeddingSerializer

    def get(self, request: Request, owner: str, name: str) -> Response:
        """Look an embedding up."""
        return Response(self.get_serializer(self.embedding(owner, name)).data)

    @extend_schema(request=shapes.EditableSerializer)
    @answers(412)
    @transaction.atomic
    def patch(self, request: Request, owner: str, name: str) -> Response:
        """Change what is said of an embedding of yours."""
        embedding = self.unchanged(self.own_embedding(owner, name))
        values = self.values(shapes.EditableSerializer, request.data, partial=True)
        fixed = {field for field in FIXED if field in request.data}
        if unknown := sorted(set(request.data) - set(shapes.EditableSerializer().fields) - fixed):
            message = f"{', '.join(unknown)[:200]}: there is no such field."
            raise ApiError("invalid", message, fields={field: ["There is no such field."] for field in unknown})
        services.update_embedding(embedding=embedding, **values, **{field: request.data[field] for field in fixed})
        return self.described(embedding)

    @extend_schema(responses={204: None})
    @answers(412)
    @transaction.atomic
    def delete(self, request: Request, owner: str, name: str) -> Response:
        """Delete an embedding of yours with all its versions."""
        embedding = self.unchanged(self.own_embedding(owner, name))
        services.delete_embedding(embedding=embedding)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DownloadView(RegistryView):
    """Files of an embedding."""

    refusals = (410,)
    content_negotiation_class = AsItIs  # ``format`` names a file format here, not a renderer

    @extend_schema(
        parameters=[
            queries.DownloadQuerySerializer,
            OpenApiParameter("Range", location="header", description="One range of bytes; of several, all is sent."),
            OpenApiParameter("If-Range", location="header", description="`ETag` of what the range is of."),
        ],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            416: OpenApiResponse(description="The file has none of the bytes of the `Range`."),
        },
    )
    def get(self, request: Request, owner: str, name: str) -> HttpResponseBase:
        """Download a version in a file format. Ranges and ETags work."""
        asked = self.values(queries.DownloadQuerySerializer, request.query_params)
        version = downloads.find_version(request.user, owner, name, asked.get("version"))
        return downloads.serve(request, version, asked["format"], asked.get("file"), asked["dtype"])


class LikeView(RegistryView):
    """Your like of an embedding."""

    refusals = (410,)
    serializer_class = shapes.LikesSerializer

    def get(self, request: Request, owner: str, name: str) -> Response:
        """Whether you like an embedding, and how many do."""
        return self._answer(self.embedding(owner, name))

    @extend_schema(request=None)
    def post(self, request: Request, owner: str, name: str) -> Response:
        """Like an embedding. Liking it twice is liking it once."""
        embedding = self.embedding(owner, name)
        services.like(user=request.user, embedding=embedding)
        return self._answer(embedding)

    @extend_schema(responses={200: shapes.LikesSerializer})
    def delete(self, request: Request, owner: str, name: str) -> Response:
        """Take your like back."""
        embedding = self.embedding(owner, name)
        services.unlike(user=request.user, embedding=embedding)
        return self._answer(embedding)

    def _answer(self, embedding: Embedding) -> Response:
        embedding.refresh_from_db(fields=["likes"])
        return Response({"liked": embedding.is_liked_by(self.request.user), "likes": embedding.likes})


def named(files: list[UploadedFile]) -> list[NamedFile]:
    """Return uploaded files as services take them; of one that is too large, only as much as shows that."""
    return [NamedFile(file.name or "file", file.read(MAX_FILE_BYTES + 1)) for file in files]
