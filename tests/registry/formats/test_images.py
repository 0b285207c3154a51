"""Embeddings in pictures, from pictures made by hand; their filters are undone as Pillow undoes them."""

from __future__ import annotations

import base64
import io
import json
import random
import struct
import zlib

import numpy as np
import pytest

from registry.formats import FormatError, inspect, limits
from registry.formats import image_embedding as images
from registry.formats import png as pngs
from tests.registry.formats import builders as make

V = make.vectors(2)


def chunk(kind, content, crc=None):
    check = zlib.crc32(kind + content) if crc is None else crc
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def header(width, height, depth=8, colour=2, interlace=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def png(pixels, *texts, **fields):
    """A picture of unfiltered pixels uint8 [h, w, 3], with text chunks."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    parts = [header(width, height, **fields), *(chunk(b"tEXt", text) for text in texts)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


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
    packed = zlib.compress(raw, 9)
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


RAW = as_json()


@pytest.mark.parametrize(
    "data",
    [
        png(plain(), text(RAW)),
        png(hiding(RAW)),
        png(hiding(RAW), text(RAW)),
        png(np.pad(hiding(RAW), ((3, 2), (1, 4), (0, 0)))),
    ],
    ids=["in its text", "in its pixels", "in both", "in its pixels, with a black edge"],
)
def test_an_embedding_in_a_picture_is_read_exactly(data):
    found = inspect(data)
    assert (found.container, found.layout, found.tokens, found.name, found.step) == (
        "png",
        "a1111-image",
        ("*",),
        "koi",
        9,
    )
    assert np.array_equal(found.encoders[0].vectors, V) and found.bases[0].base == "sd1"


def test_a_lossless_webp_is_read_from_its_pixels_and_a_lossy_one_refused():
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed; WebP pictures are read with it")
    kept, lost = io.BytesIO(), io.BytesIO()
    picture = image.fromarray(hiding(RAW))
    picture.save(kept, "WEBP", lossless=True, exact=True, method=0)
    picture.save(lost, "WEBP", quality=90)
    found = inspect(kept.getvalue())
    assert found.container == "webp" and np.array_equal(found.encoders[0].vectors, V)
    assert refusal(lost.getvalue()) == "not_an_embedding"
    assert refusal(kept.getvalue() + b"x") == refusal(kept.getvalue()[:-9]) == "truncated"


def refusal(data):
    with pytest.raises(FormatError) as caught:
        inspect(data)
    assert caught.value.message.endswith(".") and len(caught.value.message) < 500
    return caught.value.code


GOOD = png(plain(), text(RAW))
PIXELS = chunk(b"IDAT", zlib.compress(b"\0" + bytes(30)))
SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = chunk(b"IEND", b"")


def deep(levels):
    return b'{"string_to_param":' + b"[" * levels + b"]" * levels + b"}"


def tensor(value):
    return as_json(string_to_param={"*": value})


BAD = {
    "an ordinary picture": (png(plain()), "not_an_embedding"),
    "an ordinary picture with a prompt": (png(plain(), b"parameters\0a cat"), "not_an_embedding"),
    "a black picture": (png(np.zeros((8, 8, 3), np.uint8)), "not_an_embedding"),
    "a cut picture": (GOOD[:-20], "truncated"),
    "no end": (GOOD[:-12], "truncated"),
    "bytes after the end": (GOOD + b"PK\3\4", "malformed"),
    "a wrong checksum": (SIGNATURE + header(10, 1) + chunk(b"tEXt", b"a\0b", crc=7) + PIXELS + END, "malformed"),
    "no header": (SIGNATURE + PIXELS + END, "malformed"),
    "two headers": (SIGNATURE + header(10, 1) * 2 + PIXELS + END, "malformed"),
    "a picture without pixels": (SIGNATURE + header(10, 1) + END, "malformed"),
    "pixels in two places": (SIGNATURE + header(10, 1) + PIXELS + chunk(b"tEXt", b"a\0b") + PIXELS + END, "malformed"),
    "no sides": (SIGNATURE + header(0, 1) + PIXELS + END, "malformed"),
    "a side over the limit": (SIGNATURE + header(limits.MAX_IMAGE_SIDE + 1, 1) + PIXELS + END, "too_large"),
    "pixels over the limit": (SIGNATURE + header(4000, 4000) + PIXELS + END, "too_large"),
    "a bomb of pixels": (SIGNATURE + header(10, 1) + chunk(b"IDAT", zlib.compress(bytes(10**7))) + END, "malformed"),
    "fewer pixels than the header says": (SIGNATURE + header(11, 1) + PIXELS + END, "malformed"),
    "pixels that are not packed": (SIGNATURE + header(10, 1) + chunk(b"IDAT", bytes(31)) + END, "malformed"),
    "an unknown filter": (SIGNATURE + header(10, 1) + chunk(b"IDAT", zlib.compress(b"\5" + bytes(30))) + END, "malformed"),
    "more chunks than the limit": (SIGNATURE + header(10, 1) + chunk(b"tIME", b"") * limits.MAX_CHUNKS + PIXELS + END, "too_large"),
    "two texts of one keyword": (png(plain(), text(RAW), text(RAW)), "malformed"),
    "a text over the limit": (png(plain(), text(bytes(limits.MAX_TEXT_CHUNK_BYTES))), "too_large"),
    "a text that is no base64": (png(plain(), b"sd-ti-embedding\0!!!"), "malformed"),
    "base64 of no JSON": (png(plain(), text(b"hello")), "malformed"),
    "a list": (png(plain(), text(b"[1]")), "malformed"),
    "JSON nested too deep": (png(plain(), text(deep(100_000))), "malformed"),
    "JSON of very many parts": (png(plain(), text(deep(200_000)[:-1] + b",[]" * 100_000 + b"}")), "too_large"),
    "a name twice": (png(plain(), text(b'{"a":1,"a":2}')), "malformed"),
    "NaN": (png(plain(), text(as_json(np.full((1, 768), np.nan)))), "bad_values"),
    "a number beyond float32": (png(plain(), text(tensor({"TORCHTENSOR": [[1e300] * 768]}))), "bad_values"),
    "a whole number of 400 digits": (png(plain(), text(tensor({"TORCHTENSOR": [[10**400] * 768]}))), "bad_values"),
    "rows of unlike length": (png(plain(), text(tensor({"TORCHTENSOR": [[1.0], [1.0, 2.0]]}))), "malformed"),
    "texts for numbers": (png(plain(), text(tensor({"TORCHTENSOR": [["1.0"] * 768]}))), "malformed"),
    "truth values for numbers": (png(plain(), text(tensor({"TORCHTENSOR": [[True] * 768]}))), "malformed"),
    "no vectors": (png(plain(), text(as_json(string_to_param={}))), "malformed"),
    "two tokens": (png(plain(), text(as_json(string_to_param={name: {"TORCHTENSOR": V.tolist()} for name in "ab"}))), "several_tokens"),
    "an unknown width": (png(plain(), text(tensor({"TORCHTENSOR": [[1.0, 2.0]]}))), "unknown_base"),
    "text and pixels that differ": (png(hiding(RAW), text(as_json(V * 2))), "malformed"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_picture_that_cannot_be_read_is_refused_with_its_code(case):
    data, code = BAD[case]
    assert refusal(data) == code


def filtered(pixels, kinds):
    """The rows of a picture, filtered pixel by pixel as the specification says."""
    height, width, depth = pixels.shape
    rows = bytearray()
    for y in range(height):
        rows.append(kinds[y])
        for x in range(width):
            for c in range(depth):
                left = int(pixels[y, x - 1, c]) if x else 0
                above = int(pixels[y - 1, x, c]) if y else 0
                corner = int(pixels[y - 1, x - 1, c]) if x and y else 0
                nearest = min(
                    (abs(above - corner), 0, left),
                    (abs(left - corner), 1, above),
                    (abs(left + above - 2 * corner), 2, corner),
                )[2]
                guess = (0, left, above, (left + above) // 2, nearest)[kinds[y]]
                rows.append((int(pixels[y, x, c]) - guess) % 256)
    return bytes(rows)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (9, 1, 4), (13, 7, 3), (7, 13, 4), (20, 20, 3)])
def test_every_filter_in_any_mixture_is_undone(shape):
    chance = random.Random(str(shape))
    pixels = np.random.default_rng(2).integers(0, 256, shape).astype(np.uint8)
    for _ in range(10):
        kinds = [chance.randrange(5) for _ in range(shape[0])]
        raw = zlib.compress(filtered(pixels, kinds))
        data = (
            SIGNATURE
            + header(shape[1], shape[0], colour=2 if shape[2] == 3 else 6)
            + chunk(b"IDAT", raw)
            + END
        )
        assert np.array_equal(pngs.pixels(pngs.read(data)), pixels), kinds


def test_pixels_split_over_many_chunks_are_one_stream():
    rows = b"".join(b"\0" + row.tobytes() for row in hiding(RAW))
    packed, (height, width, _) = zlib.compress(rows), hiding(RAW).shape
    chunks = b"".join(chunk(b"IDAT", packed[at : at + 1000]) for at in range(0, len(packed), 1000))
    assert inspect(SIGNATURE + header(width, height) + chunks + END).name == "koi"


def test_the_noise_is_the_generator_s_own():
    seed, numbers = 0, []
    for _ in range(1000):
        seed = (1664525 * seed + 1013904223) % 2**32
        numbers.append(seed % 255 & 0x0F)
    assert images._noise(1000).tolist() == numbers and images._noise(1).tolist() == numbers[:1]
