"""``/api/hub/inspect``, ``/api/hub/hashes`` and ``/api/hub/infotext``: what something is, and where it is here."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from hub.accounts.auth import ReadScope
from registry import intake, lookup
from registry.api import lookup_serializers as shapes
from registry.api.serializers import UploadSerializer
from registry.api.views import RegistryView, named
from registry.formats import Part, report
from registry.moderation import tombstones


class InspectView(RegistryView):
    """What a file holds."""

    serializer_class = shapes.InspectionSerializer
    parser_classes = [MultiPartParser]

    def get_permissions(self) -> list[BasePermission]:
        return [ReadScope()]

    @extend_schema(request={"multipart/form-data": UploadSerializer})
    def post(self, request: Request) -> Response:
        """Read one file, or several that belong together, and store nothing."""
        upload = intake.read_files(named(self.values(UploadSerializer, request.data)["file"]))
        known = lookup.listed_versions(request.user)
        parts = [_told(part, lookup.find_duplicates(part.inspection.encoders, versions=known)) for part in upload.parts]
        told = {"file": upload.files[0].name, **parts[0], "parts": parts}
        return Response(self.get_serializer(told).data)


class HashView(RegistryView):
    """Embeddings by hash."""

    refusals = (400, 410)
    serializer_class = shapes.MatchesSerializer

    def get(self, request: Request, hash: str) -> Response:
        """Find what a hash, or its first 8 or more digits, belongs to.

        SHA-256 (its beginnings are AutoV2 and the hashes in A1111's pictures), AutoV3, BLAKE3 and CRC32 of the uploaded file
        and of every file to download, and the digest of the numbers alone.
        """
        answer = lookup.by_hash(hash, request.user)
        if not answer.matches:
            if taken_down := tombstones.by_hash(hash.lower()):
                raise tombstones.gone(taken_down)
            raise NotFound("No file on this hub has this hash.")
        return Response(self.get_serializer(answer).data)


class HashesView(RegistryView):
    """Embeddings by many hashes."""

    serializer_class = shapes.FoundHashesSerializer

    def get_permissions(self) -> list[BasePermission]:
        return [ReadScope()]

    @extend_schema(request=shapes.HashesSerializer)
    def post(self, request: Request) -> Response:
        """Find what up to 1,000 hashes, or their first 8 or more digits, belong to."""
        asked = [value.lower() for value in self.values(shapes.HashesSerializer, request.data)["hashes"]]
        found = lookup.by_hashes(asked, request.user)
        missing = [value for value in dict.fromkeys(asked) if value not in found]
        taken_down = tombstones.among(missing)
        told = {
            "results": [{"hash": value, "answer": answer} for value, answer in found.items()],
            "taken_down": [value for value in missing if value in taken_down],
            "not_found": [value for value in missing if value not in taken_down],
        }
        return Response(self.get_serializer(told).data)


class InfotextView(RegistryView):
    """Embeddings of a picture."""

    serializer_class = shapes.InfotextAnswerSerializer

    def get_permissions(self) -> list[BasePermission]:
        return [ReadScope()]

    @extend_schema(request=shapes.InfotextSerializer)
    def post(self, request: Request) -> Response:
        """Tell which embeddings a picture was made with, by the text that it carries."""
        text = self.values(shapes.InfotextSerializer, request.data)["text"]
        used = lookup.used_in(text, request.user)
        missing = [item.reference.name for item in used if not item.matches]
        return Response(self.get_serializer({"embeddings": used, "not_found": missing}).data)


def _told(part: Part, duplicates: list[lookup.Duplicate]) -> dict[str, Any]:
    """A part of an upload as the API shows it."""
    inspection = part.inspection
    return {
        "label": part.label,
        "role": part.role,
        "sources": part.sources,
        "leaks": inspection.leaks,
        **report(inspection),
        "vectors": inspection.vectors,
        "duplicates": duplicates,
    }
