"""Handing out bytes: embedding files in every target format, and pictures."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from django.core.cache import cache
from django.db.models import F
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    StreamingHttpResponse,
)
from django.utils.http import parse_etags
from django.utils.translation import gettext as _

from registry import storage
from registry.errors import RegistryError
from registry.formats import Dtype, Target, hashes, inspect, write
from registry.formats.write import MEDIA_TYPE
from registry.models import PICTURE_DIGEST_CHARACTERS, Embedding, File, Preview, Version
from registry.moderation import tombstones
from registry.pictures import renditions

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User

logger = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 1024
#: Seconds within which the same file for the same reader is one download: what a client asks twice, it asks at once.
REPEAT_SECONDS = 10 * 60
#: Names that targets had in addresses that people have.
_FORMER_TARGETS = {"safetensors": Target.CANONICAL.value}
#: Seconds that caches for many people may keep a picture without asking: so long it may be had there after it was hidden,
#: made private or taken down.
SHARED_SECONDS = 300
#: How a public picture may be kept: by who has seen it for the year that is the longest there is, without asking.
_FOR_EVER = f"public, max-age=31536000, s-maxage={SHARED_SECONDS}, immutable"
_DIGEST = re.compile(f"[0-9a-f]{{{PICTURE_DIGEST_CHARACTERS}}}")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class Download:
    """A file about to be sent; ``stream`` is open at byte 0."""

    filename: str
    size: int
    sha256: str
    media_type: str
    stream: IO[bytes]


def open_download(version: Version, target: str, filename: str | None = None, dtype: str = Dtype.FLOAT32) -> Download:
    """Open a version's file in a target format.

    ``filename`` chooses where a target has several files. Raises ``RegistryError`` for a target, a dtype or a file that
    the version does not have.
    """
    target = _FORMER_TARGETS.get(target, target)
    if target not in list(Target):
        message = _("“%(value)s” is not a format; use one of %(choices)s.")
        raise RegistryError("unknown_format", message % {"value": target, "choices": ", ".join(Target)}, field="format")
    if dtype not in list(Dtype):
        message = _("“%(value)s” is not a dtype; use one of %(choices)s.")
        raise RegistryError("unknown_dtype", message % {"value": dtype, "choices": ", ".join(Dtype)}, field="dtype")
    rows = [row for row in version.files.all() if row.target == target and row.dtype == dtype]
    if not rows:
        raise _not_written(version, target, dtype)
    names = [row.filename for row in rows]
    if filename is None and len(rows) > 1:
        raise RegistryError(
            "several_files",
            _("This format has %(count)d files; ask for one of them with file=: %(names)s.")
            % {"count": len(rows), "names": ", ".join(names)},
            field="file",
        )
    row = next((row for row in rows if filename in (None, row.filename)), None)
    if row is None:
        raise RegistryError(
            "unknown_file",
            _("There is no file “%(name)s” in this format; it has %(names)s.")
            % {"name": filename, "names": ", ".join(names)},
            field="file",
        )
    if row.sha256 == version.blob:  # the canonical file, and what other tools read as it is
        return Download(row.filename, row.size, row.sha256, MEDIA_TYPE, _opened(version.blob))
    return _written(version, row)


def _not_written(version: Version, target: str, dtype: str) -> RegistryError:
    """The refusal of a format that the embedding cannot be written in."""
    if any(row.target == target for row in version.files.all()):
        message = _("The numbers are too large for %(dtype)s; download the file without it.")
        return RegistryError("no_such_dtype", message % {"dtype": dtype}, field="dtype")
    there = ", ".join(dict.fromkeys(row.target for row in version.files.all()))
    message = _("This embedding cannot be written as %(target)s; there is %(there)s.")
    return RegistryError("no_such_format", message % {"target": target, "there": there}, field="format")


def _written(version: Version, row: File) -> Download:
    """Write a virtual file from the canonical one; it takes about a millisecond, so none is kept."""
    with _opened(version.blob) as canonical:
        encoders = inspect(canonical.read()).encoders
    embedding = version.embedding
    written = write(Target(row.target), encoders, token=embedding.token, name=embedding.name, dtype=Dtype(row.dtype))
    file = next((file for file in written if file.filename == row.filename), None)
    if file is None:  # rows of an older release, until index_hashes has been there
        message = _("There is no file “%(name)s” in this format now.") % {"name": row.filename}
        raise RegistryError("unknown_file", message, field="file")
    return Download(row.filename, len(file.data), hashes.sha256(file.data), file.media_type, io.BytesIO(file.data))


def find_version(user: User | AnonymousUser, owner: str, name: str, number: int | None = None) -> Version:
    """Return a version of an embedding that ``user`` may open, the newest without ``number``; else ``Http404``, or ``Gone``."""
    embeddings = Embedding.objects.visible_to(user).at(owner, name)
    versions = Version.objects.filter(embedding__in=embeddings)
    if number is not None:
        versions = versions.filter(number=number)
    version = versions.select_related("embedding__owner").order_by("-number").first()
    if version is None:
        raise tombstones.missing(user, owner, name)
    return version


def serve(
    request: HttpRequest,
    version: Version,
    target: str,
    filename: str | None = None,
    dtype: str = Dtype.FLOAT32,
) -> HttpResponseBase:
    """Answer GET or HEAD with a file: whole, a range of it, or 304. The caller has checked who may see it.

    A download counts when a GET is answered with every byte: programs ask for a few to learn the size. Raises ``RegistryError`` as :func:`open_download` does.
    """
    download = open_download(version, target, filename, dtype)
    public = version.embedding.is_public
    return send(request, download, public=public, counts_for=version.embedding)


def send(
    request: HttpRequest, download: Download, *, public: bool, counts_for: Embedding | None = None, reader: str = ""
) -> HttpResponseBase:
    """Answer GET or HEAD with an open file; it counts as a download of ``counts_for``. Caches keep it if it is ``public``.

    Some clients ask for the whole file twice: with a ``reader`` that tells who asks, that is one download.
    """
    etag = f'"{download.sha256}"'
    # Caches ask anew each time: the visibility may have changed; where it has not, the answer is a 304.
    caching = {"ETag": etag, "Cache-Control": f"{'public' if public else 'private'}, no-cache"}
    headers = {
        **caching,
        "Accept-Ranges": "bytes",
        "Content-Disposition": _disposition(download.filename),
        "X-Content-Type-Options": "nosniff",
    }
    asked = _asked_range(request, etag, download.size)
    if _matches(request, etag):
        download.stream.close()
        return HttpResponseNotModified(headers=caching)
    if asked is not None and not asked:
        download.stream.close()
        return HttpResponse(status=416, headers={**caching, "Content-Range": f"bytes */{download.size}"})
    if asked is not None:
        headers["Content-Range"] = f"bytes {asked.start}-{asked.stop - 1}/{download.size}"
    sent = range(download.size) if asked is None else asked
    headers["Content-Length"] = str(len(sent))
    if request.method == "HEAD":
        download.stream.close()
        return HttpResponse(content_type=download.media_type, headers=headers)
    if counts_for is not None and len(sent) == download.size and _is_first(download, reader):
        Embedding.objects.filter(pk=counts_for.pk).update(downloads=F("downloads") + 1)
    return StreamingHttpResponse(
        _chunks(download.stream, sent),
        status=200 if asked is None else 206,
        content_type=download.media_type,
        headers=headers,
    )


def _is_first(download: Download, reader: str) -> bool:
    """Whether this reader did not have the file just now."""
    return not reader or cache.add(f"download:{download.sha256}:{reader}", True, REPEAT_SECONDS)


def serve_picture(
    request: HttpRequest, preview_id: int, digest: str, width: int | None = None, kind: str = "webp"
) -> HttpResponse:
    """Answer with a preview, or with its rendition of a width and kind; ``digest`` begins its SHA-256, as its address has it."""
    if not _DIGEST.fullmatch(digest):
        raise Http404
    preview = (
        Preview.objects.select_related("version__embedding").filter(pk=preview_id, blob__startswith=digest).first()
    )
    if preview is None:
        raise Http404
    embedding = preview.version.embedding
    public = embedding.is_public
    # Who asks is looked at only where it matters: a session would make the answer vary by cookie and spoil caches.
    if not public and not Embedding.objects.visible_to(request.user).filter(pk=embedding.pk).exists():
        raise Http404
    try:
        picture = renditions.original(preview) if width is None else renditions.rendition(preview, width, kind)
    except storage.BlobMissing as error:
        raise _lost(preview.blob) from error
    # The address changes with the picture. One that is not public is asked for each time: who may see it can change.
    etag = f'"{hashes.sha256(picture)}"'
    headers = {"ETag": etag, "Cache-Control": _FOR_EVER if public else "private, no-cache"}
    if _matches(request, etag):
        return HttpResponseNotModified(headers=headers)
    headers |= {"X-Content-Type-Options": "nosniff", "Content-Length": str(len(picture))}
    body = b"" if request.method == "HEAD" else picture
    return HttpResponse(body, content_type=f"image/{kind}", headers=headers)


def _opened(blob: str) -> IO[bytes]:
    """Open a blob that a row names; ``Http404`` for one that the storage has lost, which the log tells the operator."""
    try:
        return storage.open_blob(blob)
    except storage.BlobMissing as error:
        raise _lost(blob) from error


def _lost(blob: str) -> Http404:
    """What is answered where the storage has lost a file; the log tells the operator."""
    logger.error("The storage has lost the blob %s.", blob)
    return Http404("The storage has lost this file.")


def _matches(request: HttpRequest, etag: str) -> bool:
    """Whether the client has these bytes already (weak comparison, RFC 9110 section 13.1.2)."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag in [tag.removeprefix("W/") for tag in known]


def _asked_range(request: HttpRequest, etag: str, size: int) -> range | None:
    """Return the bytes asked for (empty when the file has none of them), or None for the whole file.

    Several ranges, malformed ones and those of other bytes (``If-Range``) are ignored, as RFC 9110 section 14.2 allows; for
    HEAD it demands that all are.
    """
    if request.method != "GET":
        return None
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    if match is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None
    if first:
        return range(int(first), min(int(last) + 1, size) if last else size)
    return range(max(size - int(last), 0), size) if last else None


def _disposition(filename: str) -> str:
    """Name a file for old and new clients (RFC 6266): an ASCII name, then the real one."""
    ascii_name = re.sub(r"[^A-Za-z0-9._-]", "_", filename)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _chunks(stream: IO[bytes], sent: range) -> Iterator[bytes]:
    with stream:
        stream.seek(sent.start)
        left = len(sent)
        while left and (chunk := stream.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
