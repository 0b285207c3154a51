"""The picture that other sites show beside a link to an embedding: its cover, title and token, 1200 × 630 pixels."""

from __future__ import annotations

import hashlib
import io
import json
from functools import lru_cache

from django.urls import reverse
from PIL import Image, ImageDraw, ImageFont, ImageOps

from registry import storage
from registry.models import Embedding, Preview, Rating, Version
from registry.pictures import marks
from registry.pictures.lettering import Pen

#: The size that sites ask for (Open Graph).
WIDTH, HEIGHT = 1200, 630
JPEG_QUALITY = 84
#: Raised when cards are drawn otherwise, so that their addresses change.
_DESIGN = 1
_DIGEST_CHARACTERS = 12
#: Cards that a process keeps; each has about 60 KB and takes 30 ms to draw.
_KEPT = 64
_GROUND, _INK, _SOFT, _ACCENT, _EMPTY = "#faf9f7", "#1d1b18", "#5d574e", "#b46a00", "#f1efeb"
_MARGIN = 56


def address(embedding: Embedding, version: Version) -> str:
    """The path of a version's card. It changes with whatever is on the card, so it may be kept for ever."""
    return reverse("registry:card", args=[version.pk, digest(embedding, version)])


def digest(embedding: Embedding, version: Version) -> str:
    """What the address of a card has to say of its content."""
    cover = _cover(embedding, version)
    told = json.dumps([_DESIGN, *_texts(embedding), cover.blob if cover else ""])
    return hashlib.sha256(told.encode()).hexdigest()[:_DIGEST_CHARACTERS]


def draw(embedding: Embedding, version: Version) -> bytes:
    """Return the card as a JPEG; with a picture that a model drew on it, it is marked as such in the file and to the eye."""
    cover = _cover(embedding, version)
    generated = cover is not None and cover.source == Preview.Source.GENERATED
    return _drawn(_texts(embedding), cover.blob if cover else "", generated)


def _cover(embedding: Embedding, version: Version) -> Preview | None:
    """The picture on the card. Other sites would show one that people here are asked about first, so then there is none."""
    return version.cover if embedding.rating == Rating.GENERAL else None


def _texts(embedding: Embedding) -> tuple[str, str, str, str]:
    """Title, token, base family, path: nothing that depends on the reader's language, for all readers get one card."""
    return embedding.title, embedding.token, embedding.get_base_display(), str(embedding)


@lru_cache(maxsize=_KEPT)
def _drawn(texts: tuple[str, str, str, str], blob: str, generated: bool) -> bytes:
    title, token, base, path = texts
    card = Image.new("RGB", (WIDTH, HEIGHT), _GROUND)
    _place_cover(card, blob)
    draw = ImageDraw.Draw(card)
    if generated:
        _label(draw, "AI", (24, HEIGHT - 24))
    left, width = HEIGHT + _MARGIN, WIDTH - HEIGHT - 2 * _MARGIN
    _write_mark(draw, left)
    large, medium, small = (Pen(draw, size) for size in (46, 34, 26))
    # A title that no font here can write would be a row of boxes; the path is always written in plain letters.
    heading = title if large.can_write(title) else path
    below = large.write_lines(heading, (left, 190), width, _INK, most=4)
    if medium.can_write(token):
        medium.write_line(token, (left, below), width, _ACCENT)
    small.write_line(base, (left, HEIGHT - _MARGIN - 40), width, _SOFT)
    if heading != path:
        small.write_line(path, (left, HEIGHT - _MARGIN), width, _SOFT)
    return marks.save(card, "JPEG", generated=generated, quality=JPEG_QUALITY)


def _place_cover(card: Image.Image, blob: str) -> None:
    """Fill the square at the left; with the mark where there is no picture."""
    card.paste(_EMPTY, (0, 0, HEIGHT, HEIGHT))
    if not blob:
        font = ImageFont.load_default(220)
        ImageDraw.Draw(card).text((HEIGHT // 2, HEIGHT // 2), "S*", font=font, fill=_SOFT, anchor="mm")
        return
    with Image.open(io.BytesIO(storage.read(blob))) as stored:
        cover = ImageOps.fit(stored.convert("RGBA"), (HEIGHT, HEIGHT), Image.Resampling.BICUBIC)
    card.paste(cover, (0, 0), cover)


def _write_mark(draw: ImageDraw.ImageDraw, left: int) -> None:
    font = ImageFont.load_default(38)
    draw.text((left, _MARGIN), "S", font=font, fill=_INK)
    draw.text((left + draw.textlength("S", font), _MARGIN), "*", font=font, fill=_ACCENT)
    after = left + draw.textlength("S* ", font)
    draw.text((after, _MARGIN + 8), "Starword", font=ImageFont.load_default(28), fill=_SOFT)


def _label(draw: ImageDraw.ImageDraw, text: str, corner: tuple[int, int]) -> None:
    """A small label whose lower left corner is at ``corner``."""
    font = ImageFont.load_default(28)
    left, bottom = corner
    width = int(draw.textlength(text, font)) + 28
    draw.rounded_rectangle((left, bottom - 46, left + width, bottom), radius=8, fill=_GROUND)
    draw.text((left + width // 2, bottom - 23), text, font=font, fill=_INK, anchor="mm")
