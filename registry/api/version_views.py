"""``…/versions`` and ``…/previews``: the versions of an embedding, and the pictures that each shows."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api import CursorPages
from hub.requests.idempotency import idempotent
from hub.requests.openapi import answers
from registry import services
from registry.api import serializers as shapes
from registry.api.views import MAX_KEY, RegistryView, named
from registry.models import Preview, Version
from registry.pictures import gallery
from registry.pictures.previews import read_pictures


class VersionPages(CursorPages):
    """The newest first."""

    ordering = ("-number",)


class VersionsView(RegistryView, ListAPIView):
    """Versions of an embedding."""

    refusals = (410,)
    serializer_class = shapes.ShownVersionSerializer
    parser_classes = [MultiPartParser]
    pagination_class = VersionPages
    queryset = Version.objects.none()  # of what the schema is

    def get_queryset(self) -> QuerySet[Version]:
        return self.embedding(**self.kwargs).versions.prefetch_related("files", "previews")

    def get(self, request: Request, owner: str, name: str) -> Response:
        """The versions of an embedding, the newest first, each with its files and previews."""
        return self.list(request)

    @extend_schema(
        request={"multipart/form-data": shapes.NewVersionSerializer},
        responses={201: shapes.EmbeddingSerializer},
    )
    @answers(409)
    @idempotent
    def post(self, request: Request, owner: str, name: str) -> Response:
        """Add a version to an embedding of yours."""
        embedding = self.own_embedding(owner, name)
        values = self.values(shapes.NewVersionSerializer, request.data)
        previews = read_pictures(values.pop("previews", []))
        files = named(values.pop("file"))
        services.add_version(embedding=embedding, files=files, previews=previews, **values)
        return self.described(embedding, status.HTTP_201_CREATED)


class _OneVersion(RegistryView):
    """What the routes below a version share."""

    refusals = (410,)
    serializer_class = shapes.ShownVersionSerializer

    def version(self, owner: str, name: str, number: int, *, own: bool = False) -> Version:
        """A version that the request may know of, or with ``own`` change."""
        embedding = self.own_embedding(owner, name) if own else self.embedding(owner, name)
        versions = embedding.versions.select_related("embedding__owner").prefetch_related("files", "previews")
        return get_object_or_404(versions, number=min(number, MAX_KEY))

    def shown(self, version: Version, code: int = status.HTTP_200_OK) -> Response:
        """Answer with a version as it is stored now."""
        stored = Version.objects.prefetch_related("files", "previews").get(pk=version.pk)
        return Response(self.get_serializer(stored).data, status=code)


class VersionView(_OneVersion):
    """One version of an embedding."""

    def get(self, request: Request, owner: str, name: str, number: int) -> Response:
        """A version with its files and previews."""
        return Response(self.get_serializer(self.version(owner, name, number)).data)


class PreviewsView(_OneVersion):
    """The pictures of a version."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": shapes.NewPreviewsSerializer}, responses={201: shapes.ShownVersionSerializer}
    )
    @answers(409)
    @idempotent
    def post(self, request: Request, owner: str, name: str, number: int) -> Response:
        """Let a version of yours show more pictures."""
        version = self.version(owner, name, number, own=True)
        given = self.values(shapes.NewPreviewsSerializer, request.data)["previews"]
        gallery.add_pictures(version=version, previews=read_pictures(given))
        return self.shown(version, status.HTTP_201_CREATED)


class PreviewView(_OneVersion):
    """A picture of a version."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, owner: str, name: str, number: int, preview: int) -> Response:
        """Take a picture from a version of yours."""
        gallery.remove_picture(preview=self._find(owner, name, number, preview))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _find(self, owner: str, name: str, number: int, preview: int) -> Preview:
        version = self.version(owner, name, number, own=True)
        return get_object_or_404(version.previews.all(), pk=min(preview, MAX_KEY))


class CoverView(PreviewView):
    """Which picture stands first."""

    http_method_names = ["post", "options"]

    @extend_schema(request=None, responses=shapes.ShownVersionSerializer)
    def post(self, request: Request, owner: str, name: str, number: int, preview: int) -> Response:
        """Let a picture be its version's cover: lists and link previews show the first."""
        chosen = self._find(owner, name, number, preview)
        gallery.put_first(preview=chosen)
        return self.shown(chosen.version)
