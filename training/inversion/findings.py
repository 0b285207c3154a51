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
from PIL import Image, ImageOps

from training.inversion.config import Kind
from training.inversion.images import upright

#: Images of a set: below FEW the background is learned along, beyond MANY nothing is added.
FEW_IMAGES, MANY_IMAGES = 5, 30
#: Longer side by shorter side from which on the middle square may miss the subject.
LONG_ASPECT = 2.0
#: Pixels of the side of the square that is measured: enough for sharpness, cheap for fifty images.
_SIDE = 128
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
#: Share of a side that a strip along the border takes.
_STRIP = 0.08
#: Bars around a picture: black or white within so many grey levels, at least this share of the side at both ends, and
#: followed by a line most of which is something else. A subject on a plain ground begins with a small part of a line.
BAR_LEVELS, BAR_SHARE, BAR_CONTRAST = 8.0, 0.04, 0.6


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


@dataclass(frozen=True, slots=True)
class _Measures:
    """What is kept of an image: a few numbers and thumbnails."""

    size: tuple[int, int]
    sharpness: float
    low: float  #: grey level that a twentieth of the pixels lie below
    high: float  #: grey level that a twentieth of the pixels lie above
    hash: np.ndarray  #: bool [64]
    mirrored: np.ndarray  #: bool [64], of the mirror image
    thumbnail: np.ndarray  #: float32 [16, 16, 3]
    strips: np.ndarray  #: float32 [4, 3]: mean colour of the strips along the borders
    bars: bool  #: whether it has bars at two opposite edges


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
    names = names or [f"image {number}" for number in range(1, len(images) + 1)]
    measures = [_measure(image) for image in images]
    found = [
        *_count(len(images)),
        *(finding for at, one in enumerate(measures) for finding in _single(at, one, names[at], resolution)),
        *_blurred(measures, names),
        *_copies(measures, names),
        *(_background(measures) if kind == "object" else []),
        *_same_captions(captions),
    ]
    order = list(Level)
    return sorted(found, key=lambda finding: order.index(finding.level))


def _measure(image: Image.Image) -> _Measures:
    picture = upright(image).convert("RGB")
    whole = np.asarray(picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float32)
    square = ImageOps.fit(picture, (_SIDE, _SIDE), Image.Resampling.BOX)
    colours = np.asarray(square, dtype=np.float32)
    grey = np.asarray(square.convert("L"), dtype=np.float32)
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    low, high = np.percentile(grey, [5, 95])
    width = max(1, round(_STRIP * _SIDE))
    strips = [colours[:width], colours[-width:], colours[:, :width], colours[:, -width:]]
    return _Measures(
        size=picture.size,
        sharpness=float(laplacian.var()),
        low=float(low),
        high=float(high),
        hash=_difference_hash(square),
        mirrored=_difference_hash(ImageOps.mirror(square)),
        thumbnail=np.asarray(square.resize((16, 16), Image.Resampling.BOX), dtype=np.float32),
        strips=np.stack([strip.reshape(-1, 3).mean(axis=0) for strip in strips]),
        bars=_has_bars(whole) or _has_bars(whole.T),
    )


def _difference_hash(image: Image.Image) -> np.ndarray:
    """64 bits: whether each of 8 x 8 places is clearly brighter than its right neighbour."""
    small = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), dtype=np.float32)
    # Clearly: the noise of a flat ground would otherwise set half of the bits.
    return (small[:, :-1] > small[:, 1:] + 2).reshape(-1)


def _has_bars(grey: np.ndarray) -> bool:
    """Whether the first and the last rows are bars around a picture."""
    tone = 0.0 if grey[0].mean() < 128 else 255.0
    flat = (np.abs(grey - tone) < BAR_LEVELS).all(axis=1)
    if flat.all():
        return False
    first, last = int(np.argmin(flat)), int(np.argmin(flat[::-1]))
    if min(first, last) < BAR_SHARE * len(grey):
        return False
    inner = [grey[first], grey[-last - 1]]
    return all((np.abs(line - tone) >= BAR_LEVELS).mean() > BAR_CONTRAST for line in inner)


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


def _single(at: int, one: _Measures, name: str, resolution: int) -> list[Finding]:
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


def _blurred(measures: Sequence[_Measures], names: Sequence[str]) -> list[Finding]:
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


def _copies(measures: Sequence[_Measures], names: Sequence[str]) -> list[Finding]:
    found = []
    for (first, one), (second, other) in combinations(enumerate(measures), 2):
        same = _near(one.hash, other.hash, one.thumbnail, other.thumbnail)
        mirror = _near(one.mirrored, other.hash, one.thumbnail[:, ::-1], other.thumbnail)
        if same or mirror:
            how = "nearly the same picture as" if same else "nearly the mirror image of"
            found.append(Finding(
                code="near_copy", level=Level.WARN, images=(first, second),
                message=f"{names[second]} is {how} {names[first]}. Keep one of the two: copies count double.",
            ))  # fmt: skip
    return found


def _near(first: np.ndarray, second: np.ndarray, thumbnail: np.ndarray, other: np.ndarray) -> bool:
    """Whether hashes and thumbnails of two pictures agree."""
    return int((first != second).sum()) <= NEAR_BITS and float(np.sqrt(((thumbnail - other) ** 2).mean())) < NEAR_LEVELS


def _background(measures: Sequence[_Measures]) -> list[Finding]:
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
