"""The zip container of ``torch.save``: a pickle and one record of raw numbers for each storage, all stored plainly.

The reader trusts no zip library: scanners have been led astray by archives whose two directories disagree.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any

from registry.formats import pickled
from registry.formats.errors import Malformed, TooLarge, Truncated
from registry.formats.limits import MAX_NAME_CHARACTERS, MAX_RECORDS
from registry.formats.pickle_records import StorageRef
from registry.formats.sentences import gettext_noop

_LOCAL, _CENTRAL, _END, _END64, _LOCATOR64 = b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7"
_NAME = re.compile(
    r"(?P<prefix>[^/]+)/(?P<record>data\.pkl|version|byteorder|\.format_version|\.storage_alignment"
    r"|data/[0-9]+|\.data/serialization_id)"
)
#: What torch says in records beside the pickle and the numbers: versions, an alignment, a checksum of all in digits.
_REMARKS = {
    **dict.fromkeys(("version", ".format_version", ".storage_alignment"), re.compile(rb"[0-9]{1,4}\n?")),
    "byteorder": re.compile(rb"little"),
    ".data/serialization_id": re.compile(rb"[0-9]{1,64}"),
}
#: The only extra field that torch writes, before a record's numbers: padding, so that they begin at a round offset.
_PADDING = re.compile(rb"FB(..)(Z*)", re.DOTALL)
#: What torch calls the folder when it knows no name.
_PLAIN_FOLDER = "archive"
#: General purpose flags that torch sets: bit 3, sizes follow the data; bit 11, names are UTF-8.
_ALLOWED_FLAGS = 0x0808
#: What is told where the archive ends inside one of its parts.
_CUT_OFF = {
    "directory": gettext_noop("The archive ends inside its directory; it was not downloaded whole."),
    "record": gettext_noop("The archive ends inside its record; it was not downloaded whole."),
    "end record": gettext_noop("The archive ends inside its end record; it was not downloaded whole."),
    "zip64 locator": gettext_noop("The archive ends inside its zip64 locator; it was not downloaded whole."),
    "zip64 record": gettext_noop("The archive ends inside its zip64 record; it was not downloaded whole."),
}
#: How far before the end of a zip archive its end record may begin.
_MAX_COMMENT_BYTES = 0xFFFF


def looks_like(data: bytes) -> bool:
    """Whether the bytes begin as a zip archive does."""
    return data[:4] == _LOCAL


def folder(data: bytes) -> tuple[tuple[str, str], ...]:
    """The folder that a checked archive's records are under, where it tells what the file was first saved as."""
    size = int.from_bytes(data[26:28], "little")
    name = data[30 : 30 + size].decode("utf-8", "replace").split("/")[0]
    return () if name == _PLAIN_FOLDER else (("folder inside the file", name),)


def _unpack(layout: str, data: bytes, at: int, part: str) -> tuple[int, ...]:
    if at < 0 or at + struct.calcsize(layout) > len(data):
        raise Truncated(_CUT_OFF[part], where=f"offset {at}")
    return struct.unpack_from(layout, data, at)


def read(data: bytes) -> tuple[Any, dict[str, bytes]]:
    """Return the object and the raw numbers of its storages by key. Nothing may be there that is not read.

    Raises a ``FormatError``.
    """
    records = stored(data, _NAME)
    if "data.pkl" not in records:
        raise Malformed("The archive holds no data.pkl; it was not written by torch.", where="directory")
    if records.get("byteorder") == b"big":
        raise Malformed("The archive was written on a big-endian machine.", where="byteorder")
    stream = pickled.read(records["data.pkl"])
    if stream.end != len(records["data.pkl"]):
        raise Malformed(
            "{count} bytes follow the end of the pickle.", count=len(records["data.pkl"]) - stream.end, where="data.pkl"
        )
    for name, content in records.items():
        if name in _REMARKS and not _REMARKS[name].fullmatch(content):
            raise Malformed("The record {where!r} says what torch never writes there.", where=name)
    numbers = {name.removeprefix("data/"): raw for name, raw in records.items() if name.startswith("data/")}
    for key in sorted(numbers.keys() | stream.storages.keys()):
        _check_storage(key, numbers, stream.storages)
    return stream.value, numbers


