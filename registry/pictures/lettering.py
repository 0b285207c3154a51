"""Writing into pictures in whatever scripts the fonts of this machine have, a character in the first font that has it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

from PIL import ImageDraw, ImageFont

#: Fonts that are looked for on this machine; each character is written in the first that has it. Pillow's own has little
#: but English.
_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "DroidSansFallbackFull.ttf",
    "wqy-microhei.ttc",
)
#: A character of no font: what a font draws for it, it draws for everything that it lacks.
_NOWHERE = "\U0010fffd"
#: Height of a line, as a part of the size of its letters.
_LEADING = 1.25


class Pen:
    """Writes in one size of letters; places are (left, baseline) in pixels."""

    def __init__(self, draw: ImageDraw.ImageDraw, size: int) -> None:
        self._draw = draw
        self._size = size

    def can_write(self, text: str) -> bool:
        """Whether every character is in some font."""
        return all(_font_of(character, self._size) is not None for character in text)

    def width(self, text: str) -> float:
        """Pixels that a text takes in one line."""
        return sum(self._draw.textlength(part, font) for part, font in self._parts(text))

    def write_line(self, text: str, place: tuple[int, int], width: int, colour: str) -> None:
        """Write one line, cut where it would be wider than ``width``."""
        if self.width(text) > width:
            text = text[: self._fitting(text, width - self.width("…"))].rstrip() + "…"
        left, baseline = place
        for part, font in self._parts(text):
            self._draw.text((left, baseline), part, font=font, fill=colour, anchor="ls")
            left += self._draw.textlength(part, font)

    def write_lines(self, text: str, place: tuple[int, int], width: int, colour: str, *, most: int) -> int:
        """Write at most so many lines, broken at spaces, or anywhere in a script without them; return the next baseline."""
        left, baseline = place
        for number in range(most):
            last = number == most - 1
            line = text if last else text[: self._break(text, width)]
            self.write_line(line.rstrip(), (left, baseline), width, colour)
            baseline += int(self._size * _LEADING)
            text = text[len(line) :].lstrip()
            if not text:
                break
        return baseline

    def _parts(self, text: str) -> Iterator[tuple[str, ImageFont.FreeTypeFont]]:
        """The text in stretches of one font."""
        plain = ImageFont.load_default(self._size)
        fonts = ((character, _font_of(character, self._size) or plain) for character in text)
        for _, stretch in groupby(fonts, key=lambda pair: id(pair[1])):
            pairs = list(stretch)
            yield "".join(character for character, _ in pairs), pairs[0][1]

    def _fitting(self, text: str, width: float) -> int:
        """How many characters go into a line; at least one."""
        fitting = len(text)
        while fitting > 1 and self.width(text[:fitting]) > width:
            fitting -= 1
        return fitting

    def _break(self, text: str, width: int) -> int:
        """Where a line ends: after the last space that fits, else where the width does."""
        fitting = self._fitting(text, width)
        space = text.rfind(" ", 0, fitting + 1)
        return fitting if fitting == len(text) or space <= 0 else space


@lru_cache(maxsize=8)
def _fonts(size: int) -> list[ImageFont.FreeTypeFont]:
    """The fonts that are there."""
    found = []
    for name in _FONTS:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return [*found, ImageFont.load_default(size)]


@lru_cache(maxsize=4096)
def _font_of(character: str, size: int) -> ImageFont.FreeTypeFont | None:
    """The first font that has a character; spaces are in all."""
    fonts = _fonts(size)
    if character.isspace():
        return fonts[0]
    return next((font for font in fonts if _look(font, character) != _look(font, _NOWHERE)), None)


def _look(font: ImageFont.FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes]:
    """What a font draws for a character: the same for all that it lacks."""
    mask = font.getmask(character)
    return mask.size, bytes(mask)
