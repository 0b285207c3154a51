"""What is said of a set of images before training."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from training.inversion.findings import Finding, Level, examine, examine_measured
from training.inversion.measures import Measures, measure
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
    ("copy", "code", "word"),
    [
        (lambda image: image.resize((200, 200)).resize((256, 256)), "near_copy", "the same picture"),
        (lambda image: image.point(lambda value: min(255, value + 6)), "near_copy", "the same picture"),
        (ImageOps.mirror, "mirror_copy", "mirror image"),
    ],
)
def test_a_copy_is_found_enlarged_brightened_or_mirrored(copy, code, word):
    images = [*scenes(), copy(scene(1))]

    finding = found(images)[code]

    assert finding.images == (1, 6)
    assert word in finding.message


def shifted(image: Image.Image, by: int) -> Image.Image:
    """The picture moved to the right, its ground going on at the left."""
    moved = Image.new("RGB", image.size, image.getpixel((0, 0)))
    moved.paste(image, (by, 0))
    return moved


def test_a_subject_that_runs_out_of_the_picture_is_told_and_one_inside_is_not():
    objects = [concept for concept in CONCEPTS.values() if concept.kind == "object"]
    cut = whole = 0
    for concept in objects:
        for image in draw(concept, 4, 1):
            whole += "cut" in found([image], 64)
            cut += "cut" in found([shifted(image, 22)], 64)
    assert whole == 0 and cut > 0.7 * 4 * len(objects)
    assert "cut" not in found([shifted(draw(objects[0], 1, 1)[0], 22)], 64, kind="style")


def test_where_there_is_no_plain_ground_nothing_is_said_to_be_cut():
    table = Image.new("RGB", (256, 256), "linen")
    table.paste((90, 60, 30), (0, 180, 256, 256))  # from side to side: a table, not a subject
    for image in (*scenes(12), table):
        assert "cut" not in found([image])


def marked(image: Image.Image, *, size: int = 14, alpha: int = 230) -> Image.Image:
    image = image.copy()
    ImageDraw.Draw(image, "RGBA").text((150, 230), "(c) HUB", fill=(255, 255, 255, alpha), font_size=size)
    return image


@pytest.mark.parametrize(("count", "size", "alpha"), [(6, 14, 230), (8, 11, 230), (8, 18, 110)])
def test_a_mark_at_the_same_place_of_all_pictures_is_found(count, size, alpha):
    images = [marked(image, size=size, alpha=alpha) for image in scenes(count)]
    assert found(images)["watermark"].images == ()
    assert "watermark" not in found([image.crop((0, 0, 225, 225)) for image in images])


def test_what_pictures_have_in_common_by_nature_is_no_mark():
    for concept in CONCEPTS.values():
        assert "watermark" not in found(draw(concept, 6, 0), 64, kind=concept.kind)
    assert "watermark" not in found([marked(image) for image in scenes(3)] + scenes(8)[3:])
    ground = []
    for seed in range(5):  # one room, and something else in its middle each time
        room = scene(99)
        room.paste(scene(seed, (130, 130)), (63, 63))
        ground.append(room)
    assert set(found(ground)) == {"same_background"}


def test_a_border_of_any_colour_is_found():
    images = scenes()
    images[3] = ImageOps.expand(scene(3).crop((20, 20, 236, 236)), 20, fill=(40, 90, 160))
    assert found(images)["bars"].images == (3,)


def test_what_was_measured_can_be_kept_and_says_the_same():
    images = [*scenes(), ImageOps.mirror(scene(1)), shifted(draw(CONCEPTS["koi"], 1, 1)[0], 22)]
    images = [marked(image.resize((256, 256))) for image in images]
    kept = [Measures.from_json(json.loads(json.dumps(measure(image).to_json()))) for image in images]
    said = examine(images, resolution=300, kind="object")
    assert {"watermark", "mirror_copy", "cut", "small"} <= {finding.code for finding in said}
    assert examine_measured(kept, resolution=300, kind="object") == said


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
