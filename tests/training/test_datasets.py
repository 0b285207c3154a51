"""Training images: what is taken, what it becomes, and what every bad file gets."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from PIL import Image

from tests.training.samples import bomb, encoded, picture
from training.datasets import (
    KEPT_SIDE_PIXELS,
    MAX_IMAGE_BYTES,
    MAX_IMAGES,
    check_files,
    check_image,
)
from training.errors import BadImage


def opened(checked):
    image = Image.open(io.BytesIO(checked.png))
    image.load()
    return image


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_accepted_format_becomes_a_plain_png_of_its_size(kind):
    checked = check_image(picture(1, (120, 80), kind), "a.bin")
    image = opened(checked)
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (120, 80))
    assert (checked.width, checked.height, checked.filename) == (120, 80, "a.bin")


def test_a_photograph_is_turned_upright_and_loses_its_metadata():
    image = Image.new("RGB", (200, 100), "white")
    image.paste("red", (0, 0, 100, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that the left side is up
    exif[0x010E] = "taken at home"
    data = encoded(image, "JPEG", exif=exif, comment=b"secret place", quality=95)
    assert b"secret place" in data and b"taken at home" in data
    checked = check_image(data, "photo.jpg")
    upright = opened(checked)
    assert upright.size == (100, 200)
    top, bottom = upright.getpixel((50, 20)), upright.getpixel((50, 180))
    assert top[1] < 60 and bottom[1] > 200  # red above, white below
    assert not upright.getexif() and not upright.info
    assert b"secret place" not in checked.png and b"taken at home" not in checked.png


def test_a_cut_out_keeps_its_mask_and_nothing_that_nobody_sees():
    image = Image.new("RGBA", (80, 80), (77, 66, 55, 0))
    image.paste((10, 20, 30, 255), (0, 0, 40, 80))
    image.paste((10, 20, 30, 128), (40, 0, 50, 80))
    image.info["comment"] = "taken at home"
    kept = opened(check_image(encoded(image), "a.png"))
    assert kept.getpixel((10, 10)) == (10, 20, 30, 255)
    assert kept.getpixel((45, 10)) == (10, 20, 30, 128)
    assert kept.getpixel((70, 10)) == (255, 255, 255, 0)
    assert not kept.info
    opaque = opened(check_image(encoded(Image.new("RGBA", (80, 80), (1, 2, 3, 255))), "b.png"))
    assert opaque.mode == "RGB"


def test_sixteen_bits_a_channel_keep_their_brightness():
    image = Image.new("I;16", (80, 80), 32_768)
    red, green, blue = opened(check_image(encoded(image), "scan.png")).getpixel((5, 5))
    assert red == green == blue and 126 <= red <= 129


def test_a_large_photograph_is_kept_at_the_size_that_trainers_use():
    checked = check_image(encoded(Image.effect_noise((3000, 2000), 40), "JPEG"), "big.jpg")
    assert min(checked.width, checked.height) == KEPT_SIDE_PIXELS
    assert checked.width / checked.height == pytest.approx(1.5, abs=0.01)


BAD = {
    "empty": (b"", "is empty"),
    "text": (b"hello" * 100, "no image"),
    "gif": (encoded(Image.new("RGB", (100, 100)), "GIF"), "no image"),
    "truncated": (encoded(Image.effect_noise((200, 200), 50))[:4000], "damaged"),
    "truncated jpeg": (encoded(Image.effect_noise((200, 200), 50), "JPEG")[:3000], "damaged"),
    "bomb": (bomb(), "pixels"),
    "over our limit only": (bomb(8000, 8000), "megapixels"),
    "too small": (encoded(Image.new("RGB", (63, 200))), "at least 64"),
    "too narrow": (encoded(Image.new("RGB", (64, 600))), "Crop"),
    "too many bytes": (b"\0" * (MAX_IMAGE_BYTES + 1), "20 MB"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_by_its_name_with_the_remedy(case):
    data, words = BAD[case]
    with pytest.raises(BadImage) as refusal:
        check_image(data, "holiday.png")
    assert refusal.value.message.startswith("holiday.png ")
    assert words in refusal.value.message
    assert refusal.value.field == "images"


def test_a_bomb_is_refused_without_being_unpacked():
    data = bomb(7000, 7200)
    tracemalloc.start()
    with pytest.raises(BadImage):
        check_image(data, "bomb.png")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(("count", "words"), [(0, "no image"), (2, "only 2"), (MAX_IMAGES + 1, "more than 50")])
def test_a_set_of_the_wrong_size_is_refused(count, words):
    with pytest.raises(BadImage, match=words):
        check_files((f"{index}.png", encoded(Image.new("RGB", (64, 64), (index, 0, 0)))) for index in range(count))


def test_files_beyond_the_limit_are_not_even_read():
    read = []

    def files():
        for index in range(1000):
            read.append(index)
            yield f"{index}.png", encoded(Image.new("RGB", (64, 64), (index % 256, index // 256, 0)))

    with pytest.raises(BadImage):
        check_files(files())
    assert len(read) == MAX_IMAGES + 1


def test_two_files_with_the_same_pixels_are_refused_by_name():
    same = Image.effect_noise((100, 100), 30)
    files = [("a.png", picture(1)), ("b.png", encoded(same)), ("c.png", encoded(same, compress_level=1))]
    with pytest.raises(BadImage, match=r"c\.png \(image 3\) is the same picture as b\.png \(image 2\)"):
        check_files(files)
