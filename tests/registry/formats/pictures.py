"""Pictures made byte by byte, with embeddings in their text or their pixels."""

from __future__ import annotations

import base64
import json
import struct
import zlib

import numpy as np

from tests.registry.formats import builders as make

V = make.vectors(2)
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind, content, crc=None):
    check = zlib.crc32(kind + content) if crc is None else crc
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def header(width, height, depth=8, colour=2, interlace=0, compression=0, filtering=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, compression, filtering, interlace))


END = chunk(b"IEND", b"")


def png(pixels, *texts, more=(), **fields):
    """A picture of unfiltered pixels uint8 [h, w, 3], with text chunks, and more chunks."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    parts = [header(width, height, **fields), *(chunk(b"tEXt", text) for text in texts), *more]
    return SIGNATURE + b"".join(parts) + chunk(b"IDAT", zlib.compress(rows)) + END


def as_json(vectors=V, **more):
    value = {
        "string_to_token": {"*": 265},
        "string_to_param": {"*": {"TORCHTENSOR": vectors.tolist()}},
        "name": "koi",
        "step": 9,
    }
    return json.dumps({**value, **more}).encode()


def text(raw):
    return b"sd-ti-embedding\0" + base64.b64encode(raw)


def plain(height=64, width=60):
    """A picture that hides nothing."""
    return np.random.default_rng(1).integers(16, 255, (height, width, 3)).astype(np.uint8)


def hiding(raw, height=64):
    """A picture with packed data at both sides, by the published description: one number after the other."""
    return hiding_packed(zlib.compress(raw, 9), height)


def hiding_packed(packed, height=64):
    """The same from data that may be packed wrongly."""
    width = -(-len(packed) // (height * 3))
    packed += packed * (height * width * 3 // len(packed) + 1)
    block = np.frombuffer(packed[: height * width * 3], np.uint8).reshape(height, width, 3)
    seed, noise = 0, []
    for _ in range(block.size):
        seed = (1664525 * seed + 1013904223) % 2**32
        noise.append(seed % 255 & 0x0F)
    noise = np.array(noise, np.uint8).reshape(block.shape)
    high = np.full_like(block, 0x50)
    black = np.zeros((height, 1, 3), np.uint8)
    sides = [(part ^ noise) | high for part in (block & 0x0F, block >> 4)]
    # Random numbers in the lower bits keep the middle from having black columns.
    return np.concatenate([sides[0], black, plain(height) | 1, black, sides[1]], axis=1)


def webp(*chunks):
    """A WebP file of chunks (kind, content)."""
    body = b"".join(kind + struct.pack("<I", len(raw)) + raw + bytes(len(raw) % 2) for kind, raw in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def one_colour(width, height):
    """A lossless WebP stream of any size in 11 bytes: five Huffman codes of one symbol each, so no pixel takes a bit."""
    size = 0x2F | (width - 1) << 8 | (height - 1) << 22
    # No transform, no colour cache, no groups of codes; then for each code: simple, one symbol, of eight bits: 0x40.
    bits, at = size, 8 + 14 + 14 + 1 + 3 + 3
    for symbol in (0x40, 0x40, 0x40, 0xFF, 0):
        bits |= (0b101 | symbol << 3) << at
        at += 11
    return bits.to_bytes(-(-at // 8), "little")


def canvas(width, height, flags=0):
    """The chunk of features that an extended WebP begins with."""
    return b"VP8X", bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
