"""Pictures to train on, good and bad."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image


def encoded(image, kind="PNG", **options):
    """The bytes of an image file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def picture(number, size=(96, 96), kind="PNG"):
    """A picture that differs from those of other numbers."""
    image = Image.new("RGB", size, (40 * number % 256, 90, 160))
    image.paste((250, 240, 30), (8 * number % 40, 10, 8 * number % 40 + 20, 50))
    return encoded(image, kind)


def bomb(width=60_000, height=60_000):
    """A PNG of a few bytes that says it has billions of pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 10)) + chunk(b"IEND", b"")
    )
