"""Changes that get past checksums and lengths: the inside of a container is changed, and the outside made right again.

A change of single bytes alone hardly ever passes a CRC, so the readers behind it would never see anything new.
"""

from __future__ import annotations

import base64
import binascii
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

from registry.formats import png, torch_legacy, torch_zip, webp
from tests.fuzz.target import FRAME, frame, unframe
from tests.registry.formats import builders as make

#: Takes bytes and the most that it may return.
Mutate = Callable[[bytes, int], bytes]
#: How often the bytes are changed wherever they are.
_PLAIN = 0.2
#: Bytes that a packed part of a picture may have when it is unpacked to be changed.
_MAX_UNPACKED = 256 * 1024


def structured(data: bytes, max_size: int, seed: int, mutate: Mutate) -> bytes:
    """Return ``data`` changed by ``mutate`` in one place, at most ``max_size`` long."""
    chance = random.Random(seed)
    if chance.random() >= _PLAIN:
        try:
            changed = _inside(data, max_size, chance, mutate)
        except Exception:  # bent already, beyond what zipfile and others can take apart
            changed = None
        if changed is not None and len(changed) <= max_size:
            return changed
    return mutate(data, max_size)


def _inside(data: bytes, max_size: int, chance: random.Random, mutate: Mutate) -> bytes | None:
    if data.startswith(FRAME):
        files = unframe(data)
        at = chance.randrange(len(files))
        name, content = files[at]
        if chance.random() < 0.2:
            files[at] = (mutate(name.encode(), 64).decode("utf-8", "replace"), content)
        else:
            files[at] = (name, structured(content, max_size, chance.randrange(2**32), mutate))
        return frame(files)
    if torch_zip.looks_like(data):
        return _zip(data, chance, mutate)
    if png.looks_like(data):
        return _png(data, chance, mutate)
    if webp.looks_like(data):
        return _webp(mutate(data[12:], max_size))
    if torch_legacy.looks_like(data):
        return data[:14] + mutate(data[14:], max_size)
    length = int.from_bytes(data[:8], "little")
    if length < len(data):
        return make.safetensors_raw(mutate(data[8 : 8 + length], 16 * 1024), data[8 + length :])
    return None


def _zip(data: bytes, chance: random.Random, mutate: Mutate) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        records = [(info.filename, archive.read(info)) for info in archive.infolist() if not info.compress_type]
    pickles = [at for at, (name, _) in enumerate(records) if name.endswith("data.pkl")]
    at = pickles[0] if pickles and chance.random() < 0.8 else chance.randrange(len(records))
    name, content = records[at]
    if chance.random() < 0.05:
        records[at] = (mutate(name.encode(), 64).decode("utf-8", "replace"), content)
    else:
        records[at] = (name, mutate(content, 64 * 1024))
    built = make.Zip({})
    streamed = chance.random() < 0.5
    for name, content in records:
        built.add(name, content, streamed=streamed)
    return built.bytes()


def _png(data: bytes, chance: random.Random, mutate: Mutate) -> bytes:
    chunks, at = [], 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    at = chance.randrange(len(chunks))
    kind, content = chunks[at]
    if kind == b"zTXt" and chance.random() < 0.6:
        keyword, _, packed = content.partition(b"\0")
        raw = zlib.decompressobj().decompress(packed[1:], _MAX_UNPACKED)
        content = keyword + b"\0\0" + zlib.compress(mutate(raw, _MAX_UNPACKED), 1)
    elif kind == b"tEXt" and chance.random() < 0.8:
        keyword, _, text = content.partition(b"\0")
        try:
            content = keyword + b"\0" + base64.b64encode(mutate(base64.b64decode(text), 32 * 1024))
        except binascii.Error:
            content = mutate(content, 32 * 1024)
    elif kind == b"IDAT" and chance.random() < 0.7:
        content = zlib.compress(mutate(zlib.decompressobj().decompress(content, _MAX_UNPACKED), _MAX_UNPACKED), 1)
    else:
        content = mutate(content, 32 * 1024)
    chunks[at] = (kind, content)
    if chance.random() < 0.1:
        chunks.insert(chance.randrange(len(chunks)), chance.choice(chunks))
    body = (
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return data[:8] + b"".join(body)


def _webp(chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks
