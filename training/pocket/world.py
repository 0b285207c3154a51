"""The world the pocket model is drawn from: one thing on a plain ground, sometimes in a style. numpy only, no torch.

Everything is continuous, the outline (see :mod:`training.pocket.shapes`), the colours, the pattern's spacing, the place,
so that words can stand for any look and not only for the few that have a name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.pocket.shapes import DIRECTIONS

#: Pixels of one side of a picture.
RESOLUTION = 64

PATTERNS = ("plain", "banded", "striped", "slanted", "dotted", "split", "ringed", "checkered")
OUTLINES = ("none", "dark", "pale")
TEXTURES = ("flat", "scanlines", "blinds", "hatched", "halftone", "woven", "rippled", "mosaic")

Colour = tuple[float, float, float]

_AXIS = (np.arange(RESOLUTION, dtype=np.float32) + 0.5) / (RESOLUTION / 2) - 1
#: Picture coordinates in [-1, 1], y downwards.
_X, _Y = np.meshgrid(_AXIS, _AXIS)
_PIXELS_PER_UNIT = RESOLUTION / 2
_OUTLINE_PIXELS = 2.8


@dataclass(frozen=True, slots=True)
class Look:
    """What a thing looks like, wherever it stands."""

    profile: np.ndarray  #: [DIRECTIONS], see shapes
    hole: float  #: radius of a round hole in the middle, 0 for none
    pattern: int  #: index into PATTERNS
    frequency: float  #: bands across the thing
    first: Colour  #: RGB in 0..1
    second: Colour
    outline: int  #: index into OUTLINES


@dataclass(frozen=True, slots=True)
class Style:
    """How a whole picture is rendered: two inks by brightness, and a texture."""

    dark: Colour
    light: Colour
    texture: int  #: index into TEXTURES
    frequency: float  #: texture elements across the picture
    strength: float  #: 0 for no texture, 1 for full


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole picture."""

    look: Look
    background: Colour
    x: float  #: middle of the thing in [-1, 1]
    y: float
    size: float  #: distance to the thing's farthest point, in half picture sides
    style: Style | None = None


#: Numbers in :func:`look_vector` and :func:`style_vector`.
LOOK_WIDTH = DIRECTIONS + 1 + len(PATTERNS) + 1 + 6 + len(OUTLINES)
STYLE_WIDTH = 6 + len(TEXTURES) + 2


def look_vector(look: Look) -> np.ndarray:
    """Return a look as float32 [LOOK_WIDTH], each number within about -1..1."""
    pattern = np.eye(len(PATTERNS))[look.pattern]
    outline = np.eye(len(OUTLINES))[look.outline]
    colours = np.array([*look.first, *look.second]) * 2 - 1
    spacing = [look.frequency / 2 - 1 if look.pattern else 0.0]
    return np.concatenate([look.profile * 2 - 1, [look.hole * 2], pattern, spacing, colours, outline]).astype(
        np.float32
    )


def style_vector(style: Style) -> np.ndarray:
    """Return a style as float32 [STYLE_WIDTH], each number within about -1..1."""
    inks = np.array([*style.dark, *style.light]) * 2 - 1
    texture = np.eye(len(TEXTURES))[style.texture]
    return np.concatenate([inks, texture, [style.frequency / 5 - 1, style.strength * 2 - 1]]).astype(np.float32)


def _soft(value: np.ndarray, sharpness: float) -> np.ndarray:
    """A smoothed step of a wave, so that edges are about a pixel wide."""
    return np.clip(0.5 + sharpness * value, 0, 1)


