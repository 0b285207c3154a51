"""What is measured of a training image: a few numbers, small enough to be kept beside it. numpy and Pillow only, no torch.

Everything but the bars is measured on the middle square that the trainer will see.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from training.inversion.images import upright

#: Pixels of the side of the square that is measured: enough for sharpness, cheap for fifty images.
_SIDE = 128
#: Share of a side that a strip along the border takes.
_STRIP = 0.08
#: Bars around a picture: one flat tone within so many grey levels, at least this share of the side at both ends, and
#: followed by a line most of which is something else. A subject on a plain ground begins with a small part of a line.
BAR_LEVELS, BAR_SHARE, BAR_CONTRAST = 8.0, 0.04, 0.6
#: Pixels of the side in which a subject that runs out of the picture is looked for.
_CUT_SIDE = 64
#: Levels of any colour channel by which a pixel differs from the ground.
CUT_LEVELS = 40
#: Most of the border that may differ from the ground: beyond it there is no plain ground to tell a subject from.
CUT_BORDER = 0.3
#: Shares of one side that a subject crosses: less is a speck, more is a table or a horizon.
CUT_RUN = (0.12, 0.9)
#: Shares of the picture that what crosses the border takes.
CUT_AREA = (0.03, 0.75)
#: Pixels of the side in which marks that come again in every picture are looked for, and of what each is compared with.
MARK_SIDE, _MARK_AROUND = 96, 9


@dataclass(frozen=True, slots=True)
class Measures:
    """What is kept of an image: a few numbers and thumbnails."""

    size: tuple[int, int]
    sharpness: float
    low: float  #: grey level that a twentieth of the pixels lie below
    high: float  #: grey level that a twentieth of the pixels lie above
    hash: np.ndarray  #: bool [64]
    mirrored: np.ndarray  #: bool [64], of the mirror image
    thumbnail: np.ndarray  #: uint8 [16, 16, 3]
    strips: np.ndarray  #: float32 [4, 3]: mean colour of the strips along the borders
    bars: bool  #: whether it has bars at two opposite edges
    cut: bool  #: whether its subject runs out of it
    relief: np.ndarray  #: int8 [96, 96]: by how many grey levels each place of the whole picture is lighter than around

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, about thirteen kilobytes of them."""
        return {
            "size": list(self.size), "sharpness": self.sharpness, "low": self.low, "high": self.high, "bars": self.bars,
            "cut": self.cut, "strips": self.strips.round(2).tolist(), "thumbnail": _text(self.thumbnail),
            "relief": _text(self.relief), "hash": _text(np.packbits(self.hash)), "mirrored": _text(np.packbits(self.mirrored)),
        }  # fmt: skip

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Measures:
        """What :meth:`to_json` wrote."""
        bits = {name: np.unpackbits(_bytes(values[name])).astype(bool) for name in ("hash", "mirrored")}
        plain = {name: values[name] for name in ("sharpness", "low", "high", "bars", "cut")}
        return cls(
            size=tuple(values["size"]), thumbnail=_bytes(values["thumbnail"]).reshape(16, 16, 3),
            strips=np.array(values["strips"], dtype=np.float32), relief=_bytes(values["relief"]).view(np.int8).reshape(MARK_SIDE, MARK_SIDE),
            **plain, **bits,
        )  # fmt: skip


def measure(image: Image.Image) -> Measures:
    """Measure an image, which may be large: what is kept is small."""
    picture = upright(image).convert("RGB")
    whole = picture.convert("L")
    square = ImageOps.fit(picture, (_SIDE, _SIDE), Image.Resampling.BOX)
    colours = np.asarray(square, dtype=np.float32)
    grey = np.asarray(square.convert("L"), dtype=np.float32)
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    low, high = np.percentile(grey, [5, 95])
    width = max(1, round(_STRIP * _SIDE))
    strips = [colours[:width], colours[-width:], colours[:, :width], colours[:, -width:]]
    lines = _reduced(whole, _SIDE)
    relief = _above_surrounding(_reduced(whole, MARK_SIDE))
    return Measures(
        size=picture.size,
        sharpness=float(laplacian.var()),
        low=float(low),
        high=float(high),
        hash=difference_hash(square),
        mirrored=difference_hash(ImageOps.mirror(square)),
        thumbnail=np.asarray(square.resize((16, 16), Image.Resampling.BOX)),
        strips=np.stack([strip.reshape(-1, 3).mean(axis=0) for strip in strips]),
        bars=_has_bars(lines) or _has_bars(lines.T),
        cut=_is_cut(np.asarray(square.resize((_CUT_SIDE, _CUT_SIDE), Image.Resampling.BOX), dtype=np.float32)),
        relief=relief.clip(-127, 127).round().astype(np.int8),
    )


