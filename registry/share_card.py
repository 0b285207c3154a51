"""The picture that other sites show beside a link to an embedding: its cover, title and token, 1200 × 630 pixels."""

from __future__ import annotations

import hashlib
import io
import json
from functools import lru_cache

from django.urls import reverse
from PIL import Image, ImageDraw, ImageFont

from registry import storage
from registry.models import Embedding, Preview, Version
from registry.previews import _GENERATED_XMP

#: The size that sites ask for (Open Graph).
WIDTH, HEIGHT = 1200, 630
JPEG_QUALITY = 84
#: Raised when cards are drawn otherwise, so that their addresses change.
_DESIGN = 1
_DIGEST_CHARACTERS = 12
#: Cards that a process keeps; each has about 60 KB and takes 30 ms to draw.
_KEPT = 64
#: Fonts by how much they can write, the first that has every character is taken; Pillow's own has little but English.
_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "DroidSansFallbackFull.ttf",
    "wqy-microhei.ttc",
)
_GROUND, _INK, _SOFT, _ACCENT, _EMPTY = "#faf9f7", "#1d1b18", "#5d574e", "#b46a00", "#f1efeb"
_MARGIN = 56
#: A character of no font: what a font draws for it, it draws for everything that it lacks.
_NOWHERE = "\U0010fffd"


def address(embedding: Embedding, version: Version) -> str:
    """The path of a version's card. It changes with whatever is on the card, so it may be kept for ever."""
    return reverse("registry:card", args=[version.pk, digest(embedding, version)])


def digest(embedding: Embedding, version: Version) -> str:
    """What the address of a card has to say of its content."""
    told = json.dumps([_DESIGN, *_texts(embedding), version.cover.blob if version.cover else ""])
    return hashlib.sha256(told.encode()).hexdigest()[:_DIGEST_CHARACTERS]


def draw(embedding: Embedding, version: Version) -> bytes:
    """Return the card as a JPEG; with a picture that a model drew on it, it is marked as such in the file and to the eye."""
    cover = version.cover
    generated = cover is not None and cover.source == Preview.Source.GENERATED
    return _drawn(_texts(embedding), cover.blob if cover else "", generated)


def _texts(embedding: Embedding) -> tuple[str, str, str, str]:
    """Title, token, base family, path: nothing that depends on the reader's language, for all readers get one card."""
    return embedding.title, embedding.token, embedding.get_base_display(), str(embedding)


@lru_cache(maxsize=_KEPT)
def _drawn(texts: tuple[str, str, str, str], blob: str, generated: bool) -> bytes:
    title, token, base, path = texts
    card = Image.new("RGB", (WIDTH, HEIGHT), _GROUND)
    _place_cover(card, blob)
    pen = ImageDraw.Draw(card)
    if generated:
        _label(pen, "AI", (24, HEIGHT - 24))
    left, right = HEIGHT + _MARGIN, WIDTH - _MARGIN
    _write_mark(pen, left)
    # A title that no font here can write would be a row of boxes; the path is always written in plain letters.
    heading = title if _font_for(title, 46) else path
    below = _write_lines(pen, heading, 46, (left, 150), right - left, most=4)
    if token_font := _font_for(token, 34):
        _write_line(pen, token, token_font, (left, below + 24), right - left, _ACCENT)
    small = _font_for(base, 26) or ImageFont.load_default(26)
    _write_line(pen, base, small, (left, HEIGHT - _MARGIN - 70), right - left, _SOFT)
    if heading != path:
        _write_line(pen, path, small, (left, HEIGHT - _MARGIN - 30), right - left, _SOFT)
    file = io.BytesIO()
    card.save(file, "JPEG", quality=JPEG_QUALITY, xmp=_GENERATED_XMP if generated else b"")
    return file.getvalue()


