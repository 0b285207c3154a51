"""AUTOMATIC1111's embeddings in pictures: in a text chunk, and once more in the pixels at both sides.

The text is base64 of JSON; the pixels hold the same JSON packed, four bits a colour. The picture of a card with the
embedding's name stands between them, so that people can pass an embedding on as an image.
"""

from __future__ import annotations

import binascii
import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from registry.formats import layouts, png, webp
from registry.formats.errors import BadValues, FormatError, Malformed, NotAnEmbedding, TooLarge
from registry.formats.layouts import Found
from registry.formats.limits import (
    MAX_IMAGE_JSON_BYTES,
    MAX_IMAGE_JSON_MARKS,
    MAX_IMAGE_JSON_NUMBERS,
    MAX_LEAK_CHARACTERS,
    MAX_LEAKS,
    MAX_NAME_CHARACTERS,
    MAX_TENSORS,
)
from registry.formats.png_text import OWN_FILE, Text
from registry.formats.sentences import gettext_noop
from registry.formats.tensors import Tensor

LAYOUT = "a1111-image"
_KEYWORD = b"sd-ti-embedding"
_TENSOR = "TORCHTENSOR"
#: Where a mistake is that has no name of its own.
_JSON = "the picture's JSON"
#: The random numbers that hide the packed JSON: a linear congruential generator from 0, each taken modulo 255.
_FACTOR, _INCREMENT, _MODULUS = 1664525, 1013904223, 255
#: Columns that are black in their lower four bits; one stands at each inner edge of the data.
_MIN_BLACK_COLUMNS = 2


def read(data: bytes) -> tuple[tuple[Found, ...], tuple[tuple[str, str], ...]]:
    """Return the embeddings in a picture, and what else it says, each with what it is.

    Raises a ``FormatError``; of an ordinary picture ``NotAnEmbedding``.
    """
    if not png.looks_like(data):
        pixels, beside = webp.read(data)
        return _embeddings(hidden_json(pixels)), tuple((f"{kind} data", f"{size} bytes") for kind, size in beside)
    picture = png.read(data)
    text = _carrier(picture.texts)
    hidden = hidden_json(png.pixels(picture)) if picture.pixel_bytes else None
    told = hidden if text is None else _decode(text)
    if hidden is not None and hidden != told and json_of(hidden) != json_of(told or b""):
        raise Malformed(
            "The picture holds two embeddings that differ, in its text and in its pixels.", where="text and pixels"
        )
    return _embeddings(told), tuple(_other_texts(picture))


def _carrier(texts: Sequence[Text]) -> Text | None:
    """The text that holds the embedding."""
    found = [text for text in texts if text.keyword == _KEYWORD]
    if len(found) > 1:
        raise Malformed(
            "The picture has two texts of one keyword; readers would disagree about which one counts.",
            where=_KEYWORD.decode(),
        )
    return found[0] if found else None


def _other_texts(picture: png.Picture) -> Iterator[tuple[str, str]]:
    """What a picture says beside its embedding: prompts, programs, authors."""
    for text in [text for text in picture.texts if text.keyword != _KEYWORD][:MAX_LEAKS]:
        yield f"text {text.keyword.decode('latin-1')}", text.beginning(4 * MAX_LEAK_CHARACTERS)
    if picture.exif:
        yield "EXIF data", f"{picture.exif} bytes"


def _ordinary() -> NotAnEmbedding:
    return NotAnEmbedding(
        "The picture carries no embedding.",
        remedy=gettext_noop(
            "If it should, upload it as it was saved at first: resizing, converting or sending it through a messenger destroys what it carries."
        ),
        where="text and pixels",
    )


def _decode(text: Text) -> bytes:
    try:
        return binascii.a2b_base64(text.whole(), strict_mode=True)
    except binascii.Error as error:
        raise Malformed("The embedding in the picture's text is not base64.", where=text.kind.decode()) from error