def _reduced(grey: Image.Image, side: int) -> np.ndarray:
    """Grey levels float32 [side, side] of a whole picture, whatever its shape."""
    return np.asarray(grey.resize((side, side), Image.Resampling.BOX), dtype=np.float32)


def difference_hash(image: Image.Image) -> np.ndarray:
    """64 bits: whether each of 8 x 8 places is clearly brighter than its right neighbour."""
    small = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), dtype=np.float32)
    # Clearly: the noise of a flat ground would otherwise set half of the bits.
    return (small[:, :-1] > small[:, 1:] + 2).reshape(-1)


def _has_bars(grey: np.ndarray) -> bool:
    """Whether the first and the last rows are bars of one tone around a picture."""
    tone = float(np.median(grey[[0, -1]]))
    flat = (np.abs(grey - tone) < BAR_LEVELS).all(axis=1)
    if flat.all():
        return False
    first, last = int(np.argmin(flat)), int(np.argmin(flat[::-1]))
    if min(first, last) < BAR_SHARE * len(grey):
        return False
    inner = [grey[first], grey[-last - 1]]
    return all((np.abs(line - tone) >= BAR_LEVELS).mean() > BAR_CONTRAST for line in inner)


def _is_cut(colours: np.ndarray) -> bool:
    """Whether something that stands on a plain ground runs out of the picture. Without a plain ground nobody can tell."""
    border = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
    differs = np.abs(colours - np.median(border, axis=0)).max(axis=-1) > CUT_LEVELS
    sides = [differs[0], differs[-1], differs[:, 0], differs[:, -1]]
    if np.concatenate(sides).mean() > CUT_BORDER:
        return False
    for number, side in enumerate(sides):
        start, length = _longest_run(side)
        if CUT_RUN[0] <= length / len(side) <= CUT_RUN[1]:
            line = [np.s_[0, :], np.s_[-1, :], np.s_[:, 0], np.s_[:, -1]][number]
            crossing = np.zeros_like(differs)
            crossing[line][start : start + length] = True
            if CUT_AREA[0] <= connected(differs, crossing).mean() <= CUT_AREA[1]:
                return True
    return False


def _longest_run(line: np.ndarray) -> tuple[int, int]:
    """Where the longest run of true values of a line begins, and its length."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(np.int8), [0]])))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    if not len(starts):
        return 0, 0
    longest = int(lengths.argmax())
    return int(starts[longest]), int(lengths[longest])


def connected(mask: np.ndarray, start: np.ndarray) -> np.ndarray:
    """What of a mask bool [h, w] hangs together with those places of it where ``start`` is true."""
    region = mask & start
    while True:
        grown = region.copy()
        grown[1:] |= region[:-1]
        grown[:-1] |= region[1:]
        grown[:, 1:] |= region[:, :-1]
        grown[:, :-1] |= region[:, 1:]
        grown &= mask
        if (grown == region).all():
            return region
        region = grown


def _above_surrounding(grey: np.ndarray) -> np.ndarray:
    """By how many grey levels each pixel is lighter than the mean of what is around it."""
    margin = _MARK_AROUND // 2
    padded = np.pad(grey, margin, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (_MARK_AROUND, _MARK_AROUND))
    return grey - windows.mean(axis=(2, 3))


def _text(numbers: np.ndarray) -> str:
    return base64.b85encode(numbers.tobytes()).decode()


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(base64.b85decode(text), dtype=np.uint8)
