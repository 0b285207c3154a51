"""Files on this machine: names that are safe, downloads that go on where they stopped, hashes that are checked."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import httpx

from starword.errors import BadAnswer, HashMismatch, StarwordError, Unreachable
from starword.models import File
from starword.transport import TRIES, Transport, unreachable

#: What embedding files are called. A hub has no reason to send anything else, such as a program.
EXTENSIONS = (".safetensors", ".pt", ".bin", ".zip")
#: Bytes of a file; a hub takes uploads of up to 16 MiB and writes the same numbers.
MAX_FILE_BYTES = 64 * 1024 * 1024
_MAX_STEM_CHARACTERS = 120
#: Characters that mean something to a file system, a shell or a tool's prompt.
_RISKY = re.compile(r'[\s<>:"/\\|?*\'`$&;(){}\[\],=^!#%~]+')
#: Names that mean a device on Windows, whatever follows a dot.
_DEVICE = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)", re.IGNORECASE)
_SHA256 = re.compile(r"[0-9a-f]{64}")

#: Told how many bytes there are of how many.
Progress = Callable[[int, int], None]


def safe_stem(name: str) -> str:
    """Return a name without folders, control characters and what systems take for something else; "" where nothing is left."""
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in last)
    plain = _RISKY.sub("-", unicodedata.normalize("NFC", seen)).strip("-. ")[:_MAX_STEM_CHARACTERS].rstrip("-. ")
    return _DEVICE.sub(r"\1-word", plain)


def safe_name(name: str) -> str:
    """Return a file name of a hub as it is used here. Raises ``BadAnswer`` for one that no embedding has."""
    stem, dot, extension = name.rpartition(".")
    if f"{dot}{extension}".lower() not in EXTENSIONS or not (plain := safe_stem(stem)):
        raise BadAnswer("bad_name", f"The hub calls a file {name[:200]!r}, which is no name of an embedding.")
    return f"{plain}{dot}{extension.lower()}"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(
    transport: Transport,
    path: str,
    asked: Mapping[str, Any],
    file: File,
    target: Path,
    *,
    replace: bool = False,
    progress: Progress | None = None,
) -> bool:
    """Download ``file`` to ``target`` and check its hash; False where it was there already.

    Until the hash is right the bytes are in a ``.part`` beside it, which the next call goes on from. Raises
    ``HashMismatch``, and ``StarwordError`` where another file is in the way and ``replace`` is not set.
    """
    if not _SHA256.fullmatch(file.sha256) or not 0 < file.size <= MAX_FILE_BYTES:
        raise BadAnswer("bad_answer", f"The hub says that {file.filename[:200]!r} has {file.size} bytes or no hash.")
    if target.is_file() and sha256_of(target) == file.sha256:
        return False
    if (target.exists() or target.is_symlink()) and not replace:
        message = f"{target} is there already, and is another file. Move it away, or use --force to replace it."
        raise StarwordError("in_the_way", message)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{file.sha256[:8]}.part")
    went_on = part.exists()
    try:
        _complete(transport, path, asked, file, part, progress)
    except OSError as error:
        error.filename = error.filename or str(part)  # a full disk does not say of which file
        raise
    if sha256_of(part) != file.sha256:
        part.unlink()
        if not went_on:
            message = f"{target.name} arrived with another SHA-256 than the hub says. Nothing was kept; try again."
            raise HashMismatch("hash_mismatch", message)
        return fetch(transport, path, asked, file, target, replace=replace, progress=progress)
    part.replace(target)
    return True


def _complete(
    transport: Transport, path: str, asked: Mapping[str, Any], file: File, part: Path, progress: Progress | None
) -> None:
    """Bring a ``.part`` to its full size, over several connections where they break but bring something."""
    with part.open("ab") as out:
        for left in reversed(range(TRIES)):
            had = out.seek(0, os.SEEK_END)
            try:
                return _append(transport, path, asked, file, out, progress)
            except Unreachable:
                if not left or out.tell() <= had:
                    raise


def _append(
    transport: Transport, path: str, asked: Mapping[str, Any], file: File, out: IO[bytes], progress: Progress | None
) -> None:
    """Add what is missing, by one request. A hub that knows no ranges, or has other bytes now, sends all of it."""
    have = out.seek(0, os.SEEK_END)
    if have >= file.size:
        return
    headers = {"Range": f"bytes={have}-", "If-Range": f'"{file.sha256}"'} if have else {}
    with closing(transport.open(path, asked, headers)) as answer:
        if answer.status_code != 206:
            have = out.truncate(0)  # opened for appending: what is written next is at the beginning
        elif not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            raise BadAnswer("bad_answer", "The hub sent another part of the file than was asked for.")
        try:
            for chunk in answer.iter_raw():
                # One byte more than there should be is enough to show that the hash is wrong.
                have += out.write(chunk[: file.size + 1 - have])
                out.flush()  # what came is kept, whatever ends this program
                if progress:
                    progress(min(have, file.size), file.size)
                if have > file.size:
                    return
        except httpx.TransportError as error:
            raise unreachable(transport.access.url, error) from error
        if have < file.size:
            raise Unreachable("cut_off", f"The connection ended after {have} of {file.size} bytes.")