def _pattern(look: Look, dx: np.ndarray, dy: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Return where the second colour is, 0..1 over the picture; ``dx, dy`` in units of the thing's size."""
    wave = np.pi * look.frequency
    match PATTERNS[look.pattern]:
        case "plain":
            return np.zeros_like(dx)
        case "banded":
            return _soft(np.sin(wave * dy), 2.0)
        case "striped":
            return _soft(np.sin(wave * dx), 2.0)
        case "slanted":
            return _soft(np.sin(wave * (dx + dy) * 0.75), 2.0)
        case "dotted":
            return _soft(np.cos(wave * dx) + np.cos(wave * dy) - 0.9, 1.5)
        case "split":
            return _soft(dx, 10.0)
        case "ringed":
            return _soft(np.sin(wave * distance), 2.0)
        case _:
            return _soft(np.sin(wave * dx) * np.sin(wave * dy), 3.0)


def _texture(style: Style, tone: np.ndarray) -> np.ndarray:
    """Return how much ink the texture adds, 0..1 over the picture, heavier where ``tone`` (brightness) is low."""
    wave = np.pi * style.frequency
    match TEXTURES[style.texture]:
        case "flat":
            return np.zeros_like(tone)
        case "scanlines":
            return _soft(np.sin(wave * _Y), 1.5)
        case "blinds":
            return _soft(np.sin(wave * _X), 1.5)
        case "hatched":
            return _soft(np.sin(wave * (_X - _Y) * 0.75) + 0.7 - 1.4 * tone, 1.2)
        case "halftone":
            return _soft(np.cos(wave * _X) + np.cos(wave * _Y) + 0.8 - 1.8 * tone, 1.2)
        case "woven":
            return _soft(np.sin(wave * _X) * np.sin(wave * _Y), 2.5)
        case "rippled":
            return _soft(np.sin(wave * np.hypot(_X, _Y + 1.3)), 1.5)
        case _:
            return _soft(np.abs(np.sin(wave * _X / 2)) * np.abs(np.sin(wave * _Y / 2)) - 0.35, -4.0)


def _mix(first: np.ndarray, second: np.ndarray | Colour, share: np.ndarray) -> np.ndarray:
    """Blend two colours or pictures by ``share`` of the second, [R, R]."""
    return first + (np.asarray(second, dtype=np.float32) - first) * share[..., None]


def draw(scene: Scene) -> np.ndarray:
    """Return the picture of a scene: uint8 [RESOLUTION, RESOLUTION, 3]."""
    look = scene.look
    dx, dy = (_X - scene.x) / scene.size, (_Y - scene.y) / scene.size
    distance = np.hypot(dx, dy)
    direction = (np.arctan2(-dy, dx) % (2 * np.pi)) * (DIRECTIONS / (2 * np.pi))
    below = direction.astype(np.int64) % DIRECTIONS
    part = direction - np.floor(direction)
    edge = look.profile[below] * (1 - part) + look.profile[(below + 1) % DIRECTIONS] * part
    inside = (edge - distance) * scene.size * _PIXELS_PER_UNIT  # pixels to the outline, positive inside
    body = np.zeros_like(inside)[..., None] + np.asarray(look.first, dtype=np.float32)
    body = _mix(body, look.second, _pattern(look, dx, dy, distance))
    if look.outline:
        ink = (0.08, 0.08, 0.12) if OUTLINES[look.outline] == "dark" else (0.97, 0.96, 0.92)
        body = _mix(body, ink, np.clip(_OUTLINE_PIXELS - inside, 0, 1))
    cover = np.clip(inside + 0.5, 0, 1)
    if look.hole:
        cover = cover * np.clip((distance - look.hole) * scene.size * _PIXELS_PER_UNIT + 0.5, 0, 1)
    ground = np.zeros_like(body) + np.asarray(scene.background, dtype=np.float32)
    picture = _mix(ground, body, cover)
    if scene.style:
        tone = np.clip(picture @ np.array([0.42, 0.54, 0.24], dtype=np.float32) - 0.1, 0, 1)
        inked = tone * (1 - scene.style.strength * _texture(scene.style, tone))
        picture = _mix(np.zeros_like(body) + np.asarray(scene.style.dark, dtype=np.float32), scene.style.light, inked)
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def to_image(scene: Scene) -> Image.Image:
    """Return the picture of a scene as an RGB image."""
    return Image.fromarray(draw(scene))
