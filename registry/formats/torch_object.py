"""From what a torch pickle says to arrays: views are checked against their storages before a number is read."""

from __future__ import annotations

from typing import Any

from registry.formats import pickled
from registry.formats.errors import Malformed
from registry.formats.tensors import ITEM_BYTES, Tensor, decode


def array(name: str, view: pickled.TensorRef, records: dict[str, bytes]) -> Tensor:
    """Return a view's numbers. Only plain row-major views inside their storage are read."""
    storage = view.storage
    if storage.key not in records:
        raise Malformed(f"The numbers of {name!r} are missing.", where=name)
    if storage.dtype not in ITEM_BYTES:
        raise Malformed(f"{name!r} holds whole numbers; an embedding holds fractions.", where=name)
    count, stride = 1, []
    for side in reversed(view.shape):
        stride.insert(0, count)
        count *= side
    # A side of one may carry any stride.
    plain = all(a == b or side == 1 for a, b, side in zip(view.stride, stride, view.shape, strict=True))
    if not plain or not view.shape or count < 1:
        raise Malformed(f"{name!r} is an unusual view of its numbers.", where=name)
    item = ITEM_BYTES[storage.dtype]
    raw = records[storage.key]
    if len(raw) != storage.count * item or view.offset + count > storage.count:
        raise Malformed(f"{name!r} reaches beyond its stored numbers.", where=name)
    return Tensor(
        name,
        decode(raw[view.offset * item : (view.offset + count) * item], storage.dtype, view.shape, name),
        storage.dtype,
    )


def tensors(values: dict[Any, Any], records: dict[str, bytes]) -> list[Tensor]:
    """Return the tensors of a dictionary of names and views, in order."""
    return [
        array(str(name), view, records)
        for name, view in values.items()
        if isinstance(view, pickled.TensorRef)
    ]
