"""Pictures come in as pixels only, and what a model drew says so."""

from __future__ import annotations

import io
import struct
import zlib
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from registry import storage
from registry.errors import RegistryError
from registry.pictures.previews import MAX_PICTURE_BYTES, read_picture, store_generated, to_webp
from tests.registry.samples import picture


def stored(data, filename="p.png"):
    result = read_picture(filename, data)
    assert (storage.put(result.data), len(result.data)) == (result.blob, result.size)
    return result, Image.open(io.BytesIO(storage.read(result.blob)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_kind_is_stored_as_webp(kind):
    result, image = stored(picture((40, 30), kind))
    assert (result.width, result.height) == image.size == (40, 30)
    assert image.format == "WEBP"
    red, green, blue = image.convert("RGB").getpixel((20, 15))
    assert red > 180
    assert green < 60
    assert blue < 60


def test_a_large_picture_is_reduced_to_768_pixels_and_keeps_its_shape():
    result, _ = stored(picture((2000, 1000), "JPEG"))
    assert (result.width, result.height) == (768, 384)


def test_a_camera_picture_is_turned_upright_and_tells_nothing_more():
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A camera"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    sideways = Image.new("RGB", (60, 20), (0, 0, 255))
    sideways.paste((255, 0, 0), (0, 0, 20, 20))
    file = io.BytesIO()
    sideways.save(file, "JPEG", exif=exif, icc_profile=profile, xmp=b"<secret/>", comment="secret", quality=95)
    result, image = stored(file.getvalue(), "photo.jpg")
    assert (result.width, result.height) == (20, 60)
    assert image.convert("RGB").getpixel((10, 5))[0] > 200  # what was left is now on top
    assert not image.getexif()
    assert not {"exif", "icc_profile", "xmp", "comment"} & {name for name, value in image.info.items() if value}
    assert b"secret" not in storage.read(result.blob)
    assert b"A camera" not in storage.read(result.blob)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_colours_of_another_space_are_brought_into_that_of_the_web(kind):
    """A profile whose red is the green of sRGB, and the other way round."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"?XYZ").replace(b"gXYZ", b"rXYZ").replace(b"?XYZ", b"gXYZ")
    _, image = stored(picture((40, 30), kind, colour=(250, 10, 10), icc_profile=swapped))
    red, green, _ = image.convert("RGB").getpixel((20, 15))
    assert green > 200 and red < 60
    assert not image.info.get("icc_profile")


@pytest.mark.parametrize("profile", [b"broken", b"x" * 200, "grey"])
def test_a_profile_that_does_not_fit_is_no_reason_against_a_picture(profile):
    if profile == "grey":
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    _, image = stored(picture((40, 30), "PNG", icc_profile=profile))
    assert image.convert("RGB").getpixel((20, 15))[0] > 180


def test_text_in_a_png_is_dropped():
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a secret prompt")
    result, _ = stored(picture(pnginfo=info))
    assert b"secret" not in storage.read(result.blob)


def test_transparency_is_kept():
    file = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(file, "PNG")
    _, image = stored(file.getvalue())
    assert image.mode == "RGBA"
    assert image.getpixel((5, 5))[3] == 0


def test_a_picture_with_sixteen_bits_keeps_its_tones():
    file = io.BytesIO()
    Image.new("I;16", (10, 10), 0x8000).save(file, "PNG")
    _, image = stored(file.getvalue())
    assert 110 < image.convert("RGB").getpixel((5, 5))[0] < 145


def bomb(width, height):
    """A PNG of a few dozen bytes that claims to be huge."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (b"GIF89a" + bytes(20), "bad_picture", "JPEG, PNG or WebP"),
        (b"not a picture", "bad_picture", "JPEG, PNG or WebP"),
        (b"", "bad_picture", "JPEG, PNG or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "bad_picture", "JPEG, PNG or WebP"),
        (picture((200, 200), "JPEG")[:-300], "bad_picture", "broken"),
        (picture((200, 200), "PNG")[:60], "bad_picture", "broken"),
        (bomb(10_000, 5_000), "too_large", "megapixels"),
        (bomb(60_000, 60_000), "too_large", "megapixels"),
        (bytes(MAX_PICTURE_BYTES + 1), "too_large", "20 MB"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_by_its_files_name(data, code, word):
    with pytest.raises(RegistryError) as refused:
        stored(data, filename="holiday.jpg")
    assert refused.value.code == code
    assert refused.value.message.startswith("holiday.jpg: ")
    assert word in refused.value.message


def test_a_picture_that_a_model_drew_says_so_and_others_do_not():
    image = Image.new("RGB", (32, 32), "green")
    assert b"trainedAlgorithmicMedia" in to_webp(image, generated=True)
    assert b"trainedAlgorithmicMedia" not in to_webp(image)
    result = store_generated(image)
    packet = ElementTree.fromstring(Image.open(io.BytesIO(storage.read(result.blob))).info["xmp"])
    mark = packet.find(".//{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType")
    assert mark.text == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    assert (result.width, result.height) == (32, 32)
