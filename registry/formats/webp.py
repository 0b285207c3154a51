"""Lossless WebP pictures. The container is checked here; the pixels are unpacked by Pillow.

The only place of the package that needs a picture library: writing a decoder of our own would bring little, for few
such files exist. It is imported when a picture has passed every check, and not before.
"""

from __future__ import annotations

import io

import numpy as np

from registry.formats.errors import Malformed, NotAnEmbedding, Truncated, UnknownContainer
from registry.formats.limits import MAX_CHUNKS
from registry.formats.png import check_size

_RIFF_BYTES = 12
#: First byte of a lossless stream.
_LOSSLESS = 0x2F
#: Chunks that may stand beside a lossless picture: features, colour profile, and what cameras and editors say.
_BESIDE = frozenset({b"VP8X", b"ICCP", b"EXIF", b"XMP "})


def looks_like(data: bytes) -> bool:
    """Whether the bytes begin as a WebP picture does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def pixels(data: bytes) -> np.ndarray:
    """Return uint8 [height, width, 3]. Raises a ``FormatError``; lossy pictures keep no embedding."""
    expected = _size(data)
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise UnknownContainer(
            "The file is a WebP picture, which is only read where Pillow is installed. Upload it as PNG."
        ) from error
    try:
        with Image.open(io.BytesIO(data), formats=["WEBP"]) as picture:
            if picture.size != expected or getattr(picture, "n_frames", 1) != 1:
                raise Malformed("The picture's two sizes disagree, or it is an animation.", where="VP8L")
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, EOFError, SyntaxError, UnidentifiedImageError) as error:
        raise Malformed("The picture cannot be unpacked; it was damaged.", where="VP8L") from error


def _size(data: bytes) -> tuple[int, int]:
    """Width and height of the one lossless picture in the file."""
    if int.from_bytes(data[4:8], "little") + 8 != len(data):
        raise Truncated(
            "The picture's size is not what it says; it was not downloaded whole, or bytes follow it.",
            where="offset 4",
        )
    at, found = _RIFF_BYTES, None
    for _ in range(MAX_CHUNKS):
        if at == len(data):
            break
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        start = at + 8
        at = start + size + size % 2
        if at > len(data):
            raise Truncated(
                "The picture ends inside a chunk; it was not downloaded whole.", where=f"offset {start}"
            )
        if kind == b"VP8L" and found is None and size >= 5 and data[start] == _LOSSLESS:
            bits = int.from_bytes(data[start + 1 : start + 5], "little")
            found = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif kind in (b"VP8 ", b"ANIM", b"ANMF", b"ALPH"):
            raise NotAnEmbedding(
                "The file is a lossy or animated WebP picture, which cannot carry an embedding. Upload the picture as it "
                "was saved at first, or the embedding's own file.",
                where=kind.decode(),
            )
        elif kind not in _BESIDE:
            raise Malformed(
                "The picture holds a chunk that lossless pictures do not have.", where=f"offset {start - 8}"
            )
    if found is None or at != len(data):
        raise Malformed("The file holds no WebP picture.", where="VP8L")
    check_size(*found)
    return found
