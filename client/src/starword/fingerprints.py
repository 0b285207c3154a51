"""By which hashes a hub may know a local file, and what a picture says that it was made with."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from starword.files import MAX_FILE_BYTES, sha256_of

PNG = b"\x89PNG\r\n\x1a\n"
#: Under which tools keep their text in a PNG: A1111 and its like, then ComfyUI.
_KEYWORDS = ("parameters", "prompt", "workflow")
#: Characters that a hub reads.
MAX_TEXT = 262_144
#: Names of the tensors of an embedding with two text encoders, as the digest takes them.
_TWO = ["clip_g", "clip_l"]
#: Numbers of an embedding; thousands of vectors would be fewer.
_MAX_NUMBERS = 2_000_000


def hashes_of(path: Path) -> Iterator[str]:
    """Hashes to look a file up by, the surest first: SHA-256, AutoV3, the digest of its numbers.

    The last two survive that a tool wrote something into the header, or saved the file in another dtype.
    """
    yield sha256_of(path)
    if not 9 <= path.stat().st_size <= MAX_FILE_BYTES:
        return
    data = path.read_bytes()
    body = 8 + int.from_bytes(data[:8], "little")
    if data[8:9] != b"{" or body > len(data):
        return
    yield hashlib.sha256(data[body:]).hexdigest()[:12]
    if digest := _digest(data[8:body], data[body:]):
        yield digest


def _digest(header: bytes, numbers: bytes) -> str:
    """SHA-256 of the shapes and numbers as float32 (see the hub's docs/api.md); "" for a layout that is not plain."""
    try:
        tensors = {name: told for name, told in json.loads(header).items() if name != "__metadata__"}
        names = sorted(tensors)
        if len(names) != 1 and names != _TWO:
            return ""
        running = hashlib.sha256()
        for name in names:
            begin, end = tensors[name]["data_offsets"]
            *rows, width = tensors[name]["shape"]
            running.update(struct.pack("<II", *(rows or [1]), width))
            running.update(_as_float32(numbers[begin:end], tensors[name]["dtype"]))
        return running.hexdigest()
    except (ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError):
        return ""


def _as_float32(raw: bytes, dtype: str) -> bytes:
    """Little-endian numbers as float32; ``ValueError`` for other dtypes."""
    match dtype:
        case "F32":
            return raw
        case "F16" if len(raw) <= 2 * _MAX_NUMBERS:
            count = len(raw) // 2
            return struct.pack(f"<{count}f", *struct.unpack(f"<{count}e", raw))
        case "BF16":  # the upper half of a float32
            wide = bytearray(2 * len(raw))
            wide[2::4], wide[3::4] = raw[0::2], raw[1::2]
            return bytes(wide)
    raise ValueError(dtype)


def text_of_picture(path: Path) -> str:
    """The text of a PNG that tells how it was made; "" where it has none, or is no PNG."""
    with path.open("rb") as file:
        if file.read(len(PNG)) != PNG:
            return ""
        data = file.read(MAX_FILE_BYTES)
    found = dict(_texts(data))
    return next((found[key] for key in _KEYWORDS if key in found), "")[:MAX_TEXT]


def _texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Keyword and text of each text chunk after a PNG's signature; ends where the file makes no sense."""
    at = 0
    while at + 12 <= len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        keyword, _, rest = body.partition(b"\0")
        name = keyword.decode("latin-1")
        try:
            if kind == b"tEXt":
                yield name, rest.decode("latin-1")
            elif kind == b"zTXt":
                yield name, _inflated(rest[1:]).decode("latin-1")
            elif kind == b"iTXt":
                *_, text = rest[2:].split(b"\0", 2)
                yield name, (_inflated(text) if rest[:1] == b"\1" else text).decode("utf-8", "replace")
        except zlib.error:
            pass
        at += 12 + size


def _inflated(data: bytes) -> bytes:
    return zlib.decompressobj().decompress(data, 4 * MAX_TEXT)
