"""The safetensors container: an eight-byte length, a JSON header, then raw numbers.

The reader is stricter than the reference library, which lets through duplicate names, empty dimensions and unknown
fields; two readers could then disagree about what a file holds.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from registry.formats import lookalikes
from registry.formats.bundles import names as bundle_names
from registry.formats.errors import FormatError, Malformed, TooLarge, Truncated
from registry.formats.limits import (
    MAX_DIMENSIONS,
    MAX_HEADER_BYTES,
    MAX_METADATA_BYTES,
    MAX_NAME_CHARACTERS,
    MAX_NUMBERS,
    MAX_TENSORS,
)
from registry.formats.sentences import gettext_noop
from registry.formats.tensors import ITEM_BYTES, Tensor, decode

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FIELDS = {"dtype", "shape", "data_offsets"}


def looks_like(data: bytes) -> bool:
    """Whether the bytes begin as a safetensors file does: a plausible length, then a JSON object."""
    return len(data) >= 9 and data[8:9] == b"{" and 2 <= int.from_bytes(data[:8], "little") <= 100_000_000


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise Malformed(
            "The header names something twice; readers would disagree about which one counts.", where="header"
        )
    return dict(pairs)


def _no_constant(value: str) -> Any:
    raise Malformed("The header holds {value}, which is not JSON.", value=value, where="header")


def read(data: bytes) -> tuple[list[Tensor], dict[str, str], bool]:
    """Return the tensors in file order, the metadata, and whether the tensors are words bundled in a LoRA.

    Of a LoRA with bundled words only these are read. Raises a ``FormatError``.
    """
    if len(data) < 8:
        raise Truncated("The file ends before its header; it was not downloaded whole.", where="offset 0")
    length = int.from_bytes(data[:8], "little")
    if length > MAX_HEADER_BYTES:
        raise TooLarge(
            "The header has {count} bytes; an embedding's has at most {limit}.",
            count=length,
            limit=MAX_HEADER_BYTES,
            where="offset 0",
        )
    if 8 + length > len(data):
        raise Truncated("The file ends inside its header; it was not downloaded whole.", where="offset 8")
    header = _header(data[8 : 8 + length])
    said = header.pop("__metadata__", {})
    bundled = bundle_names(header, said)
    metadata = _metadata(said, MAX_HEADER_BYTES if bundled else MAX_METADATA_BYTES)
    if not header:
        raise Malformed("The file holds no tensor.", where="header")
    if not bundled and len(header) > MAX_TENSORS:
        lookalikes.refuse(header)
    if len(bundled or header) > MAX_TENSORS:
        raise TooLarge(
            "The file holds {count} tensors; an embedding has at most {limit}.",
            count=len(bundled or header),
            limit=MAX_TENSORS,
            where="header",
        )
    body = memoryview(data)[8 + length :]
    entries = sorted(
        ((name, *_entry(name, entry, read=not bundled or name in bundled)) for name, entry in header.items()),
        key=lambda entry: entry[3],
    )
    end = 0
    for name, _, _, start, stop in entries:
        if start != end:
            raise Malformed("The numbers of {where!r} do not follow those before them.", where=name)
        end = stop
    if end > len(body):
        raise Truncated("The file ends before its numbers do; it was not downloaded whole.", where=entries[-1][0])
    if end < len(body):
        raise Malformed(
            "{count} bytes follow the last number.", count=len(body) - end, where=f"offset {8 + length + end}"
        )
    wanted = [entry for entry in entries if not bundled or entry[0] in bundled]
    if sum((stop - start) // ITEM_BYTES[dtype] for _, dtype, _, start, stop in wanted) > MAX_NUMBERS:
        lookalikes.refuse(header)
        raise TooLarge(
            "The file's tensors have more than {limit} numbers together; an embedding's have fewer.",
            limit=MAX_NUMBERS,
            where="header",
        )
    tensors = [
        Tensor(name, decode(body[start:stop], dtype, shape, name), dtype) for name, dtype, shape, start, stop in wanted
    ]
    return tensors, metadata, bool(bundled)


def _header(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
        json.dumps(header, ensure_ascii=False).encode()  # half a surrogate pair is JSON, but no text
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed("The header is not JSON in UTF-8.", where="header") from error
    if not isinstance(header, dict) or raw[:1] != b"{":
        raise Malformed("The header is not a JSON object.", where="header")
    return header


def _metadata(values: Any, limit: int) -> dict[str, str]:
    if not isinstance(values, dict) or not all(isinstance(text, str) for pair in values.items() for text in pair):
        raise Malformed("The metadata is not a list of names and texts.", where="__metadata__")
    if any("\0" in name + value for name, value in values.items()):
        raise Malformed("The metadata holds a zero character.", where="__metadata__")
    if sum(len(name) + len(value) for name, value in values.items()) > limit:
        raise TooLarge(
            "The metadata has more than {limit} characters.",
            limit=limit,
            remedy=gettext_noop("Export it again with less."),
            where="__metadata__",
        )
    return values


def _natural(value: Any) -> bool:
    return type(value) is int and value >= 0


def _entry(name: str, entry: Any, *, read: bool) -> tuple[str, tuple[int, ...], int, int]:
    """Check one header entry; return type, shape, start and end. Of one that is not read only the place counts."""
    if not name or len(name) > MAX_NAME_CHARACTERS or _CONTROL.search(name):
        raise Malformed("A tensor's name is empty, too long or holds control characters.", where="header")
    if not isinstance(entry, dict) or set(entry) != _FIELDS:
        raise Malformed("The entry of {where!r} must have exactly dtype, shape and data_offsets.", where=name)
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_natural, offsets)) or offsets[1] < offsets[0]:
        raise Malformed("{where!r} has impossible offsets.", where=name)
    if not read:
        return "", (), offsets[0], offsets[1]
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise Malformed(
            "{where!r} is stored as {dtype!r}; embeddings are {known}.",
            dtype=str(dtype)[:20],
            known=", ".join(ITEM_BYTES),
            remedy=gettext_noop("Export it again as float32."),
            where=name,
        )
    if (
        not isinstance(shape, list)
        or not all(_natural(side) and 0 < side <= MAX_NUMBERS for side in shape)
        or not 1 <= len(shape) <= MAX_DIMENSIONS
    ):
        raise Malformed("{where!r} has the shape {shape}, which no embedding has.", shape=str(shape)[:60], where=name)
    return dtype, tuple(shape), offsets[0], offsets[1]


def write(tensors: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> bytes:
    """Return a file of float16 tensors where arrays are float16, of float32 otherwise; the same input gives the same bytes.

    Raises ``Malformed`` or ``TooLarge`` for metadata that :func:`read` would refuse.
    """
    header: dict[str, Any] = {}
    if metadata:
        header["__metadata__"] = dict(sorted(_metadata(metadata, MAX_METADATA_BYTES).items()))
    body, offset = [], 0
    for name in sorted(tensors):
        half = tensors[name].dtype == np.float16
        raw = np.ascontiguousarray(tensors[name], dtype="<f2" if half else "<f4").tobytes()
        header[name] = {
            "dtype": "F16" if half else "F32",
            "shape": list(tensors[name].shape),
            "data_offsets": [offset, offset + len(raw)],
        }
        offset += len(raw)
        body.append(raw)
    try:
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise Malformed(
            "The metadata holds half a character, which no file can carry.",
            remedy=gettext_noop("Leave it out."),
            where="__metadata__",
        ) from error
    text += b" " * (-len(text) % 8)  # numbers begin on an eight-byte boundary, as the format's own writer does it
    return len(text).to_bytes(8, "little") + text + b"".join(body)
