"""Raw numbers to float32 arrays, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.formats.errors import BadValues, Malformed

#: Bytes of one number, by safetensors type name.
ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named array as read: float32 values and the type they were stored in."""

    name: str
    values: np.ndarray
    dtype: str


def decode(data: bytes | memoryview, dtype: str, shape: tuple[int, ...], where: str) -> np.ndarray:
    """Return little-endian ``data`` as float32 of ``shape``.

    Raises ``Malformed`` where the sizes disagree, ``BadValues`` where a number is not finite.
    """
    count = 1
    for side in shape:
        count *= side
    if len(data) != count * ITEM_BYTES[dtype]:
        raise Malformed(
            "{where} has {count} bytes for {numbers} numbers of type {dtype}.",
            count=len(data),
            numbers=count,
            dtype=dtype,
            where=where,
        )
    if dtype == "BF16":
        # A bfloat16 is the upper half of a float32. Shifted in place, for memory is bounded.
        bits = np.frombuffer(data, "<u2").astype(np.uint32)
        bits <<= 16
        result = bits.view(np.float32).reshape(shape)
    else:
        values = np.frombuffer(data, {"F64": "<f8", "F32": "<f4", "F16": "<f2"}[dtype])
        with np.errstate(over="ignore", invalid="ignore"):
            result = np.ascontiguousarray(values.astype(np.float32).reshape(shape))
    if not np.isfinite(result).all():
        raise BadValues(
            "{where} holds numbers that are not finite (NaN or infinity); the training that made it diverged.",
            where=where,
        )
    return result