def _check_storage(key: str, numbers: dict[str, bytes], storages: dict[str, StorageRef]) -> None:
    """Raise ``Malformed`` for a record that no tensor has, and for a storage without its record or of another size."""
    where = f"data/{key}"
    if key not in storages:
        raise Malformed("The archive holds numbers that no tensor has, in {name!r}.", name=where[:80], where=where)
    if key not in numbers:
        raise Malformed("The numbers of the storage {key!r} are missing.", key=key[:60], where=where)
    if len(numbers[key]) != storages[key].size:
        raise Malformed(
            "The storage {key!r} should have {size} bytes and has {count}.",
            key=key[:60],
            size=storages[key].size,
            count=len(numbers[key]),
            where=where,
        )


def stored(data: bytes, names: re.Pattern[str]) -> dict[str, bytes]:
    """Return the records of an archive, each stored plainly and once, all of them under one prefix.

    ``names`` has the groups ``prefix`` and ``record`` and fits all that may be there. Raises a ``FormatError``.
    """
    directory, directory_end, count = _directory(data)
    if count > MAX_RECORDS:
        raise TooLarge(
            "The archive has {numbers} records; an embedding's has at most {limit}.",
            numbers=count,
            limit=MAX_RECORDS,
            where="directory",
        )
    records: dict[str, bytes] = {}
    prefixes: set[str] = set()
    at, expected = directory, 0
    for _ in range(count):
        record, at, offset, end = _entry(data, at, names, prefixes, records)
        if offset != expected:
            raise Malformed("The archive's records do not follow each other.", where=record)
        expected = end
    if at != directory_end or expected != directory:
        raise Malformed("The archive holds bytes that its directory does not name.", where="directory")
    return records


def _directory(data: bytes) -> tuple[int, int, int]:
    """Return start, end and entry count of the central directory; the end record closes the file, without a comment."""
    end = len(data) - 22
    if end < 0 or data[end : end + 4] != _END:
        if data.rfind(_END, max(0, end - _MAX_COMMENT_BYTES), max(0, end + 4)) >= 0:
            raise Malformed(
                "Bytes follow the archive's end record, or it has a comment; an embedding's has neither.",
                where="end",
            )
        raise Truncated("The archive ends before its end record; it was not downloaded whole.", where="end")
    _, disk, start_disk, here, count, size, start, comment = _unpack("<4sHHHHIIH", data, end, "end record")
    if disk or start_disk or here != count or comment:
        raise Malformed("The archive is split or has a comment; an embedding's is neither.", where="end")
    close = end
    if data[end - 20 : end - 16] == _LOCATOR64:
        _, _, end64, _ = _unpack("<4sIQI", data, end - 20, "zip64 locator")
        if data[end64 : end64 + 4] != _END64 or end64 + 56 != end - 20:
            raise Malformed("The archive's zip64 record is not where it says.", where="end")
        _, _, _, _, _, _, here64, count64, size64, start64 = _unpack("<4sQHHIIQQQQ", data, end64, "zip64 record")
        # Where the small fields are not saturated, both records must say the same.
        small = (count, size, start)
        for value, large, limit in zip(
            small, (count64, size64, start64), (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF), strict=True
        ):
            if value not in (large, limit):
                raise Malformed("The archive's two end records disagree.", where="end")
        if here64 != count64:
            raise Malformed("The archive is split; torch never splits.", where="end")
        count, size, start, close = count64, size64, start64, end64
    if start + size != close:
        raise Malformed("The archive's directory is not where its end record says.", where="end")
    return start, close, count


