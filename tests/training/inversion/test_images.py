"""Pictures of every kind that cameras and programs write, as the trainer sees them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from training.inversion.data import to_mask, to_pixels
from training.inversion.errors import BadImages
from training.inversion.findings import examine
from training.inversion.images import read_images

SIDE = 16
#: A rising grey, whose mean everything else is compared to.
RAMP = np.linspace(0, 255, SIDE * SIDE).reshape(SIDE, SIDE).astype(np.uint8)


def read(path):
    [image] = read_images([path])
    return image


@pytest.mark.parametrize("name", ["grey.png", "grey.tif"])
def test_sixteen_bits_of_grey_are_scaled_and_not_cut_off(tmp_path, name):
    Image.fromarray(RAMP.astype(np.uint16) * 257).save(tmp_path / name)
    image, plain = read(tmp_path / name), Image.fromarray(RAMP)
    assert np.allclose(to_pixels(image, SIDE), to_pixels(plain, SIDE), atol=1 / 127)
    assert "bright" not in {finding.code for finding in examine([image], resolution=SIDE, kind="object")}
    assert to_mask(image, 4).min() == 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F"])
def test_pictures_of_every_mode_are_read(tmp_path, mode):
    path = tmp_path / "a.tif"
    Image.fromarray(RAMP).convert(mode).save(path)
    pixels = to_pixels(read(path), SIDE)
    assert pixels.shape == (3, SIDE, SIDE) and abs(float(pixels.mean())) < 0.1


def test_a_picture_with_damaged_metadata_is_named(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.webp"
    Image.fromarray(RAMP).convert("RGB").save(path, exif=exif, lossless=True)
    data = path.read_bytes()
    assert read(path).size == (SIDE, SIDE)
    path.write_bytes(data.replace(b"MM\0*", b"MM\0\xff"))
    with pytest.raises(BadImages, match=r"turned\.webp cannot be read"):
        read(path)
