"""The colour that keeps a picture's place until it has come: one of sixteen, since the pages take no inline styles."""

from __future__ import annotations

from PIL import Image

#: sRGB colours, muted so that none shouts; ``static/css/pictures.css`` has them by their numbers as ``.tone-0`` … ``.tone-15``.
PALETTE = (
    (0x1F, 0x1E, 0x1C), (0x5A, 0x57, 0x52), (0x96, 0x92, 0x8B), (0xD9, 0xD5, 0xCD),
    (0x7A, 0x2E, 0x2A), (0xB8, 0x5C, 0x4A), (0xC9, 0x8A, 0x45), (0xD6, 0xBE, 0x7A),
    (0x6F, 0x7A, 0x3A), (0x3F, 0x6B, 0x46), (0x4C, 0x8A, 0x82), (0x6E, 0xA8, 0xC4),
    (0x35, 0x5C, 0x8C), (0x2C, 0x35, 0x5C), (0x6A, 0x4E, 0x86), (0xB0, 0x7A, 0x9C),
)  # fmt: skip
#: How much more the eye sees of green than of blue (ITU-R BT.601).
_WEIGHTS = (0.299, 0.587, 0.114)


def tone(image: Image.Image) -> int | None:
    """Return the number of the palette's colour that is nearest to a picture's mean; None where the page shows through it."""
    if image.has_transparency_data:
        return None
    mean = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    return min(range(len(PALETTE)), key=lambda number: _distance(PALETTE[number], mean))


def _distance(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    return sum(weight * (a - b) ** 2 for weight, a, b in zip(_WEIGHTS, one, other, strict=True))