def hidden_json(pixels: np.ndarray) -> bytes | None:
    """The JSON packed into pixels uint8 [h, w, 3 or 4], or nothing where there is none.

    The data stands left (lower four bits) and right (upper four bits) of the picture, apart from it by a black column
    each. Raises ``TooLarge``.
    """
    colours = pixels[:, :, :3]
    bright = colours.min(axis=2) > 0
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    if not len(rows):
        return None
    colours = colours[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] & 0x0F
    black = np.flatnonzero(colours.max(axis=(0, 2)) == 0)
    if len(black) < _MIN_BLACK_COLUMNS:
        return None
    lower, upper = colours[:, : black[0]], colours[:, black[-1] + 1 :]
    if lower.shape != upper.shape or not lower.size:
        return None
    noise = _noise(lower.size).reshape(lower.shape)
    packed = (((upper ^ noise) << 4) | (lower ^ noise)).tobytes()
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(packed, MAX_IMAGE_JSON_BYTES + 1)
    except zlib.error:
        return None
    if len(found) > MAX_IMAGE_JSON_BYTES:
        raise TooLarge(
            "The picture hides more than {size} MB of data.",
            size=MAX_IMAGE_JSON_BYTES // 1024**2,
            remedy=OWN_FILE,
            where="pixels",
        )
    return found if unpacker.eof else None


def _noise(count: int) -> np.ndarray:
    """The generator's first numbers, lower four bits of each: uint8 [count].

    Each number follows from the one before it; a stretch of n follows from the n before it, by the n-fold step.
    """
    seeds = np.empty(count, np.uint32)
    seeds[0] = _INCREMENT
    done, factor, increment = 1, _FACTOR, _INCREMENT
    while done < count:
        size = min(done, count - done)
        seeds[done : done + size] = seeds[:size] * np.uint32(factor) + np.uint32(increment)
        factor, increment = factor * factor % 2**32, (factor + 1) * increment % 2**32
        done += size
    return (seeds % _MODULUS).astype(np.uint8) & 0x0F


def json_of(raw: bytes) -> dict[str, Any]:
    """Read strict JSON whose parts are counted first. Raises ``Malformed`` or ``TooLarge``."""
    if (
        len(raw) > MAX_IMAGE_JSON_BYTES
        or raw.count(b",") > MAX_IMAGE_JSON_NUMBERS
        or sum(raw.count(mark) for mark in (b"[", b"{", b":", b'"')) > MAX_IMAGE_JSON_MARKS
    ):
        raise TooLarge(
            "The embedding in the picture has more than {numbers} numbers, {marks} names and lists, or {size} MB.",
            numbers=MAX_IMAGE_JSON_NUMBERS,
            marks=MAX_IMAGE_JSON_MARKS,
            size=MAX_IMAGE_JSON_BYTES // 1024**2,
            remedy=OWN_FILE,
            where=_JSON,
        )
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed("The embedding in the picture is not JSON.", where=_JSON) from error
    if not isinstance(value, dict):
        raise Malformed("The embedding in the picture is no dictionary.", where=_JSON)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed(
            "The embedding in the picture names something twice; readers would disagree about which one counts.",
            where=_JSON,
        )
    return found


def _no_constant(value: str) -> Any:
    raise BadValues(
        "The embedding in the picture holds {value}; the training that made it diverged.", value=value, where=_JSON
    )


def _embeddings(raw: bytes | None) -> tuple[Found, ...]:
    if raw is None:
        raise _ordinary()
    value = json_of(raw)
    parameters = value.get("string_to_param")
    if not isinstance(parameters, dict) or not parameters:
        raise Malformed("The picture's data holds no vectors.", where="string_to_param")
    if len(parameters) > MAX_TENSORS or any(len(name) > MAX_NAME_CHARACTERS for name in parameters):
        raise TooLarge(
            "The picture's data holds {count} tensors, or one with a very long name.",
            count=len(parameters),
            remedy=OWN_FILE,
            where="string_to_param",
        )
    return layouts.a1111(value, [_tensor(name, item) for name, item in parameters.items()], layout=LAYOUT)


def _tensor(name: str, item: Any) -> Tensor:
    """Vectors from nested lists. Decoded as float64 and rounded, as A1111 does it."""
    rows = item.get(_TENSOR) if isinstance(item, dict) and len(item) == 1 else None
    if isinstance(rows, list) and rows and not isinstance(rows[0], list):
        rows = [rows]
    if (
        not isinstance(rows, list)
        or not rows
        or not all(isinstance(row, list) and row and len(row) == len(rows[0]) for row in rows)
        or not all(type(number) in (int, float) for row in rows for number in row)
    ):
        raise Malformed("The vectors in the picture's data are no table of numbers.", where=name[:80])
    try:
        with np.errstate(over="ignore"):
            values = np.array(rows, np.float64).astype(np.float32)
    except OverflowError as error:
        raise BadValues("The vectors in the picture's data are too large.", where=name[:80]) from error
    if not np.isfinite(values).all():
        raise BadValues("The vectors in the picture's data are not finite or too large.", where=name[:80])
    return Tensor(name, values, "F32")
