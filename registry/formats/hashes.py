"""The hashes by which tools know an embedding file, and the one by which we know its numbers."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from blake3 import blake3

from registry.formats.types import Encoder

#: Hexadecimal digits that Civitai and A1111 show of a file's SHA-256 (AutoV2).
AUTOV2_DIGITS = 10
#: Digits of AutoV3, and of the hashes that A1111 writes into a picture's "TI hashes".
SHORT_DIGITS = 12


def sha256(data: bytes) -> str:
    """SHA-256 of the whole file, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def autov2(data: bytes) -> str:
    """Civitai's AutoV2 and A1111's model hash: the first 10 digits of the SHA-256."""
    return sha256(data)[:AUTOV2_DIGITS]


def autov3(data: bytes) -> str:
    """The first 12 digits of the SHA-256 of a safetensors file without its header; "" where ``data`` is none.

    Other tools compute it for other files too, over bytes that mean nothing; those values are never looked up.
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 9 or data[8:9] != b"{" or 8 + length > len(data):
        return ""
    return hashlib.sha256(data[8 + length :]).hexdigest()[:SHORT_DIGITS]


def blake3_hex(data: bytes) -> str:
    """BLAKE3 of the whole file, 64 hexadecimal digits: InvokeAI's model id after ``blake3:``."""
    return blake3(data).hexdigest()


def crc32(data: bytes) -> str:
    """CRC-32 of the whole file, 8 hexadecimal digits, most significant first."""
    return f"{zlib.crc32(data):08x}"


def checksum16(vectors: np.ndarray) -> str:
    """A1111's own checksum of vectors float32 [n, d], 4 hexadecimal digits: a weak hint that survives conversion.

    Empty where A1111 has none either: a hundred times such a number is beyond float32.
    """
    with np.errstate(over="ignore"):
        hundredfold = np.asarray(vectors, dtype=np.float32).reshape(-1) * np.float32(100)
    if not np.isfinite(hundredfold).all():
        return ""
    value = 0
    for number in hundredfold.tolist():
        value = ((value * 281) ^ (int(number) * 997)) & 0xFFFFFFFF
    return f"{value & 0xFFFF:04x}"


def digest(encoders: Sequence[Encoder]) -> str:
    """SHA-256 of the vectors alone, text encoders in the order of their names: of each n and d, then the float32 numbers.

    n and d are 32-bit whole numbers, all is little-endian. Equal for equal vectors, whatever file they came in; of four
    vectors of 768 numbers and three of 1,024 that are the same 3,072 numbers in a row it is not.
    """
    running = hashlib.sha256()
    for encoder in sorted(encoders, key=lambda encoder: encoder.name):
        running.update(struct.pack("<II", *encoder.shape))
        running.update(np.ascontiguousarray(encoder.vectors, dtype="<f4").tobytes())
    return running.hexdigest()


@dataclass(frozen=True, slots=True)
class FileHashes:
    """Every hash by which a file may be known; each is lower-case hexadecimal."""

    sha256: str
    autov3: str  #: "" where the file is no safetensors file
    blake3: str
    crc32: str
    checksum16: str  #: "" where A1111 has none: for several text encoders, and for numbers near the end of float32

    @property
    def autov2(self) -> str:
        """The first 10 digits of the SHA-256."""
        return self.sha256[:AUTOV2_DIGITS]


def of_file(data: bytes, encoders: Sequence[Encoder]) -> FileHashes:
    """Return the hashes of a file, and of the vectors that are in it."""
    return FileHashes(
        sha256=sha256(data),
        autov3=autov3(data),
        blake3=blake3_hex(data),
        crc32=crc32(data),
        checksum16=checksum16(encoders[0].vectors) if len(encoders) == 1 else "",
    )


#: Hashes of nothing, which tools write when they could not read a file: they stand for no embedding.
EMPTY = frozenset({sha256(b""), blake3_hex(b""), crc32(b"")})
