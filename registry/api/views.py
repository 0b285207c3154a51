"""``/api/hub/embeddings…``, ``/api/hub/inspect`` and ``/api/hub/hashes``."""

from __future__ import annotations

import re
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from hub.accounts.auth import HasScope, ReadScope
from hub.api import ApiError
from registry import downloads, search, services
from registry.api import serializers as shapes
from registry.api.paging import EmbeddingPages
from registry.errors import RegistryError
from registry.formats import report
from registry.formats.limits import MAX_FILE_BYTES
from registry.models import Embedding, File, Like
from registry.previews import MAX_PICTURE_BYTES, NewPreview, store_picture

#: Characters of a hash: the shortest that tools write, and a whole SHA-256.
MIN_HASH_CHARACTERS = 8
SHA256_CHARACTERS = 64
#: Files in the answer to a hash; more can only come from a prefix that is too short to mean anything.
MAX_MATCHES = 20


class RegistryView(GenericAPIView):
    """Reading needs no account, changing needs the scope ``write``; refusals of the registry become API errors."""

    def get_permissions(self) -> list[BasePermission]:
        return [ReadScope()] if self.request.method in {"GET", "HEAD", "OPTIONS"} else [HasScope("write")()]

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, RegistryError):
            exc = ApiError(exc.code, exc.message, fields={exc.field: [exc.message]} if exc.field else None)
        return super().handle_exception(exc)

    def values(
        self, serializer: type[shapes.serializers.Serializer], data: Any, **options: Any
    ) -> dict[str, Any]:
        """Return what a request holds, shaped by ``serializer``."""
        shaped = serializer(data=data, **options)
        shaped.is_valid(raise_exception=True)
        return shaped.validated_data

    def embedding(self, owner: str, name: str) -> Embedding:
        """Return an embedding that the request may know of, or 404."""
        visible = Embedding.objects.visible_to(self.request.user)
        return get_object_or_404(visible.at(owner, name).with_details())

    def own_embedding(self, owner: str, name: str) -> Embedding:
        """Return an embedding that the request may change; 404 or 403."""
        embedding = self.embedding(owner, name)
        if not embedding.is_editable_by(self.request.user):
            raise PermissionDenied("You may see this embedding, but only its owner may change it.")
        return embedding

    def described(self, embedding: Embedding, code: int = status.HTTP_200_OK) -> Response:
        """Answer with an embedding as it is stored now."""
        stored = Embedding.objects.with_details().get(pk=embedding.pk)
        body = shapes.EmbeddingSerializer(stored, context=self.get_serializer_context()).data
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
        asked = self.values(shapes.ListQuerySerializer, self.request.query_params)
        return search.search(self.request.user, **asked).with_details()

    @extend_schema(parameters=[shapes.ListQuerySerializer])
    def get(self, request: Request) -> Response:
        """Search: public embeddings, and your own."""
        return self.list(request)

    @extend_schema(
        request={"multipart/form-data": shapes.NewEmbeddingSerializer},
        responses={201: shapes.EmbeddingSerializer},
    )
    def post(self, request: Request) -> Response:
        """Upload an embedding."""
        values = self.values(shapes.NewEmbeddingSerializer, request.data)
        files = values.pop("file")
        if len(files) > 1:
            raise RegistryError(
                "one_file",
                f"{len(files)} files came; send one, and add others as versions of the embedding.",
                field="file",
            )
        values["title"] = values.get("title") or values["name"]
        values["previews"] = _stored(values.pop("previews", []))
        version = services.upload_embedding(owner=request.user, **_named(files[0]), **values)
        return self.described(version.embedding, status.HTTP_201_CREATED)


class EmbeddingView(RegistryView):
    """One embedding."""

    serializer_class = shapes.EmbeddingSerializer
    parser_classes = [JSONParser, FormParser, MultiPartParser]

    def get(self, request: Request, owner: str, name: str) -> Response:
        """Look an embedding up."""
        return Response(self.get_serializer(self.embedding(owner, name)).data)

    @extend_schema(request=shapes.EditableSerializer)
    def patch(self, request: Request, owner: str, name: str) -> Response:
        """Change what is said of an embedding of yours."""
        embedding = self.own_embedding(owner, name)
        fixed = {field for field in ("name", "token", "base") if field in request.data}
        values = self.values(shapes.EditableSerializer, request.data, partial=True)
        services.update_embedding(
            embedding=embedding, **values, **{field: request.data[field] for field in fixed}
        )
        return self.described(embedding)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, owner: str, name: str) -> Response:
        """Delete an embedding of yours with all its versions."""
        services.delete_embedding(embedding=self.own_embedding(owner, name))
        return Response(status=status.HTTP_204_NO_CONTENT)


class VersionsView(RegistryView):
    """Versions of an embedding."""

    serializer_class = shapes.EmbeddingSerializer
    parser_classes = [MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": shapes.NewVersionSerializer},
        responses={201: shapes.EmbeddingSerializer},
    )
    def post(self, request: Request, owner: str, name: str) -> Response:
        """Add a version to an embedding of yours."""
        embedding = self.own_embedding(owner, name)
        values = self.values(shapes.NewVersionSerializer, request.data)
        previews = _stored(values.pop("previews", []))
        services.add_version(embedding=embedding, **_named(values.pop("file")), previews=previews, **values)
        return self.described(embedding, status.HTTP_201_CREATED)


class _Bytes(BaseContentNegotiation):
    """A file is sent as what it is; ``format`` names a file format here, not a renderer."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class DownloadView(RegistryView):
    """Files of an embedding."""

    content_negotiation_class = _Bytes

    @extend_schema(
        parameters=[shapes.DownloadQuerySerializer],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, owner: str, name: str) -> HttpResponseBase:
        """Download a version in a file format. Ranges and ETags work."""
        asked = self.values(shapes.DownloadQuerySerializer, request.query_params)
        version = downloads.find_version(request.user, owner, name, asked.get("version"))
        return downloads.serve(request, version, asked["format"], asked.get("file"))


class LikeView(RegistryView):
    """Your like of an embedding."""

    serializer_class = shapes.LikesSerializer

    @extend_schema(request=None)
    def post(self, request: Request, owner: str, name: str) -> Response:
        """Like an embedding. Liking it twice is liking it once."""
        embedding = self.embedding(owner, name)
        services.like(user=request.user, embedding=embedding)
        return self._answer(embedding)

    @extend_schema(responses=shapes.LikesSerializer)
    def delete(self, request: Request, owner: str, name: str) -> Response:
        """Take your like back."""
        embedding = self.embedding(owner, name)
        services.unlike(user=request.user, embedding=embedding)
        return self._answer(embedding)

    def _answer(self, embedding: Embedding) -> Response:
        embedding.refresh_from_db(fields=["likes"])
        liked = Like.objects.filter(owner=self.request.user, embedding=embedding).exists()
        return Response({"liked": liked, "likes": embedding.likes})


class InspectView(RegistryView):
    """What a file holds."""

    serializer_class = shapes.InspectionSerializer
    parser_classes = [MultiPartParser]

    def get_permissions(self) -> list[BasePermission]:
        return [ReadScope()]

    @extend_schema(request={"multipart/form-data": shapes.UploadSerializer})
    def post(self, request: Request) -> Response:
        """Read a file and store nothing."""
        upload = _named(self.values(shapes.UploadSerializer, request.data)["file"])
        inspection = services.inspect_upload(**upload)
        told = {
            "file": upload["filename"],
            **report(inspection),
            "vectors": inspection.vectors,
            "duplicates": services.find_duplicates(inspection.digest, request.user),
        }
        return Response(self.get_serializer(told).data)


class HashView(RegistryView):
    """Files by hash."""

    serializer_class = shapes.MatchesSerializer

    def get(self, request: Request, hash: str) -> Response:
        """Find the embedding that a file belongs to, by 8 to 64 hex digits of its SHA-256 or AutoV3."""
        value = hash.lower()
        if not re.fullmatch(f"[0-9a-f]{{{MIN_HASH_CHARACTERS},{SHA256_CHARACTERS}}}", value):
            raise ApiError(
                "bad_hash", f"A hash has {MIN_HASH_CHARACTERS} to {SHA256_CHARACTERS} hexadecimal digits."
            )
        # Who has the whole hash has the file, and may find its page; a guessed prefix finds only what lists show.
        whole = len(value) == SHA256_CHARACTERS
        embeddings = (
            Embedding.objects.visible_to(request.user)
            if whole
            else Embedding.objects.listed_for(request.user)
        )
        found = File.objects.filter(
            Q(sha256__startswith=value) | Q(autov3__startswith=value), version__embedding__in=embeddings
        )
        matches = list(found.select_related("version__embedding__owner").order_by("id")[:MAX_MATCHES])
        if not matches:
            raise NotFound("No file on this hub has this hash.")
        return Response(self.get_serializer({"results": matches}).data)


def _named(file: UploadedFile) -> dict[str, Any]:
    """Return an uploaded file as services take it; of one that is too large, only as much as shows that."""
    return {"filename": file.name or "file", "data": file.read(MAX_FILE_BYTES + 1)}


def _stored(pictures: list[UploadedFile]) -> list[NewPreview]:
    return [
        NewPreview(
            picture=store_picture(picture.read(MAX_PICTURE_BYTES + 1), filename=picture.name or "picture")
        )
        for picture in pictures
    ]
