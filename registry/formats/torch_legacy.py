"""The container of ``torch.save`` before version 1.6: five pickles in a row, then each storage's numbers."""

from __future__ import annotations

from typing import Any

from registry.formats import pickled
from registry.formats.errors import Malformed, Truncated

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
#: How the first pickle, which holds the magic number, begins.
_START = b"\x80\x02\x8a\n" + _MAGIC.to_bytes(10, "little")


def looks_like(data: bytes) -> bool:
    """Whether the bytes begin with torch's magic number as a pickle."""
    return data.startswith(_START)


def read(data: bytes) -> tuple[Any, dict[str, bytes]]:
    """Return the object and the raw numbers of its storages by key. Raises a ``FormatError``."""
    magic, at, _ = pickled.read(data)
    protocol, at, _ = pickled.read(data, at)
    system, at, _ = pickled.read(data, at)
    if (
        magic != _MAGIC
        or protocol != _PROTOCOL
        or not isinstance(system, dict)
        or system.get("little_endian") is not True
    ):
        raise Malformed("The file does not begin as a torch file does.", where="offset 0")
    value, at, known = pickled.read(data, at)
    keys, at, _ = pickled.read(data, at)
    if not isinstance(keys, list) or not all(type(key) is str for key in keys) or sorted(keys) != sorted(known):
        raise Malformed("The file's list of storages does not match its tensors.", where=f"offset {at}")
    records: dict[str, bytes] = {}
    for key in keys:
        storage = known[key]
        if at + 8 + storage.size > len(data):
            raise Truncated(
                "The file ends before its numbers do; it was not downloaded whole.",
                where=f"offset {len(data)}",
            )
        if int.from_bytes(data[at : at + 8], "little") != storage.count:
            raise Malformed("The storage {key} does not have the size it should.", key=key[:60], where=f"offset {at}")
        records[key] = data[at + 8 : at + 8 + storage.size]
        at += 8 + storage.size
    if at < len(data):
        raise Malformed("{count} bytes follow the last number.", count=len(data) - at, where=f"offset {at}")
    return value, records