def _place_cover(card: Image.Image, blob: str) -> None:
    """Fill the square at the left; with the mark where there is no picture."""
    if blob:
        with Image.open(io.BytesIO(storage.read(blob))) as stored:
            cover = stored.convert("RGBA")
        side = min(cover.size)
        left, top = (cover.width - side) // 2, (cover.height - side) // 2
        square = cover.crop((left, top, left + side, top + side)).resize((HEIGHT, HEIGHT), Image.Resampling.BICUBIC)
        card.paste(_EMPTY, (0, 0, HEIGHT, HEIGHT))
        card.paste(square, (0, 0), square)
        return
    card.paste(_EMPTY, (0, 0, HEIGHT, HEIGHT))
    pen = ImageDraw.Draw(card)
    pen.text((HEIGHT // 2, HEIGHT // 2), "S*", font=ImageFont.load_default(220), fill=_SOFT, anchor="mm")


def _write_mark(pen: ImageDraw.ImageDraw, left: int) -> None:
    font = ImageFont.load_default(38)
    pen.text((left, _MARGIN), "S", font=font, fill=_INK)
    pen.text((left + pen.textlength("S", font), _MARGIN), "*", font=font, fill=_ACCENT)
    pen.text((left + pen.textlength("S* ", font), _MARGIN + 8), "Starword", font=ImageFont.load_default(28), fill=_SOFT)


def _label(pen: ImageDraw.ImageDraw, text: str, corner: tuple[int, int]) -> None:
    """A small label whose lower left corner is at ``corner``."""
    font = ImageFont.load_default(28)
    left, bottom = corner
    width = int(pen.textlength(text, font)) + 28
    pen.rounded_rectangle((left, bottom - 46, left + width, bottom), radius=8, fill=_GROUND)
    pen.text((left + width // 2, bottom - 23), text, font=font, fill=_INK, anchor="mm")


def _write_lines(
    pen: ImageDraw.ImageDraw, text: str, size: int, corner: tuple[int, int], width: int, *, most: int
) -> int:
    """Write a text in at most so many lines, broken between words, or anywhere in a script without spaces; return the lower end."""
    font = _font_for(text, size) or ImageFont.load_default(size)
    lines, rest = [], text
    while rest and len(lines) < most:
        fitting = _fitting(pen, rest, font, width)
        lines.append(rest[:fitting].strip())
        rest = rest[fitting:].strip()
    if rest:
        lines[-1] = lines[-1].rstrip(" .,")[: max(1, len(lines[-1]) - 1)] + "…"
    left, top = corner
    for number, line in enumerate(lines):
        _write_line(pen, line, font, (left, top + number * int(size * 1.25)), width, _INK)
    return top + len(lines) * int(size * 1.25)


def _fitting(pen: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: int) -> int:
    """How many characters of a text go into a line; at least one."""
    fitting = len(text)
    while fitting > 1 and pen.textlength(text[:fitting], font) > width:
        fitting -= 1
    if fitting == len(text) or (space := text.rfind(" ", 0, fitting + 1)) <= 0:
        return fitting
    return space


def _write_line(
    pen: ImageDraw.ImageDraw,
    text: str,
    font: ImageFont.FreeTypeFont,
    corner: tuple[int, int],
    width: int,
    colour: str,
) -> None:
    """Write one line, cut where it would leave the card."""
    if pen.textlength(text, font) > width:
        text = text[: max(1, _fitting(pen, text.replace(" ", "_"), font, width) - 1)] + "…"
    pen.text(corner, text, font=font, fill=colour)


@lru_cache(maxsize=256)
def _font_for(text: str, size: int) -> ImageFont.FreeTypeFont | None:
    """The first font of this machine that has every character of a text; None where no font has."""
    for name in _FONTS:
        try:
            font = ImageFont.truetype(name, size)
        except OSError:
            continue
        if _has_all(font, text):
            return font
    own = ImageFont.load_default(size)
    return own if _has_all(own, text) else None


def _has_all(font: ImageFont.FreeTypeFont, text: str) -> bool:
    missing = bytes(font.getmask(_NOWHERE))
    return all(character.isspace() or bytes(font.getmask(character)) != missing for character in set(text))
