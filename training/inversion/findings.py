"""What is wrong with a set of training images, told before a minute is spent on it. numpy and Pillow only, no torch.

Everything is measured on the middle square that the trainer will see, and what has no absolute scale (sharpness) is
measured against the rest of the set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np
from PIL import Image

from training.inversion.config import Kind
from training.inversion.marks import has_common_mark
from training.inversion.measures import Measures, measure

#: Images of a set: below FEW the background is learned along, beyond MANY nothing is added.
FEW_IMAGES, MANY_IMAGES = 5, 30
#: Longer side by shorter side from which on the middle square may miss the subject.
LONG_ASPECT = 2.0
#: Sharpness (variance of the Laplacian) below this share of the set's median stands out as blurred.
BLUR_SHARE = 0.08
#: Below this variance of a whole set's sharpest image nothing in it has an edge. Grey levels squared.
MIN_SHARPNESS = 4.0
#: Grey level (0..255) that all but a twentieth of an image's pixels lie below when it is dark, and above when it is bright.
DARK_LEVEL, BRIGHT_LEVEL = 40, 230
#: Bits of the 64 of a difference hash in which near copies may differ, and grey levels (root mean square) between their
#: thumbnails: the hash alone finds one texture in two pictures, the thumbnails alone one dark scene in two.
NEAR_BITS, NEAR_LEVELS = 8, 14.0
#: Root mean square distance of two border strips, in grey levels, below which they count as the same background.
SAME_BACKGROUND = 12.0


class Level(StrEnum):
    """How serious a finding is."""

    REFUSE = "refuse"  #: training would be a waste
    WARN = "warn"  #: training will work, but worse than it could
    NOTE = "note"  #: worth knowing


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found, in a sentence that says what to do about it."""

    code: str
    level: Level
    message: str
    images: tuple[int, ...] = ()  #: positions of the images concerned; none for the whole set

    def to_dict(self) -> dict[str, object]:
        """Plain JSON values."""
        return {
            "code": self.code,
            "level": self.level.value,
            "message": self.message,
            "images": list(self.images),
        }


def examine(
    images: Sequence[Image.Image],
    *,
    resolution: int,
    kind: Kind,
    names: Sequence[str] = (),
    captions: Sequence[str] = (),
) -> list[Finding]:
    """Return what is to be said of images for a base model of ``resolution`` pixels, the most serious first.

    Pictures of a style may share a background, pictures of an object may not. ``names`` are what people know the images by; without them they are numbered from 1.
    """
    return examine_measured(
        [measure(image) for image in images], resolution=resolution, kind=kind, names=names, captions=captions
    )


def examine_measured(
    measures: Sequence[Measures],
    *,
    resolution: int,
    kind: Kind,
    names: Sequence[str] = (),
    captions: Sequence[str] = (),
) -> list[Finding]:
    """As :func:`examine`, of images that were measured before."""
    names = names or [f"image {number}" for number in range(1, len(measures) + 1)]
    copies = _copies(measures, names)
    repeated = {finding.images[1] for finding in copies}
    distinct = [one for at, one in enumerate(measures) if at not in repeated]
    found = [
        *_count(len(measures)),
        *(finding for at, one in enumerate(measures) for finding in _single(at, one, names[at], resolution)),
        *_blurred(measures, names),
        *copies,
        *(_cut(measures, names) + _background(measures) if kind == "object" else []),
        *_marks(distinct),
        *_same_captions(captions),
    ]
    order = list(Level)
    return sorted(found, key=lambda finding: order.index(finding.level))


def _count(images: int) -> list[Finding]:
    if images < FEW_IMAGES:
        return [Finding(
            code="few_images", level=Level.NOTE,
            message=f"{images} {'image works' if images == 1 else 'images work'}, but {FEW_IMAGES} to 10 that differ in place and background teach more.",
        )]  # fmt: skip
    if images > MANY_IMAGES:
        return [Finding(
            code="many_images", level=Level.NOTE,
            message=f"{images} images are more than a few vectors can hold; the {FEW_IMAGES} to 20 best do as well.",
        )]  # fmt: skip
    return []


