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
from registry.formats.sentences import gettext_noop

_RIFF_BYTES = 12
#: First byte of a lossless stream.
_LOSSLESS = 0x2F
#: Bytes of the chunk of features, which comes first where it comes at all.
_FEATURES_BYTES = 10
#: Chunks that may stand beside a lossless picture: colour profile, and what cameras and editors say.
_BESIDE = frozenset({b"ICCP", b"EXIF", b"XMP "})


def looks_like(data: bytes) -> bool:
    """Whether the bytes begin as a WebP picture does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def read(data: bytes) -> tuple[np.ndarray, list[tuple[str, int]]]:
    """Return uint8 [height, width, 3], and which chunks stand beside the picture, with their bytes.

    Raises a ``FormatError``; lossy pictures keep no embedding.
    """
    stream, beside = _stream(data)
    return _pixels(stream), beside


def _pixels(stream: bytes) -> np.ndarray:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise UnknownContainer(
            "The file is a WebP picture, which is only read where Pillow is installed.",
            remedy=gettext_noop("Upload it as PNG."),
            where="offset 0",
        ) from error
    try:
        with Image.open(io.BytesIO(_alone(stream)), formats=["WEBP"]) as picture:
            if picture.size != _size(stream):
                raise Malformed("The picture's two sizes disagree.", where="VP8L")
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, EOFError, SyntaxError, UnidentifiedImageError) as error:
        raise Malformed("The picture cannot be unpacked; it was damaged.", where="VP8L") from error


def _size(stream: bytes) -> tuple[int, int]:
    """Width and height of a lossless picture."""
    bits = int.from_bytes(stream[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _alone(stream: bytes) -> bytes:
    """A file of the pixels only: what stands beside them costs a decoder memory, and may tell it of other sizes."""
    body = b"WEBPVP8L" + len(stream).to_bytes(4, "little") + stream + bytes(len(stream) % 2)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _stream(data: bytes) -> tuple[bytes, list[tuple[str, int]]]:
    """The one lossless picture in the file, checked as far as its size; and the chunks beside it."""
    if int.from_bytes(data[4:8], "little") + 8 != len(data):
        raise Truncated(
            "The picture's size is not what it says; it was not downloaded whole, or bytes follow it.",
            where="offset 4",
        )
    at, found, canvas = _RIFF_BYTES, b"", None
    beside: list[tuple[str, int]] = []
    for _ in range(MAX_CHUNKS):
        if at == len(data):
            break
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        start = at + 8
        at = start + size + size % 2
        if at > len(data):
            raise Truncated("The picture ends inside a chunk; it was not downloaded whole.", where=f"offset {start}")
        if kind == b"VP8L" and not found and size >= 5 and data[start] == _LOSSLESS:
            found = data[start : start + size]
        elif kind == b"VP8X" and start == _RIFF_BYTES + 8 and size == _FEATURES_BYTES:
            canvas = tuple(int.from_bytes(data[start + side : start + side + 3], "little") + 1 for side in (4, 7))
        elif kind in (b"VP8 ", b"ANIM", b"ANMF", b"ALPH"):
            raise NotAnEmbedding(
                "The file is a lossy or animated WebP picture, which cannot carry an embedding.",
                remedy=gettext_noop("Upload the picture as it was saved at first, or the embedding's own file."),
                where=kind.decode(),
            )
        elif kind not in _BESIDE:
            raise Malformed(
                "The picture holds a chunk that lossless pictures do not have.", where=f"offset {start - 8}"
            )
        elif kind != b"ICCP":
            beside.append((kind.decode().strip(), size))
    if not found or at != len(data):
        raise Malformed("The file holds no WebP picture.", where="VP8L")
    check_size(*_size(found))
    if canvas not in (None, _size(found)):
        raise Malformed("The picture's two sizes disagree.", where="VP8X")
    return found, beside