def _entry(
    data: bytes, at: int, names: re.Pattern[str], prefixes: set[str], records: dict[str, bytes]
) -> tuple[str, int, int, int]:
    """Read one directory entry into ``records``; return its name, the next entry's place, and its bytes' range."""
    (
        magic,
        _,
        _,
        flags,
        method,
        _,
        _,
        crc,
        packed,
        size,
        name_size,
        extra_size,
        comment_size,
        disk,
        _,
        _,
        offset,
    ) = _unpack("<4sHHHHHHIIIHHHHHII", data, at, "directory")
    if magic != _CENTRAL:
        raise Malformed("The archive's directory has an entry that is none.", where=f"offset {at}")
    raw = data[at + 46 : at + 46 + name_size]
    name = _name(raw)
    # An extra field may give the record another name, which some readers use.
    if flags & ~_ALLOWED_FLAGS or method or packed != size or comment_size or extra_size or disk:
        raise Malformed(
            "The record {where!r} is compressed, encrypted or commented; an embedding's are stored plainly.", where=name
        )
    match = names.fullmatch(name)
    if not match:
        raise Malformed("The archive holds {where!r}, which no tool writes beside an embedding.", where=name)
    record = match["record"]
    prefixes.add(match["prefix"])
    if record in records or len(prefixes) > 1:
        raise Malformed("The archive holds {where!r} twice or under two folders.", where=name)
    start, end = _local(data, offset, raw, flags, crc, size, name)
    content = data[start : start + size]
    if len(content) != size:
        raise Truncated("The archive ends inside {where!r}.", where=name)
    if zlib.crc32(content) != crc:
        raise Malformed("The checksum of {where!r} is wrong; the file was damaged.", where=name)
    records[record] = content
    return record, at + 46 + name_size, offset, end


def _name(raw: bytes) -> str:
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("A record's name is not UTF-8.", where="directory") from error
    if len(name) > MAX_NAME_CHARACTERS or "\0" in name:
        raise Malformed("A record's name is too long or holds a zero.", where="directory")
    return name


def _local(data: bytes, offset: int, raw: bytes, flags: int, crc: int, size: int, name: str) -> tuple[int, int]:
    """Check a local header against the directory; return where the record's numbers start and where it all ends."""
    magic, _, local_flags, method, _, _, local_crc, packed, local_size, name_size, extra_size = _unpack(
        "<4sHHHHHIIIHH", data, offset, "record"
    )
    start = offset + 30 + name_size + extra_size
    _check_extra(data[start - extra_size : start], name)
    if magic != _LOCAL or method or local_flags != flags or data[offset + 30 : offset + 30 + name_size] != raw:
        raise Malformed("The archive's two headers of {where!r} disagree.", where=name)
    streamed = bool(flags & 0x0008)
    for value, true in ((local_crc, crc), (packed, size), (local_size, size)):
        if value != true and not (streamed and value == 0):
            raise Malformed("The archive's two headers of {where!r} disagree.", where=name)
    end = start + size
    if not streamed:
        return start, end
    layout = "<4sIQQ" if data[end + 4 : end + 24] == struct.pack("<IQQ", crc, size, size) else "<4sIII"
    if _unpack(layout, data, end, "record") != (b"PK\7\10", crc, size, size):
        raise Malformed("The sizes after {where!r} disagree with the directory.", where=name)
    return start, end + struct.calcsize(layout)


def _check_extra(extra: bytes, name: str) -> None:
    """Raise ``Malformed`` for an extra field that is not torch's padding."""
    padding = _PADDING.fullmatch(extra)
    if extra and (padding is None or int.from_bytes(padding[1], "little") != len(padding[2])):
        raise Malformed("The archive keeps something beside {where!r} that torch does not write.", where=name)


def write(records: dict[str, bytes], *, prefix: str = "archive") -> bytes:
    """Return an archive of plainly stored records, in the order given; the same input gives the same bytes.

    Only ``data.pkl``, ``data/N`` and ``version`` are ever written: older tools refuse the records that newer
    versions of torch add.
    """
    body, directory = b"", b""
    for name, content in records.items():
        raw = f"{prefix}/{name}".encode()
        # No flags, not packed, midnight of the first day of 1980.
        fields = (0, 0, 0, 0x21, zlib.crc32(content), len(content), len(content), len(raw))
        directory += struct.pack("<4sHHHHHHIIIHHHHHII", _CENTRAL, 20, 20, *fields, 0, 0, 0, 0, 0, len(body)) + raw
        body += struct.pack("<4sHHHHHIIIHH", _LOCAL, 20, *fields, 0) + raw + content
    count = len(records)
    return body + directory + struct.pack("<4sHHHHIIH", _END, 0, 0, count, count, len(directory), len(body), 0)
