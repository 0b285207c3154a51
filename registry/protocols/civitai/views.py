"""The routes: what is asked for, and how long an answer may be kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from hub.accounts.auth import ForeignClientAuthentication, ReadScope
from hub.api import ApiError
from hub.errors import Gone
from hub.requests.parsers import JSONParser
from registry import downloads, lookup
from registry.errors import RegistryError
from registry.models import File, Version
from registry.moderation import tombstones
from registry.protocols.civitai import addresses, asked, counted, errors, files, listing, pictures, shapes, words
from registry.protocols.civitai.addresses import Addresses
from registry.protocols.views import ProtocolView

#: Hashes of one request: for what they belong to, and for the numbers of that alone.
MAX_HASHES, MAX_HASHES_FOR_IDS = 100, 10_000
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
#: How long caches of many readers may keep what everybody may see. Take-downs reach them after that; files are never kept.
_KEPT = "public, s-maxage=300, stale-while-revalidate=150"
_NOT_KEPT = "no-store, max-age=0"


class CivitaiView(ProtocolView):
    """Reading needs no account. Pages of any site may read what a token is not needed for, or is given for by hand."""

    authentication_classes = [ForeignClientAuthentication]
    permission_classes = [ReadScope]
    parser_classes = [JSONParser]

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return errors.exception_handler

    def options(self, request: Request, *args: Any, **options: Any) -> Response:
        """What browsers ask before they send a token."""
        allowed = {"Methods": ", ".join(self.allowed_methods), "Headers": "Authorization, Content-Type, Range"}
        headers = {f"Access-Control-Allow-{name}": value for name, value in allowed.items()}
        return Response(status=204, headers=headers | {"Access-Control-Max-Age": "86400"})

    def finalize_response(self, request: Request, response: Any, *args: Any, **options: Any) -> HttpResponseBase:
        response = super().finalize_response(request, response, *args, **options)
        response.headers["Access-Control-Allow-Origin"] = "*"
        for_all = "Authorization" not in request.headers and "token" not in request.GET
        kept = response.status_code == 200 and request.method in ("GET", "HEAD") and for_all
        response.headers.setdefault("Cache-Control", _KEPT if kept else _NOT_KEPT)
        patch_vary_headers(response, ["Authorization"])
        return response


class ModelsView(CivitaiView):
    """Embeddings."""

    def get(self, request: Request) -> Response:
        """A page of those that are asked for."""
        items, metadata = listing.page(request, listing.with_versions(listing.found(request)))
        primary_only = asked.switch(request.query_params, "primaryFileOnly") or False
        told = [shapes.model(item, Addresses(request), primary_only=primary_only) for item in items]
        return Response({"items": told, "metadata": metadata})


class ModelView(CivitaiView):
    """One embedding."""

    def get(self, request: Request, number: str) -> Response:
        """It and its versions."""
        pk = asked.identifier(number)
        embedding = listing.with_versions(listing.listed(request).filter(pk=pk)).first()
        if embedding is None:
            raise _gone(request, pk) or errors.not_found(f"Model not found: No model with id {pk}")
        return Response(shapes.model(embedding, Addresses(request)))


class VersionView(CivitaiView):
    """One version."""

    def get(self, request: Request, number: str) -> Response:
        """It and its model."""
        return Response(shapes.version(_version(request, number), Addresses(request)))


class HashView(CivitaiView):
    """A version by the hash of a file."""

    def get(self, request: Request, value: str) -> Response:
        """It and its model."""
        match = _match(request, value)
        if match is None:
            taken_down = tombstones.by_hash(value.lower()) if _SHA256.fullmatch(value) else None
            raise tombstones.gone(taken_down) if taken_down else errors.not_found("Model not found")
        version = _with_file(listing.versions().get(pk=match.version.pk))
        return Response(_described(version, match.files, Addresses(request)))


class HashesView(CivitaiView):
    """Versions by the hashes of many files."""

    def post(self, request: Request) -> Response:
        """One for each hash that is known, in their order."""
        known = lookup.by_whole_hashes(hashes := _hashes(request, MAX_HASHES), request.user)
        versions = listing.versions().in_bulk({row.version_id for row in known.values()})
        told = []
        for value in filter(known.__contains__, hashes):
            version = versions[known[value].version_id]
            if shapes.has_file(version.files.all()):
                same = [file for file in version.files.all() if file.sha256 == value]
                told.append(_described(version, same, Addresses(request)))
        return Response(told)


class HashIdsView(CivitaiView):
    """Numbers by the hashes of very many files."""

    def post(self, request: Request) -> Response:
        """Those of the version and its model, for each hash that is known."""
        hashes = _hashes(request, MAX_HASHES_FOR_IDS)
        known = lookup.by_whole_hashes(hashes, request.user)
        rows = [(value.upper(), known[value].version) for value in hashes if value in known]
        return Response([{"modelVersionId": row.pk, "modelId": row.embedding_id, "hash": value} for value, row in rows])


class CreatorsView(CivitaiView):
    """People."""

    def get(self, request: Request) -> Response:
        """Those who have embeddings here, the most first."""
        rows = counted.creators(listing.counted(request), counted.query_of(request.query_params))
        page = counted.page(request, rows, "username", "username")
        page["items"] = [item | {"image": None} for item in page["items"]]
        return Response(page)


class TagsView(CivitaiView):
    """Tags."""

    def get(self, request: Request) -> Response:
        """Those that embeddings have, the most used first."""
        rows = counted.tags(listing.counted(request), counted.query_of(request.query_params))
        return Response(counted.page(request, rows, "name", "tag"))


class ImagesView(CivitaiView):
    """Pictures."""

    def get(self, request: Request) -> Response:
        """A page of those that are asked for, newest first."""
        items, metadata = pictures.page(request, pictures.found(request))
        told = [pictures.in_list(item, Addresses(request)) for item in items]
        return Response({"items": told, "metadata": metadata})


class EnumsView(CivitaiView):
    """Words."""

    def get(self, request: Request) -> Response:
        """Those that answers use."""
        return Response(
            {
                "ModelType": [words.MODEL_TYPE],
                "ModelFileType": [words.FILE_TYPE],
                "ActiveBaseModel": words.OFFERED_BASES,
                "BaseModel": words.KNOWN_BASES,
                "BaseModelType": [words.BASE_TYPE],
            }
        )


class DownloadView(CivitaiView):
    """Downloads."""

    def get(self, request: Request, number: str) -> HttpResponse:
        """The way to the bytes of a file."""
        version = _version(request, number)
        file = files.chosen(version, request.query_params)
        if file is None:
            raise errors.not_found("File not found")
        address = Addresses(request).bytes_of(version, file, shapes.file_name(version, file))
        return HttpResponse(status=307, headers={"Location": address})


class FileView(CivitaiView):
    """The bytes of a file, at an address that says by itself who may have it."""

    authentication_classes = []
    throttle_classes = []

    def get(self, request: Request, reference: str, name: str) -> HttpResponseBase:
        """All of them or a range."""
        number, target, dtype, filename, request.user = addresses.read_file(reference)
        version = _version(request, str(number))
        file = next((row for row in version.files.all() if (row.target, row.filename) == (target, filename)), None)
        if file is None or name != shapes.file_name(version, file):
            raise errors.not_found("File not found")
        download = downloads.open_download(version, target, filename, dtype)
        reader = str(request.user.pk or BaseThrottle().get_ident(request))
        answer = downloads.send(request, download, public=False, counts_for=version.embedding, reader=reader)
        if "Content-Disposition" in answer.headers:  # Civitai-Helper takes all behind the first “=” for the name
            answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        answer.headers["Cache-Control"] = _NOT_KEPT
        return answer


class PictureView(CivitaiView):
    """A picture of a private embedding, at an address that says by itself who may see it."""

    authentication_classes = []
    throttle_classes = []

    def get(self, request: Request, reference: str) -> HttpResponseBase:
        """The picture as WebP."""
        number, digest, request.user = addresses.read_picture(reference)
        return downloads.serve_picture(request, number, digest)


def _version(request: Request, number: str) -> Version:
    """A version by its number, with every file; 404 for one that may not be asked for so."""
    pk = asked.identifier(number)
    version = listing.versions().filter(pk=pk, embedding__in=listing.listed(request)).first()
    if version is None:
        raise errors.not_found("Model not found")
    return _with_file(version)


def _with_file(version: Version) -> Version:
    if not shapes.has_file(version.files.all()):
        raise errors.not_found("Missing model file: not found")
    return version


def _match(request: Request, value: str) -> lookup.Match | None:
    """What a hash belongs to: the oldest, where it is one set of numbers, for a few digits may begin hashes of several."""
    with suppress(RegistryError):  # no hash at all
        answer = lookup.by_hash(value, request.user)
        if answer.matches and answer.unique:
            return answer.matches[0]
    return None


def _described(version: Version, same: Sequence[File], addresses: Addresses) -> dict[str, Any]:
    """A version found by a hash, with the file that has it, one of ``same``, as the primary one if that is not its own."""
    ids = {file.pk for file in same}
    with_it = [file for file in version.files.all() if file.pk in ids]
    own = any(file.sha256 == version.blob for file in with_it)
    return shapes.version(version, addresses, wanted=None if own or not with_it else with_it[0])


def _gone(request: Request, number: int) -> Exception | None:
    """The refusal of a model that was taken down, where this one was."""
    missing = tombstones.missing_number(request.user, number)
    return missing if isinstance(missing, Gone) else None


def _hashes(request: Request, most: int) -> list[str]:
    """The hashes that a request holds."""
    values = request.data
    if not isinstance(values, list) or not all(isinstance(value, str) and _SHA256.fullmatch(value) for value in values):
        raise ApiError("invalid", "Send a JSON list of SHA-256 hashes, 64 hexadecimal digits each.")
    if len(values) > most:
        raise ApiError("invalid", f"Send at most {most:,} hashes.")
    return list(dict.fromkeys(value.lower() for value in values))
