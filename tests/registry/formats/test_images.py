"""Embeddings in pictures, from pictures made by hand; their filters are undone as Pillow undoes them."""

from __future__ import annotations

import io
import random
import zlib

import numpy as np
import pytest

from registry.formats import FormatError, inspect
from registry.formats import image_embedding as images
from registry.formats import png as pngs
from tests.registry.formats.bad_pictures import RAW
from tests.registry.formats.pictures import (
    END,
    SIGNATURE,
    V,
    as_json,
    canvas,
    chunk,
    header,
    hiding,
    plain,
    png,
    text,
    webp,
)

#: The embedding as text, and in the two other kinds of chunks that Pillow reads, and A1111 by it.
BASE64 = text(RAW).removeprefix(b"sd-ti-embedding\0")
PACKED = chunk(b"zTXt", b"sd-ti-embedding\0\0" + zlib.compress(BASE64, 9))


def international(flags, content, language=b"en", translated=b"embedding"):
    return chunk(b"iTXt", b"sd-ti-embedding\0" + flags + language + b"\0" + translated + b"\0" + content)


@pytest.mark.parametrize(
    "data",
    [
        png(plain(), text(RAW)),
        png(hiding(RAW)),
        png(hiding(RAW), text(RAW)),
        png(np.pad(hiding(RAW), ((3, 2), (1, 4), (0, 0)))),
        png(plain(), more=[PACKED]),
        png(hiding(RAW), more=[PACKED]),
        png(plain(), more=[international(b"\0\0", BASE64)]),
        png(plain(), more=[international(b"\0\7", BASE64)]),
        png(plain(), more=[international(b"\1\0", zlib.compress(BASE64))]),
        png(plain(), b"Comment\0a", b"Comment\0b", text(RAW)),
    ],
    ids=[
        *(
            "in its text",
            "in its pixels",
            "in both",
            "in its pixels, with a black edge",
            "in a packed text",
            "in a packed text and its pixels",
        ),
        *(
            "in an international text",
            "in one that names a packing and has none",
            "in a packed one",
            "beside two comments",
        ),
    ],
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


@pytest.mark.parametrize(
    "options", [{"zip": True}, {"zip": False}, {"lang": "de", "tkey": "x", "zip": True}, {"lang": "", "tkey": ""}]
)
def test_what_pillow_writes_and_reads_as_a1111_does_is_read(options):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    from PIL.PngImagePlugin import PngInfo

    said, file = PngInfo(), io.BytesIO()
    (said.add_itxt if "lang" in options else said.add_text)("sd-ti-embedding", BASE64.decode(), **options)
    image.fromarray(plain()).save(file, "PNG", pnginfo=said)
    assert image.open(file).text["sd-ti-embedding"] == BASE64.decode()
    assert np.array_equal(inspect(file.getvalue()).encoders[0].vectors, V)


def test_what_a_picture_says_beside_its_embedding_is_shown_before_publishing():
    parameters = "a portrait of Anna, Seed: 7"
    beside = [
        chunk(b"tEXt", b"parameters\0" + parameters.encode()),
        chunk(b"zTXt", b"Author\0\0" + zlib.compress(b"Anna " * 100_000)),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + "<x>Ännä</x>".encode()),
        chunk(b"zTXt", b"Bent\0\0bent"),
        chunk(b"eXIf", b"MM\0*"),
    ]
    leaks = inspect(png(plain(), text(RAW), more=beside)).leaks
    assert leaks[0] == "internal name: koi" and len(leaks) == 5
    assert leaks[1] == f"text parameters: {parameters}" and leaks[2].startswith("text Author: Anna Anna")
    assert leaks[3:] == ("text XML:com.adobe.xmp: <x>Ännä</x>", "EXIF data: 4 bytes")
    assert all(len(leak) <= 200 for leak in leaks)
    keys = as_json(sd_checkpoint="4bdfc29c", sd_checkpoint_name="Anna's own", author="Anna")
    assert inspect(png(plain(), text(keys))).leaks == (
        "internal name: koi", "checkpoint: Anna's own", "key author: Anna", "checkpoint's hash: 4bdfc29c",
    )  # fmt: skip


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


def test_a_webp_that_cameras_and_editors_wrote_beside_its_picture_is_read_alike():
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed; WebP pictures are read with it")
    kept = io.BytesIO()
    image.fromarray(hiding(RAW)).save(kept, "WEBP", lossless=True, exact=True, method=0)
    stream, size = kept.getvalue()[20:], image.open(kept).size
    found = inspect(webp(canvas(*size, 8), (b"VP8L", stream), (b"EXIF", b"odd")))
    assert found.leaks == ("internal name: koi", "EXIF data: 3 bytes")
    assert np.array_equal(found.encoders[0].vectors, V)


def refusal(data):
    with pytest.raises(FormatError) as caught:
        inspect(data)
    assert caught.value.message.endswith(".") and len(caught.value.message) < 500
    return caught.value.code


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
        data = SIGNATURE + header(shape[1], shape[0], colour=2 if shape[2] == 3 else 6) + chunk(b"IDAT", raw) + END
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