def _single(at: int, one: Measures, name: str, resolution: int) -> list[Finding]:
    found = []
    width, height = one.size
    shorter = min(width, height)
    if shorter * 2 < resolution:
        found.append(("too_small", Level.REFUSE, f"{name} is {width} × {height} pixels, less than half of the "
                      f"{resolution} that this base model draws; the blur would be learned. Use a larger picture."))  # fmt: skip
    elif shorter < resolution:
        found.append(("small", Level.WARN, f"{name} is {width} × {height} pixels and will be enlarged to {resolution}; "
                      "some of the blur is learned."))  # fmt: skip
    if max(width, height) > LONG_ASPECT * shorter:
        found.append(("long", Level.WARN, f"{name} is {width} × {height} pixels and only its middle square is seen. "
                      "Crop it yourself if what matters is not in the middle."))  # fmt: skip
    if one.high < DARK_LEVEL:
        found.append(("dark", Level.WARN, f"{name} is very dark. Brighten it or leave it out."))
    elif one.low > BRIGHT_LEVEL:
        found.append(("bright", Level.WARN, f"{name} is very bright. Darken it or leave it out."))
    if one.bars:
        found.append(
            (
                "bars",
                Level.WARN,
                f"{name} has bars along two edges, and they would be learned. Crop them off.",
            )
        )
    return [Finding(code=code, level=level, message=message, images=(at,)) for code, level, message in found]


def _blurred(measures: Sequence[Measures], names: Sequence[str]) -> list[Finding]:
    if len(measures) < 2:
        return []
    sharpness = np.array([one.sharpness for one in measures])
    median = float(np.median(sharpness))
    return [
        Finding(code="blurred", level=Level.WARN, images=(at,),
                message=f"{names[at]} is much less sharp than the others. Leave it out or replace it.")
        for at, value in enumerate(sharpness)
        if median > MIN_SHARPNESS and value < BLUR_SHARE * median
    ]  # fmt: skip


def _copies(measures: Sequence[Measures], names: Sequence[str]) -> list[Finding]:
    found = []
    for (first, one), (second, other) in combinations(enumerate(measures), 2):
        same = _near(one.hash, other.hash, one.thumbnail, other.thumbnail)
        mirror = _near(one.mirrored, other.hash, one.thumbnail[:, ::-1], other.thumbnail)
        if same or mirror:
            how = "nearly the same picture as" if same else "nearly the mirror image of"
            found.append(Finding(
                code="near_copy" if same else "mirror_copy", level=Level.WARN, images=(first, second),
                message=f"{names[second]} is {how} {names[first]}. Keep one of the two: copies count double.",
            ))  # fmt: skip
    return found


def _near(first: np.ndarray, second: np.ndarray, thumbnail: np.ndarray, other: np.ndarray) -> bool:
    """Whether hashes and thumbnails of two pictures agree."""
    distance = thumbnail.astype(np.float32) - other
    return int((first != second).sum()) <= NEAR_BITS and float(np.sqrt((distance**2).mean())) < NEAR_LEVELS


def _cut(measures: Sequence[Measures], names: Sequence[str]) -> list[Finding]:
    return [
        Finding(code="cut", level=Level.WARN, images=(at,),
                message=f"What {names[at]} shows runs out of the square that is learned from. Crop it so that all of it "
                "is inside, or use another picture.")
        for at, one in enumerate(measures)
        if one.cut
    ]  # fmt: skip


def _marks(distinct: Sequence[Measures]) -> list[Finding]:
    if not has_common_mark([one.relief for one in distinct]):
        return []
    return [Finding(
        code="watermark", level=Level.WARN,
        message="Something stands at the same place near an edge of all images: a watermark, a logo or a date. It would be "
        "learned. Crop it off.",
    )]  # fmt: skip


def _background(measures: Sequence[Measures]) -> list[Finding]:
    """Whether all pictures stand on one background, which is then part of what is learned."""
    if len(measures) < 3:
        return []
    strips = np.stack([one.strips for one in measures])
    spread = float(np.sqrt(((strips - strips.mean(axis=0)) ** 2).mean()))
    if spread >= SAME_BACKGROUND:
        return []
    return [Finding(
        code="same_background", level=Level.WARN,
        message="All images have nearly the same background, and it will be learned as part of the word. "
        "Mix in other backgrounds, or say what it is in a caption.",
    )]  # fmt: skip


def _same_captions(captions: Sequence[str]) -> list[Finding]:
    """Captions are there to take out of the word what is not part of it; one for all of them does not."""
    if len(captions) < 2 or len(set(captions)) > 1:
        return []
    return [Finding(
        code="same_captions", level=Level.WARN,
        message="All images have the same caption. Say in each what else is to be seen, or give none.",
    )]  # fmt: skip
