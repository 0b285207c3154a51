"""The container of ``torch.save`` before version 1.6: five pickles in a row, then each storage's numbers."""

from __future__ import annotations

from typing import Any

from registry.formats import pickled
from registry.formats.errors import Malformed, Truncated
from registry.formats.pickle_records import StorageRef, TensorRef

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
#: How the first pickle, which holds the magic number, begins.
_START = b"\x80\x02\x8a\n" + _MAGIC.to_bytes(10, "little")
_ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8}


def looks_like(data: bytes) -> bool:
    """Whether the bytes begin with torch's magic number as a pickle."""
    return data.startswith(_START)


def _storages(value: Any) -> dict[str, StorageRef]:
    """Return the storages that an object's tensors use. Objects may hold themselves, and lie deep."""
    found: dict[str, StorageRef] = {}
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        match item:
            case TensorRef(storage=storage):
                if found.setdefault(storage.key, storage) != storage:
                    raise Malformed(f"The file describes the storage {storage.key[:60]} in two ways.", where="storages")
            case dict():
                waiting.extend(item.values())
            case list() | tuple():
                waiting.extend(item)
    return found


def read(data: bytes) -> tuple[Any, dict[str, bytes]]:
    """Return the object and the raw numbers of its storages by key. Raises a ``FormatError``."""
    magic, at = pickled.read(data)
    protocol, at = pickled.read(data, at)
    system, at = pickled.read(data, at)
    if (
        magic != _MAGIC
        or protocol != _PROTOCOL
        or not isinstance(system, dict)
        or system.get("little_endian") is not True
    ):
        raise Malformed("The file does not begin as a torch file does.", where="offset 0")
    value, at = pickled.read(data, at)
    keys, at = pickled.read(data, at)
    known = _storages(value)
    if not isinstance(keys, list) or not all(type(key) is str for key in keys) or sorted(keys) != sorted(known):
        raise Malformed("The file's list of storages does not match its tensors.", where=f"offset {at}")
    records: dict[str, bytes] = {}
    for key in keys:
        storage = known[key]
        size = storage.count * _ITEM_BYTES[storage.dtype]
        if at + 8 + size > len(data):
            raise Truncated(
                "The file ends before its numbers do; it was not downloaded whole.",
                where=f"offset {len(data)}",
            )
        if int.from_bytes(data[at : at + 8], "little") != storage.count:
            raise Malformed(f"The storage {key[:60]} does not have the size it should.", where=f"offset {at}")
        records[key] = data[at + 8 : at + 8 + size]
        at += 8 + size
    if at < len(data):
        raise Malformed(f"{len(data) - at} bytes follow the last number.", where=f"offset {at}")
    return value, records
