"""Content-addressed storage: a blob is kept under the SHA-256 of its bytes, through Django's storage API.

Putting the same bytes twice stores them once; a blob is never changed. Blobs are written before the row
that names them commits, so a crash can leave an unreferenced blob but never a row without its blob.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

#: A blob written and read back by the health check.
_PROBE = b"starword storage probe"


class BlobMissing(Exception):
    """The storage does not have a blob that a row names."""


def path_of(sha256: str) -> str:
    """Return the storage path of a blob; two levels of folders keep directories small."""
    return f"blobs/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def put(data: bytes) -> str:
    """Store ``data`` and return its SHA-256."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = path_of(sha256)
    if not default_storage.exists(path):
        _save(path, data)
    return sha256


def _save(path: str, data: bytes) -> None:
    """Let a blob appear whole or not at all: a part of one would be taken for it by every later upload."""
    try:
        target = Path(default_storage.path(path))
    except NotImplementedError:  # no local disk: object stores show an object only when it is complete
        default_storage.save(path, ContentFile(data))
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{uuid4().hex}.part")
    try:
        part.write_bytes(data)
        part.replace(target)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def open_blob(sha256: str) -> IO[bytes]:
    """Open a blob for reading; raise :class:`BlobMissing` when the storage lost it."""
    try:
        return default_storage.open(path_of(sha256), "rb")
    except FileNotFoundError as error:
        raise BlobMissing(sha256) from error


def read(sha256: str) -> bytes:
    """Return a blob's bytes."""
    with open_blob(sha256) as file:
        return file.read()


def check() -> None:
    """Write and read a probe; raise whatever the storage raises when it does not answer."""
    if read(put(_PROBE)) != _PROBE:
        raise BlobMissing("the probe came back changed")
