"""Random looks, styles and scenes: what the pocket model is trained on. Held-out things never come up."""

from __future__ import annotations

import colorsys
from dataclasses import replace

import numpy as np

from training.pocket.shapes import HELD_OUT_RADIUS, NAMED, WORDLESS, draw_profile, unlikeness
from training.pocket.world import OUTLINES, PATTERNS, TEXTURES, Colour, Look, Scene, Style

#: The colours that have a word.
COLOURS: dict[str, Colour] = {
    "red": (0.86, 0.16, 0.16),
    "orange": (0.96, 0.55, 0.13),
    "yellow": (0.98, 0.85, 0.22),
    "green": (0.20, 0.65, 0.27),
    "teal": (0.10, 0.60, 0.60),
    "blue": (0.16, 0.35, 0.86),
    "purple": (0.50, 0.22, 0.72),
    "pink": (0.97, 0.55, 0.72),
    "brown": (0.47, 0.30, 0.17),
    "black": (0.10, 0.10, 0.12),
    "grey": (0.55, 0.56, 0.58),
    "white": (0.96, 0.96, 0.94),
}

#: Where a thing stands: (x, y) of its middle, y downwards.
PLACES: dict[str, tuple[float, float]] = {
    "in the middle": (0.0, 0.0),
    "at the top": (0.0, -0.32),
    "at the bottom": (0.0, 0.32),
    "on the left": (-0.32, 0.0),
    "on the right": (0.32, 0.0),
}
#: How big a thing is.
SIZES: dict[str, tuple[float, float]] = {"small": (0.50, 0.56), "": (0.68, 0.76), "large": (0.88, 0.94)}
#: How far a thing may stand from its place, each way. More of it hides outlines: at high noise, where a caption decides what
#: is drawn, the model can only learn the mean of all pictures that the caption may mean.
PLACE_SPREAD = 0.03
#: Bands across a thing, in any pattern.
FREQUENCIES = (2.2, 2.6)

#: A colour word covers colours within this distance of its own, per channel.
COLOUR_SPREAD = 0.07
#: Styles and looks of colours this near (root mean square) to a held-out one are not drawn.
HELD_OUT_COLOURS = 0.16


def colour(rng: np.random.Generator) -> Colour:
    """Any colour, vivid ones more often."""
    red, green, blue = colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0.1, 1) ** 0.7, rng.uniform(0.12, 1) ** 0.7)
    return red, green, blue


def near(middle: Colour, rng: np.random.Generator, spread: float = COLOUR_SPREAD) -> Colour:
    """A colour close to ``middle``."""
    red, green, blue = np.clip(np.array(middle) + rng.uniform(-spread, spread, 3), 0, 1)
    return float(red), float(green), float(blue)


def distance(first: Colour, second: Colour) -> float:
    """Root mean square difference of two colours."""
    return float(np.sqrt(np.mean((np.array(first) - np.array(second)) ** 2)))


def look(rng: np.random.Generator) -> Look:
    """Any look of the family."""
    first = colour(rng)
    second = colour(rng)
    while distance(first, second) < 0.2:
        second = colour(rng)
    return Look(
        profile=draw_profile(rng),
        hole=float(rng.uniform(0.25, 0.5)) if rng.uniform() < 0.12 else 0.0,
        pattern=0 if rng.uniform() < 0.3 else int(rng.integers(1, len(PATTERNS))),
        frequency=float(rng.uniform(*FREQUENCIES)),
        first=first,
        second=second,
        outline=0 if rng.uniform() < 0.5 else int(rng.integers(1, len(OUTLINES))),
    )


def known_look(rng: np.random.Generator, held_out: tuple[Look, ...]) -> Look:
    """A look of an outline that has a word or is shown without one, in any pattern and colours but those of ``held_out``."""
    outlines = [*NAMED.values(), *WORDLESS.values()]
    while True:
        drawn = replace(look(rng), profile=outlines[rng.integers(0, len(outlines))], hole=0.0)
        if not any(alike_looks(drawn, other) for other in held_out):
            return drawn


def style(rng: np.random.Generator, held_out: tuple[Style, ...] = ()) -> Style:
    """Any style of the family that is not like one of ``held_out``: the texture and both inks."""
    while True:
        dark, light = colour(rng), colour(rng)
        if sum(light) - sum(dark) < 0.7:
            continue
        drawn = Style(
            dark=dark,
            light=light,
            texture=int(rng.integers(0, len(TEXTURES))),
            frequency=float(rng.uniform(3.5, 7)),
            strength=float(rng.uniform(0.5, 0.95)),
        )
        if not any(alike(drawn, other) for other in held_out):
            return drawn


def alike(first: Style, second: Style) -> bool:
    """Whether two styles share the texture and have nearly the same inks."""
    return (
        first.texture == second.texture
        and distance(first.dark, second.dark) < HELD_OUT_COLOURS
        and distance(first.light, second.light) < HELD_OUT_COLOURS
    )


def alike_looks(first: Look, second: Look) -> bool:
    """Whether two looks share outline and pattern and have nearly the same colours."""
    return (
        first.pattern == second.pattern
        and unlikeness(first.profile, second.profile) < HELD_OUT_RADIUS
        and distance(first.first, second.first) < HELD_OUT_COLOURS
        and (first.pattern == 0 or distance(first.second, second.second) < HELD_OUT_COLOURS)
    )


def scene(
    rng: np.random.Generator,
    thing: Look,
    *,
    background: str | None = None,
    place: str = "in the middle",
    size: str = "",
    rendering: Style | None = None,
) -> Scene:
    """Put a thing somewhere: on a background colour word (None for any colour), at a place, in a size."""
    ground = colour(rng) if background is None else near(COLOURS[background], rng)
    # A thing that melts into its ground teaches nothing about its outline.
    for _ in range(20):
        if distance(ground, thing.first) > 0.3:
            break
        ground = colour(rng) if background is None else near(COLOURS[background], rng)
    x, y = PLACES[place]
    low, high = SIZES[size]
    return Scene(
        look=thing,
        background=ground,
        x=x + float(rng.uniform(-PLACE_SPREAD, PLACE_SPREAD)),
        y=y + float(rng.uniform(-PLACE_SPREAD, PLACE_SPREAD)),
        size=float(rng.uniform(low, high)),
        style=rendering,
    )
