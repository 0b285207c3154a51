"""The archive of a person's data: one JSON file for each table, the stored files, and a list of their hashes.

It is written while it is sent, a piece of a file at a time, so that neither memory nor disk holds it whole.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from django.core.cache import cache
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.text import slugify

import hub.webhooks.own_data
import registry.own_data
import training.own_data
from hub.accounts import own_data as accounts
from hub.accounts.models import User
from registry import storage

#: Seconds between two archives of one account: each reads everything that it stores.
SECONDS_BETWEEN = 60 * 60
#: Extensions by how files of the storage begin; safetensors begin with a length and an opening brace.
_KINDS = ((b"\x89PNG", "png"), (b"RIFF", "webp"), (b"\xff\xd8\xff", "jpg"))

README = """This is what the hub kept about the account {login} on {date}.

data/…json      one file for each kind of thing: the account, embeddings, versions, likes, collections, jobs and the rest
files/…         the stored files; a number in a name is the "id" of the row in the JSON file of that kind
manifest.json   every file with its size and SHA-256; "missing" names what the hub's storage has lost

Secrets are left out: your password, the tokens themselves, the keys of second factors and sessions.
"""


class _Pipe(io.RawIOBase):
    """Takes what the archive writes until somebody takes it away."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def claim(user: User) -> bool:
    """Say whether the account may have an archive now, and remember that it had."""
    return cache.add(f"own-data-{user.pk}", True, SECONDS_BETWEEN)


def filename(user: User) -> str:
    """What the archive is called."""
    return f"starword-{slugify(user.username)}-{timezone.now():%Y-%m-%d}.zip"


def archive(user: User) -> Iterator[bytes]:
    """Yield the bytes of the archive. What the rows say is read at once, files when it is their turn."""
    documents = {f"data/{table.name}.json": _json(table.rows()) for table in tables(user)}
    stored = list(registry.own_data.files(user))
    return _written(user, documents, stored)


def tables(user: User) -> list[accounts.Table]:
    """What every app keeps of a person."""
    apps = (accounts, hub.webhooks.own_data, registry.own_data, training.own_data)
    return [table for app in apps for table in app.tables(user)]


def _json(value: Any) -> bytes:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1).encode()


def _written(user: User, documents: dict[str, bytes], stored: list[registry.own_data.StoredFile]) -> Iterator[bytes]:
    pipe, listed, missing = _Pipe(), [], []
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("README.txt", README.format(login=user.username, date=f"{timezone.now():%Y-%m-%d}"))
        for path, data in documents.items():
            packed.writestr(path, data)
            listed.append({"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()})
            yield pipe.take()
        for file in stored:
            try:
                with storage.open_blob(file.blob) as source:
                    yield from _copy(packed, pipe, file.place, source, listed)
            except storage.BlobMissing:
                missing.append({"path": file.place, "sha256": file.blob})
        packed.writestr("manifest.json", _json({"files": listed, "missing": missing}))
    yield pipe.take()


def _copy(
    packed: zipfile.ZipFile, pipe: _Pipe, place: str, source: IO[bytes], listed: list[dict[str, Any]]
) -> Iterator[bytes]:
    """Put a stored file into the archive as it is (none gets smaller by packing) and into the list."""
    piece = source.read(storage.CHUNK_BYTES)
    path = f"{place}.{_extension(piece)}"
    digest, size = hashlib.sha256(), 0
    with packed.open(zipfile.ZipInfo(path, timezone.now().timetuple()[:6]), "w") as target:
        while piece:
            target.write(piece)
            digest.update(piece)
            size += len(piece)
            yield pipe.take()
            piece = source.read(storage.CHUNK_BYTES)
    listed.append({"path": path, "size": size, "sha256": digest.hexdigest()})


def _extension(beginning: bytes) -> str:
    known = next((name for start, name in _KINDS if beginning.startswith(start)), None)
    return known or ("safetensors" if beginning[8:9] == b"{" else "bin")
