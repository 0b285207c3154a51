"""A writer for the few pickle opcodes that a torch file of named tensors needs; the same input gives the same bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor, row-major, whose numbers are the record ``key``."""

    key: str
    shape: tuple[int, ...]
    half: bool = False  #: float16 instead of float32


#: What can be written: a number is one of 32 bits.
Value = None | int | str | Tensor | dict[str, "Value"]


def dumps(value: Value) -> bytes:
    """Return a protocol 2 stream, as ``torch.save`` writes it but without memo entries."""
    return b"\x80\x02" + _value(value) + b"."


def _value(value: Value) -> bytes:
    match value:
        case None:
            return b"N"
        case Tensor():
            return _tensor(value)
        case str():
            return _text(value)
        case int():
            return b"J" + struct.pack("<i", value)
        case dict():
            return b"}(" + b"".join(_text(name) + _value(item) for name, item in value.items()) + b"u"


def _text(value: str) -> bytes:
    raw = value.encode("utf-8")
    return b"X" + struct.pack("<I", len(raw)) + raw


def _numbers(values: Iterable[int]) -> bytes:
    return b"(" + b"".join(_value(value) for value in values) + b"t"


def _tensor(tensor: Tensor) -> bytes:
    """``_rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks)``; the storage is a persistent id."""
    stride: list[int] = []
    count = 1
    for side in reversed(tensor.shape):
        stride.insert(0, count)
        count *= side
    storage = (
        b"("
        + _text("storage")
        + (b"ctorch\nHalfStorage\n" if tensor.half else b"ctorch\nFloatStorage\n")
        + _text(tensor.key)
        + _text("cpu")
        + _value(count)
        + b"tQ"
    )
    hooks = b"ccollections\nOrderedDict\n)R"
    arguments = b"(" + storage + _value(0) + _numbers(tensor.shape) + _numbers(stride) + b"\x89" + hooks + b"t"
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"R"
