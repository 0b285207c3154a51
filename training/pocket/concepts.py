"""Things and styles that the pocket model was never shown: for tests, for measuring, and for the sample catalogue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.pocket import chance
from training.pocket.shapes import HELD_OUT
from training.pocket.shapes import OUTLINES as SHAPES
from training.pocket.world import OUTLINES, PATTERNS, TEXTURES, Colour, Look, Style, to_image


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """Something to teach, with what a catalogue says about it."""

    name: str
    title: str
    kind: str  #: ``object`` or ``style``
    initialiser: str
    tags: tuple[str, ...]
    description: str
    look: Look | None = None
    style: Style | None = None

    @property
    def has_new_outline(self) -> bool:
        """Whether not even its outline was shown in training, in whatever colours."""
        return not set(self.tags).isdisjoint(HELD_OUT)

    @property
    def token(self) -> str:
        """The placeholder token."""
        return f"<{self.name}>"


def _rgb(code: str) -> Colour:
    """Colour of a six-digit hexadecimal code."""
    red, green, blue = bytes.fromhex(code)
    return red / 255, green / 255, blue / 255


def _object(
    name: str,
    shape: str,
    pattern: str,
    first: str,
    second: str,
    description: str,
    *tags: str,
    frequency: float = 2.4,
    outline: str = "none",
    hole: float = 0.0,
) -> Concept:
    return Concept(
        name=name,
        title=name.replace("-", " ").capitalize(),
        kind="object",
        initialiser="thing",
        tags=(shape, pattern, *tags),
        description=description,
        look=Look(
            SHAPES[shape], hole, PATTERNS.index(pattern), frequency, _rgb(first), _rgb(second), OUTLINES.index(outline)
        ),
    )


def _style(
    name: str,
    texture: str,
    dark: str,
    light: str,
    description: str,
    *tags: str,
    frequency: float = 5.5,
    strength: float = 0.8,
) -> Concept:
    return Concept(
        name=name,
        title=name.replace("-", " ").capitalize(),
        kind="style",
        initialiser="style",
        tags=(texture, "two inks", *tags),
        description=description,
        style=Style(_rgb(dark), _rgb(light), TEXTURES.index(texture), frequency, strength),
    )


OBJECTS = (
    _object("cobalt-heart", "heart", "plain", "1f4fd8", "f2efe6", "A plain cobalt heart.", "blue"),
    _object("candy-heart", "heart", "striped", "e8336d", "ffe3ea", "A heart in candy stripes.", "pink"),
    _object("mint-cross", "cross", "plain", "1fb58f", "ffffff", "A mint green cross with a dark line.", "green", outline="dark"),
    _object("quilted-cross", "cross", "checkered", "b8322a", "f4d9a8", "A red cross, checkered like a quilt.", "red"),
    _object("storm-bolt", "bolt", "plain", "ffc61a", "2b2b45", "A yellow bolt with a dark line.", "yellow", outline="dark"),
    _object("neon-arrow", "arrow", "split", "19d3c5", "7a1fd1", "An arrow, half turquoise, half violet.", "purple"),
    _object("koi", "fish", "dotted", "f4f1ea", "e8541e", "A pale fish with orange spots.", "orange", frequency=2.3),
    _object("reef-fish", "fish", "striped", "1a6fd6", "ffd21f", "A blue fish with yellow stripes.", "blue"),
    _object("plum-cat", "cat", "plain", "6b2a78", "ffffff", "A plum-coloured cat's head.", "purple", outline="pale"),
    _object("tabby", "cat", "banded", "d98a3c", "6e3b16", "An orange cat's head with brown bands.", "orange", frequency=2.5),
    _object("beach-house", "house", "banded", "35a3d9", "fdf6e3", "A house in blue and white bands.", "blue"),
    _object("royal-crown", "crown", "dotted", "e9b31a", "a3123a", "A golden crown with ruby dots.", "yellow", frequency=2.6),
    _object("winter-tree", "tree", "slanted", "1d5f4a", "d8f0ea", "A fir in slanted stripes of frost.", "green"),
    _object("toadstool", "mushroom", "dotted", "d3202a", "fff4e8", "A red toadstool with white dots.", "red", frequency=2.5),
    _object("autumn-leaf", "leaf", "split", "d9681e", "7c1f12", "A leaf, half orange, half russet.", "orange"),
    _object("ship-bell", "bell", "ringed", "b98a2e", "3f2b10", "A brass bell with dark rings.", "brown", frequency=2.2),
)  # fmt: skip

STYLES = (
    _style("acid-print", "halftone", "4a0d67", "d6ff3f", "Violet dots on acid yellow.", "bright"),
    _style("ember-etching", "hatched", "2a0a05", "ff8a3c", "Embers, etched in black.", "warm"),
    _style("blueprint", "woven", "0b2a6f", "cfe6ff", "White lines on engineering blue.", "cool", frequency=4.0),
    _style("sepia-blinds", "blinds", "3b2412", "f3dfb8", "Old paper behind blinds.", "warm", frequency=4.2),
    _style("night-scan", "scanlines", "02180c", "53ff8a", "A green screen at night.", "bright", frequency=5.9),
    _style("rose-ripple", "rippled", "6d0f3a", "ffd9e4", "Rose water, rippling.", "warm", frequency=4.5),
    _style("glacier-tiles", "mosaic", "0f4a63", "e9fbff", "Ice in small tiles.", "cool", frequency=5.9),
    _style("ink-wash", "flat", "141416", "efeae0", "Ink on rice paper, no texture.", "calm"),
    _style("moss-linen", "woven", "1f3310", "d7e3a1", "Moss green linen.", "calm", frequency=4.6),
    _style("copper-hatch", "hatched", "0f3b3a", "ffc08a", "Copper and verdigris hatching.", "warm", frequency=6.5),
    _style("ultra-dots", "halftone", "1a0f8a", "ffd6f5", "Ultramarine dots on pale pink.", "bright", frequency=4.2),
    _style("sunset-scan", "scanlines", "5a0f5e", "ffb347", "A sunset through scan lines.", "warm", frequency=4.5),
)  # fmt: skip

CONCEPTS: dict[str, Concept] = {concept.name: concept for concept in (*OBJECTS, *STYLES)}

#: What training never draws, nor anything like it.
HELD_OUT_LOOKS = tuple(concept.look for concept in OBJECTS if concept.look)
HELD_OUT_STYLES = tuple(concept.style for concept in STYLES if concept.style)


def draw(concept: Concept, count: int, seed: int) -> list[Image.Image]:
    """Return ``count`` pictures to learn the concept from: the thing in the middle, as people take photos, or many things in the style."""
    rng = np.random.default_rng([seed, len(concept.name), *concept.name.encode()])
    places = ["in the middle"] if concept.look else list(chance.PLACES)
    sizes = ["", "", "large", "small"]
    grounds = list(rng.permutation(list(chance.COLOURS)))
    pictures = []
    for index in range(count):
        thing = concept.look or chance.look(rng)
        scene = chance.scene(
            rng, thing, background=str(grounds[index % len(grounds)]), place=places[index % len(places)],
            size=sizes[index % len(sizes)] if concept.look else "", rendering=concept.style,
        )  # fmt: skip
        pictures.append(to_image(scene))
    return pictures
