"""What is said of a set of images before training."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from training.inversion.findings import Finding, Level, examine
from training.pocket.concepts import CONCEPTS, draw


def scene(seed: int, size: tuple[int, int] = (256, 256)) -> Image.Image:
    """A picture with structure at every scale, as photographs have: noise of several sizes added up."""
    rng = np.random.default_rng(seed)
    pixels = np.zeros((size[1], size[0], 3), dtype=np.float32)
    for cells in (3, 6, 12, 24, 48, 96):
        noise = rng.uniform(0, 255, (cells, cells, 3)).astype(np.uint8)
        layer = Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)
        pixels += (np.asarray(layer, dtype=np.float32) - 128) / 1.6
    return Image.fromarray(np.clip(pixels + 128, 0, 255).astype(np.uint8))


def scenes(count: int = 6) -> list[Image.Image]:
    return [scene(seed) for seed in range(count)]


def found(images: list[Image.Image], resolution: int = 256, kind: str = "object") -> dict[str, Finding]:
    return {finding.code: finding for finding in examine(images, resolution=resolution, kind=kind)}


def test_nothing_is_said_of_a_good_set():
    assert found(scenes()) == {}


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("blurred", lambda image: image.filter(ImageFilter.GaussianBlur(12))),
        ("dark", lambda image: image.point(lambda value: value // 9)),
        ("bright", lambda image: image.point(lambda value: 235 + value // 13)),
        ("bars", lambda image: ImageOps.pad(image.crop((0, 40, 256, 216)), (256, 256), color="black")),
        ("long", lambda image: image.crop((0, 0, 256, 100)).resize((700, 300))),
    ],
)
def test_one_bad_image_in_a_good_set_is_named(code, change):
    images = scenes()
    images[2] = change(images[2])

    finding = found(images)[code]

    assert finding.images == (2,)
    assert finding.message.startswith("image 3 ")


@pytest.mark.parametrize(
    ("copy", "word"),
    [
        (lambda image: image.resize((200, 200)).resize((256, 256)), "the same picture"),
        (lambda image: image.point(lambda value: min(255, value + 6)), "the same picture"),
        (ImageOps.mirror, "mirror image"),
    ],
)
def test_a_copy_is_found_enlarged_brightened_or_mirrored(copy, word):
    images = [*scenes(), copy(scene(1))]

    finding = found(images)["near_copy"]

    assert finding.images == (1, 6)
    assert word in finding.message


def test_an_image_far_below_the_resolution_is_refused_and_a_little_below_is_a_warning():
    images = scenes()
    images[0] = scene(0, (120, 120))
    images[1] = scene(1, (200, 200))

    findings = examine(images, resolution=256, kind="object", names=[f"{at}.png" for at in range(6)])

    assert [(finding.code, finding.level, finding.images) for finding in findings] == [
        ("too_small", Level.REFUSE, (0,)),
        ("small", Level.WARN, (1,)),
    ]
    assert "0.png is 120 × 120 pixels" in findings[0].message


def test_a_shared_background_is_told_of_an_object_and_not_of_a_style():
    images = []
    for seed in range(6):
        ground = Image.new("RGB", (256, 256), (90, 120, 150))
        ground.paste(scene(seed, (140, 140)), (58, 58))
        images.append(ground)

    assert found(images)["same_background"].images == ()
    assert "same_background" not in found(images, kind="style")


@pytest.mark.parametrize(("count", "code"), [(3, "few_images"), (31, "many_images")])
def test_too_few_and_too_many_are_notes(count, code):
    assert found(scenes(count))[code].level == Level.NOTE


def test_a_finding_is_plain_json():
    assert found(scenes(3))["few_images"].to_dict() == {
        "code": "few_images",
        "level": "note",
        "message": "3 images work, but 5 to 10 that differ in place and background teach more.",
        "images": [],
    }


def test_drawings_that_the_pocket_model_learns_from_are_refused_by_nothing():
    for concept in CONCEPTS.values():
        findings = examine(draw(concept, 5, 0), resolution=64, kind=concept.kind)
        assert not [finding for finding in findings if finding.level == Level.REFUSE]


def test_captions_that_are_all_the_same_are_told():
    def codes(*captions):
        return {finding.code for finding in examine([], resolution=64, kind="style", captions=captions)}

    assert "same_captions" in codes("a {}", "a {}")
    assert "same_captions" not in codes("a {}", "a red {}") | codes("a {}") | codes()
