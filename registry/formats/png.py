"""PNG pictures: a strict reader of chunks, and of the pixels of plain 8-bit pictures.

Our own, because a picture library keeps text chunks of any size and decodes pictures of any size.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from registry.formats import png_text
from registry.formats.errors import Malformed, TooLarge, Truncated
from registry.formats.limits import MAX_CHUNKS, MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE
from registry.formats.png_text import Text

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Bits of a sample that each colour type may have.
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
#: Chunks that a reader must know, of which there are four.
_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
#: Bytes of a pixel by colour type, of the types that carry embeddings: RGB and RGBA.
_PIXEL_BYTES = {2: 3, 6: 4}


@dataclass(frozen=True, slots=True)
class Picture:
    """A checked picture whose pixels are still packed."""

    width: int
    height: int
    pixel_bytes: int  #: 3 or 4, or 0 where the pixels are of a kind that carries no embedding
    packed: tuple[memoryview, ...]  #: the pixels' chunks
    texts: tuple[Text, ...]
    exif: int = 0  #: bytes that a camera or an editor wrote beside the pixels


def looks_like(data: bytes) -> bool:
    """Whether the bytes begin as a PNG picture does."""
    return data.startswith(_SIGNATURE)


def read(data: bytes) -> Picture:
    """Check every chunk and return the picture. Raises ``Malformed``, ``TooLarge`` or ``Truncated``."""
    chunks = _chunks(data)
    kind, header = next(chunks, (b"", b""))
    if kind != b"IHDR" or len(header) != 13:
        raise Malformed("The picture does not begin with its header.", where="offset 8")
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    depth, colour, compression, filtering, interlace = header[8:]
    if not width or not height or depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise Malformed("The picture's header says what PNG does not have.", where="IHDR")
    check_size(width, height)
    texts: list[Text] = []
    packed: list[memoryview] = []
    before, exif = kind, 0
    for kind, content in chunks:
        if kind == b"IHDR" or (kind == b"IDAT" and packed and before != b"IDAT"):
            raise Malformed("The picture's {where} chunks are not where they belong.", where=kind.decode())
        if kind == b"IDAT":
            packed.append(content)
        if kind in png_text.KINDS:
            texts.append(png_text.parse(kind, content))
        if kind == b"eXIf":
            exif += len(content)
        before = kind
    if not packed:
        raise Malformed("The picture has no pixels.", where="IDAT")
    plain = depth == 8 and not interlace
    pixel_bytes = _PIXEL_BYTES.get(colour, 0) if plain else 0
    return Picture(width, height, pixel_bytes, tuple(packed), tuple(texts), exif)


def check_size(width: int, height: int) -> None:
    """Raise ``TooLarge`` for a picture over the limits."""
    if max(width, height) > MAX_IMAGE_SIDE or width * height > MAX_IMAGE_PIXELS:
        raise TooLarge(
            "The picture has {width} × {height} pixels; those that carry an embedding have at most {side} along a side and {pixels} in all.",
            width=width,
            height=height,
            side=MAX_IMAGE_SIDE,
            pixels=MAX_IMAGE_PIXELS,
            remedy=png_text.OWN_FILE,
            where="the picture's size",
        )


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Each chunk's kind and content, up to the end, which must be the file's."""
    view = memoryview(data)
    at = len(_SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if at + 12 > len(data):
            raise Truncated(
                "The picture ends before its last chunk; it was not downloaded whole.", where=f"offset {at}"
            )
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if not kind.isalpha() or not kind.isascii() or kind[2:3].islower() or size >= 2**31:
            raise Malformed("The picture holds a chunk that is none.", where=f"offset {at}")
        if kind[:1].isupper() and kind not in _CRITICAL:
            raise Malformed(
                "The picture holds a chunk {kind}, which PNG does not have.", kind=kind.decode(), where=f"offset {at}"
            )
        end = at + 12 + size
        if end > len(data):
            raise Truncated("The picture ends inside a chunk; it was not downloaded whole.", where=f"offset {at}")
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise Malformed(
                "The checksum of {kind} is wrong; the picture was damaged.", kind=kind.decode(), where=f"offset {at}"
            )
        if kind == b"IEND":
            if size or end != len(data):
                raise Malformed("{count} bytes follow the picture's end.", count=len(data) - end, where=f"offset {end}")
            return
        yield kind, view[at + 8 : end - 4]
        at = end
    raise TooLarge(
        "The picture has more than {limit} chunks.", limit=MAX_CHUNKS, remedy=png_text.OWN_FILE, where=f"offset {at}"
    )


def pixels(picture: Picture) -> np.ndarray:
    """Unpack to uint8 [height, width, 3 or 4]. Raises ``Malformed``, also where the picture holds more or less."""
    row = 1 + picture.width * picture.pixel_bytes
    size = picture.height * row
    unpacker = zlib.decompressobj()
    raw = bytearray()
    try:
        for chunk in picture.packed:
            raw += unpacker.decompress(chunk, size + 1 - len(raw))
            if len(raw) > size or unpacker.unconsumed_tail:
                raise Malformed("The picture holds more pixels than its header says.", where="IDAT")
    except zlib.error as error:
        raise Malformed("The picture's pixels cannot be unpacked; it was damaged.", where="IDAT") from error
    if len(raw) != size or not unpacker.eof or unpacker.unused_data:
        raise Malformed("The picture holds other pixels than its header says.", where="IDAT")
    rows = np.frombuffer(raw, np.uint8).reshape(picture.height, row)
    return _unfilter(rows[:, 0], rows[:, 1:].reshape(picture.height, picture.width, picture.pixel_bytes))


def _unfilter(kinds: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Undo PNG's filters: each pixel was stored as its difference from neighbours left and above.

    A pixel needs those to its left, above, and above left, so the pixels of one anti-diagonal need only the two
    diagonals before it: the picture is walked by diagonals, all rows at once. In the picture with one row above and
    one column to the left, a diagonal is a slice with a constant step.
    """
    if kinds.max() > 4:
        raise Malformed("The picture has a row with an unknown filter.", where="IDAT")
    height, width, depth = rows.shape
    line = width + 1
    done = np.zeros((height + 1, line, depth), np.uint8)
    done[1:, 1:] = rows
    flat = done.reshape(-1, depth)
    if not kinds.any():
        return done[1:, 1:]
    is_left, is_above, is_mean, is_paeth = ((kinds == kind)[:, None] for kind in (1, 2, 3, 4))
    for diagonal in range(height + width - 1):
        top, bottom = max(0, diagonal - width + 1), min(height, diagonal + 1)
        first = (top + 1) * line + diagonal - top + 1
        step, count = line - 1, bottom - top
        here = slice(first, first + (count - 1) * step + 1, step)
        left, above, corner = (
            flat[first - back : first - back + (count - 1) * step + 1 : step].astype(np.int16)
            for back in (1, line, line + 1)
        )
        rows_here = slice(top, bottom)
        nearest = left + above - corner
        to_left, to_above, to_corner = (
            np.abs(nearest - left),
            np.abs(nearest - above),
            np.abs(nearest - corner),
        )
        paeth = np.where(
            (to_left <= to_above) & (to_left <= to_corner),
            left,
            np.where(to_above <= to_corner, above, corner),
        )
        guess = (
            left * is_left[rows_here]
            + above * is_above[rows_here]
            + ((left + above) >> 1) * is_mean[rows_here]
            + paeth * is_paeth[rows_here]
        )
        flat[here] += guess.astype(np.uint8)
    return done[1:, 1:]
