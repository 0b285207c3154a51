"""The hashes by which tools know an embedding file, and the one by which we know its numbers."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence

import numpy as np

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


def ti_hash(data: bytes) -> str:
    """The hash in A1111's "TI hashes": the first 12 digits of the SHA-256 of the whole file, header included."""
    return sha256(data)[:SHORT_DIGITS]


def autov3(data: bytes) -> str:
    """The first 12 digits of the SHA-256 of a safetensors file without its header; "" where ``data`` is none.

    Other tools compute it for other files too, over bytes that mean nothing; those values are never looked up.
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 9 or data[8:9] != b"{" or 8 + length > len(data):
        return ""
    return hashlib.sha256(data[8 + length :]).hexdigest()[:SHORT_DIGITS]


def crc32(data: bytes) -> str:
    """CRC-32 of the whole file, 8 hexadecimal digits, most significant first."""
    return f"{zlib.crc32(data):08x}"


def checksum16(vectors: np.ndarray) -> str:
    """A1111's own checksum of vectors float32 [n, d], 4 hexadecimal digits: a weak hint that survives conversion."""
    value = 0
    for number in (np.asarray(vectors, dtype=np.float32).reshape(-1) * np.float32(100)).tolist():
        value = ((value * 281) ^ (int(number) * 997)) & 0xFFFFFFFF
    return f"{value & 0xFFFF:04x}"


def digest(encoders: Sequence[Encoder]) -> str:
    """SHA-256 of the float32 numbers alone, little-endian, text encoders in the order of their names.

    Equal for equal vectors, whatever file they came in.
    """
    running = hashlib.sha256()
    for encoder in sorted(encoders, key=lambda encoder: encoder.name):
        running.update(np.ascontiguousarray(encoder.vectors, dtype="<f4").tobytes())
    return running.hexdigest()
