"""From what a torch pickle says to arrays: views are checked against their storages before a number is read."""

from __future__ import annotations

from registry.formats.errors import Malformed, TooLarge
from registry.formats.limits import MAX_NUMBERS, MAX_TENSORS
from registry.formats.names import listed
from registry.formats.pickle_records import TensorRef
from registry.formats.tensors import ITEM_BYTES, Tensor, decode


def tensors(values: dict[str, TensorRef], records: dict[str, bytes]) -> list[Tensor]:
    """Return the tensors of a dictionary of names and views, in order. Raises ``Malformed`` or ``TooLarge``.

    ``records`` are the storages by key, each as long as it should be. Views may overlap, so a small file could ask for
    very many numbers: they are counted before any is read.
    """
    if len(values) > MAX_TENSORS:
        raise TooLarge(
            "The file holds {count} tensors; an embedding has at most {limit}.",
            count=len(values),
            limit=MAX_TENSORS,
            where=listed(values),
        )
    if sum(_count(name, view) for name, view in values.items()) > MAX_NUMBERS:
        raise TooLarge(
            "The file's tensors have more than {limit} numbers together; an embedding's have fewer.",
            limit=MAX_NUMBERS,
            where=listed(values),
        )
    return [_read(name, view, records) for name, view in values.items()]


def _count(name: str, view: TensorRef) -> int:
    """How many numbers a view has. Only plain row-major views inside their storage are let through."""
    storage = view.storage
    if storage.dtype not in ITEM_BYTES:
        raise Malformed("{where!r} holds whole numbers; an embedding holds fractions.", where=name)
    count = 1
    stride: list[int] = []
    for side in reversed(view.shape):
        stride.insert(0, count)
        count *= side
    # A side of one may carry any stride.
    plain = all(a == b or side == 1 for a, b, side in zip(view.stride, stride, view.shape, strict=True))
    if not plain or not view.shape or count < 1:
        raise Malformed("{where!r} is an unusual view of its numbers.", where=name)
    if view.offset + count > storage.count:
        raise Malformed("{where!r} reaches beyond its stored numbers.", where=name)
    return count


def _read(name: str, view: TensorRef, records: dict[str, bytes]) -> Tensor:
    dtype = view.storage.dtype
    item = ITEM_BYTES[dtype]
    start, end = view.offset * item, (view.offset + _count(name, view)) * item
    return Tensor(name, decode(records[view.storage.key][start:end], dtype, view.shape, name), dtype)
