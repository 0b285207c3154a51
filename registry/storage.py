"""Content-addressed storage: a blob is kept under the SHA-256 of its bytes, through Django's storage API.

Putting the same bytes twice stores them once; a blob is never changed. Blobs are written before the row
that names them commits, so a crash can leave an unreferenced blob but never a row without its blob.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

#: Bytes that are read at a time where a whole file may be large.
CHUNK_BYTES = 1024 * 1024
#: Folder of all blobs.
_ROOT = "blobs"
#: Folder of what the health check writes and takes away; were it among the blobs, each check would leave two folders.
_PROBES = "probes"
#: Beginning of what it writes.
_PROBE = b"starword storage probe"


class BlobMissing(Exception):
    """The storage does not have a blob that a row names."""


def path_of(sha256: str) -> str:
    """Return the storage path of a blob; two levels of folders keep directories small."""
    return f"{_ROOT}/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def put(data: bytes) -> str:
    """Store ``data`` and return its SHA-256. A blob that is there already counts as new, so that no sweep takes it."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = path_of(sha256)
    target = _on_disk(path)
    if target is None:
        _write(path, data)
        return sha256
    try:
        os.utime(target)
        target.stat()  # a sweep may have moved it after its path was looked up and before its time was set
    except FileNotFoundError:
        _write(path, data)
    return sha256


def _on_disk(path: str) -> Path | None:
    """Where a storage path lies, None where the storage is no local disk."""
    try:
        return Path(default_storage.path(path))
    except NotImplementedError:
        return None


def _write(path: str, data: bytes) -> None:
    """Let a file appear whole or not at all: a part of a blob would be taken for it by every later upload.

    It is on the disk itself when this returns. The row that names it will be, and power may fail at any time.
    """
    target = _on_disk(path)
    if target is None:  # object stores show an object only when it is complete
        default_storage.save(path, ContentFile(data))
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{uuid4().hex}.part")
    try:
        part.write_bytes(data)
        _to_disk(part)
        part.replace(target)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    for folder in list(target.parents)[: path.count("/") + 1]:  # each may be new, and named by the next
        with suppress(OSError):  # some network file systems cannot do this with folders
            _to_disk(folder)


def _to_disk(path: Path) -> None:
    """Have the system write a file, or the names in a folder, out of its memory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_blob(sha256: str) -> IO[bytes]:
    """Open a blob for reading; raise :class:`BlobMissing` when the storage lost it."""
    try:
        return default_storage.open(path_of(sha256), "rb")
    except FileNotFoundError as error:
        raise BlobMissing(sha256) from error


def every_name(since: str = "") -> Iterator[str]:
    """Yield the name of every stored file from ``since`` on, in order: blobs, and parts that a crash has left behind."""
    for first in _folders(_ROOT):
        if first < since[:2]:
            continue
        for second in _folders(f"{_ROOT}/{first}"):
            if first + second >= since[:4]:
                names = sorted(default_storage.listdir(f"{_ROOT}/{first}/{second}")[1])
                yield from (name for name in names if name >= since)


def _folders(path: str) -> list[str]:
    try:
        return sorted(default_storage.listdir(path)[0])
    except FileNotFoundError:  # nothing was stored yet
        return []


def size_if_older(name: str, than: datetime) -> int:
    """Return the bytes of a stored file that was last put before ``than``; 0 where it is newer or gone."""
    path = path_of(name)
    try:
        return default_storage.size(path) if default_storage.get_modified_time(path) < than else 0
    except FileNotFoundError:
        return 0


def remove_if_older(name: str, than: datetime) -> int:
    """Remove a stored file that was last put before ``than``; return its bytes, 0 where it is newer or gone.

    On a disk it is moved away first, so that a blob put again at this moment is either seen as new or written anew.
    """
    target = _on_disk(path_of(name))
    if not (size := size_if_older(name, than)):
        return 0
    if target is None:
        default_storage.delete(path_of(name))
        return size
    away = target.with_name(f"{name[:64]}.{uuid4().hex}.part")
    try:
        target.rename(away)
    except FileNotFoundError:  # another sweep had it
        return 0
    if away.stat().st_mtime >= than.timestamp():
        away.replace(target)
        return 0
    away.unlink()
    return size


def read(sha256: str) -> bytes:
    """Return a blob's bytes."""
    with open_blob(sha256) as file:
        return file.read()


def hash_anew(sha256: str) -> tuple[str, int]:
    """Return the SHA-256 that a blob's bytes have now, and how many they are, without holding them all."""
    digest, size = hashlib.sha256(), 0
    with open_blob(sha256) as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def check() -> None:
    """Write a probe that was never there, read it and take it away; raise whatever the storage raises that does not answer."""
    probe, path = _PROBE + uuid4().bytes, f"{_PROBES}/{uuid4().hex}"
    _write(path, probe)
    try:
        with default_storage.open(path, "rb") as file:
            if file.read() != probe:
                raise BlobMissing("the probe came back changed")
    finally:
        default_storage.delete(path)
