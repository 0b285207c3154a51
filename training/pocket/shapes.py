"""Outlines as radial profiles: how far the edge is from the middle, for each of a ring of directions.

A profile says everything about a star-convex outline, so that the world is a continuous family of shapes
and not a list: what a base model must know to be taught a shape that it was never shown.
"""

from __future__ import annotations

import math

import numpy as np

#: Directions in a profile, counter-clockwise from the right, evenly spaced.
DIRECTIONS = 48
ANGLES = np.arange(DIRECTIONS) * (2 * math.pi / DIRECTIONS)

Point = tuple[float, float]


def from_polygon(points: list[Point]) -> np.ndarray:
    """Return the profile [DIRECTIONS] of a polygon around (0, 0), y upwards: the farthest edge hit by each ray."""
    start = np.array(points, dtype=np.float64)
    edge = np.roll(start, -1, axis=0) - start
    rays = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
    # Solve t * ray = start + u * edge for each ray and edge.
    cross = rays[:, None, 0] * edge[None, :, 1] - rays[:, None, 1] * edge[None, :, 0]
    safe = np.where(np.abs(cross) < 1e-9, 1e-9, cross)
    t = (start[None, :, 0] * edge[None, :, 1] - start[None, :, 1] * edge[None, :, 0]) / safe
    u = (start[None, :, 0] * rays[:, None, 1] - start[None, :, 1] * rays[:, None, 0]) / safe
    hit = (np.abs(cross) >= 1e-9) & (u >= -1e-6) & (u <= 1 + 1e-6) & (t > 0)
    return normalised(np.where(hit, t, 0).max(axis=1))


def normalised(profile: np.ndarray) -> np.ndarray:
    """Scale a profile so that its farthest point is 1 and no point is nearer than 0.15."""
    return np.clip(profile / profile.max(), 0.15, 1.0).astype(np.float32)


def polygon(sides: int, turn: float = 0.0) -> np.ndarray:
    """A regular polygon, one corner up, turned by ``turn`` radians."""
    corners = [math.pi / 2 + turn + index * 2 * math.pi / sides for index in range(sides)]
    return from_polygon([(math.cos(angle), math.sin(angle)) for angle in corners])


def star(points: int, inner: float) -> np.ndarray:
    """A star with one point up; ``inner`` is the radius of its notches."""
    corners = [
        (math.pi / 2 + index * math.pi / points, 1.0 if index % 2 == 0 else inner) for index in range(2 * points)
    ]
    return from_polygon([(radius * math.cos(angle), radius * math.sin(angle)) for angle, radius in corners])


def flower(petals: int, depth: float) -> np.ndarray:
    """Round petals, one up."""
    return normalised(1 - depth * (0.5 - 0.5 * np.cos(petals * (ANGLES - math.pi / 2))))


def gear(teeth: int, depth: float) -> np.ndarray:
    """Square teeth."""
    return normalised(1 - depth * (np.sin(teeth * (ANGLES - math.pi / 2) + 1.2) < 0))


def ellipse(width: float, height: float) -> np.ndarray:
    """An upright ellipse of the given half axes."""
    return normalised(width * height / np.hypot(height * np.cos(ANGLES), width * np.sin(ANGLES)))


def box(width: float, height: float) -> np.ndarray:
    """An upright rectangle of the given half sides."""
    return from_polygon([(width, height), (-width, height), (-width, -height), (width, -height)])


def blob(rng: np.random.Generator) -> np.ndarray:
    """A random smooth outline of four harmonics."""
    profile = np.ones(DIRECTIONS)
    for harmonic in range(1, 5):
        amount = rng.normal(0, 0.28 / harmonic**0.5)
        profile = profile + amount * np.cos(harmonic * ANGLES + rng.uniform(0, 2 * math.pi))
    return normalised(np.maximum(profile, 0.2))


def mirrored(rng: np.random.Generator) -> np.ndarray:
    """A random outline of straight edges, symmetric about the upright axis, as most drawn things are."""
    count = int(rng.integers(3, 7))
    angles = np.sort(rng.uniform(-math.pi / 2, math.pi / 2, count))
    radii = rng.uniform(0.3, 1.0, count)
    right = [(radius * math.cos(angle), radius * math.sin(angle)) for angle, radius in zip(angles, radii, strict=True)]
    top, bottom = (0.0, float(rng.uniform(0.2, 1.0))), (0.0, -float(rng.uniform(0.2, 1.0)))
    left = [(-x, y) for x, y in reversed(right)]
    return from_polygon([bottom, *right, top, *left])


def jagged(rng: np.random.Generator) -> np.ndarray:
    """A random outline of straight edges without symmetry."""
    count = int(rng.integers(4, 10))
    angles = np.sort(rng.uniform(0, 2 * math.pi, count)) + rng.uniform(0, 0.1)
    radii = rng.uniform(0.3, 1.0, count)
    return from_polygon(
        [(radius * math.cos(angle), radius * math.sin(angle)) for angle, radius in zip(angles, radii, strict=True)]
    )


#: Outlines that have a word of their own in the vocabulary.
NAMED: dict[str, np.ndarray] = {
    "circle": np.ones(DIRECTIONS, dtype=np.float32),
    "oval": ellipse(1.0, 0.6),
    "square": box(1, 1),
    "bar": box(1, 0.4),
    "pillar": box(0.4, 1),
    "triangle": polygon(3),
    "wedge": polygon(3, math.pi),
    "diamond": polygon(4),
    "pentagon": polygon(5),
    "hexagon": polygon(6),
    "star": star(5, 0.42),
    "spark": star(4, 0.32),
    "burst": star(9, 0.6),
    "flower": flower(5, 0.5),
    "clover": flower(3, 0.6),
    "gear": gear(8, 0.28),
}

#: Outlines without a word that training shows, but never in the pattern and colours of a concept. y points up.
WORDLESS: dict[str, np.ndarray] = {
    "heart": from_polygon(
        [
            (0, -1),
            (0.55, -0.42),
            (0.92, 0.05),
            (0.95, 0.45),
            (0.7, 0.78),
            (0.35, 0.78),
            (0, 0.42),
            (-0.35, 0.78),
            (-0.7, 0.78),
            (-0.95, 0.45),
            (-0.92, 0.05),
            (-0.55, -0.42),
        ]
    ),
    "cross": from_polygon(
        [
            (0.3, 1),
            (-0.3, 1),
            (-0.3, 0.3),
            (-1, 0.3),
            (-1, -0.3),
            (-0.3, -0.3),
            (-0.3, -1),
            (0.3, -1),
            (0.3, -0.3),
            (1, -0.3),
            (1, 0.3),
            (0.3, 0.3),
        ]
    ),
    "fish": from_polygon(
        [
            (0.95, 0.05),
            (0.45, 0.5),
            (-0.1, 0.5),
            (-0.45, 0.18),
            (-1, 0.6),
            (-0.85, 0),
            (-1, -0.6),
            (-0.45, -0.18),
            (-0.1, -0.5),
            (0.45, -0.42),
        ]
    ),
    "cat": from_polygon(
        [
            (0, -0.75),
            (0.6, -0.6),
            (0.8, -0.05),
            (0.75, 1),
            (0.3, 0.5),
            (-0.3, 0.5),
            (-0.75, 1),
            (-0.8, -0.05),
            (-0.6, -0.6),
        ]
    ),
    "house": from_polygon(
        [(0, 1), (0.95, 0.2), (0.65, 0.2), (0.65, -0.85), (-0.65, -0.85), (-0.65, 0.2), (-0.95, 0.2)]
    ),
    "tree": from_polygon(
        [
            (0, 1),
            (0.5, 0.3),
            (0.3, 0.3),
            (0.8, -0.45),
            (0.2, -0.45),
            (0.2, -0.95),
            (-0.2, -0.95),
            (-0.2, -0.45),
            (-0.8, -0.45),
            (-0.3, 0.3),
            (-0.5, 0.3),
        ]
    ),
}

#: Outlines that no training picture shows.
HELD_OUT: dict[str, np.ndarray] = {
    "bolt": from_polygon([(0.5, 1), (-0.55, -0.1), (-0.1, -0.1), (-0.5, -1), (0.55, 0.15), (0.1, 0.15)]),
    "arrow": from_polygon(
        [(1, 0), (0.25, 0.8), (0.25, 0.32), (-0.95, 0.32), (-0.95, -0.32), (0.25, -0.32), (0.25, -0.8)]
    ),
    "crown": from_polygon([(0.9, 0.8), (0.45, 0.1), (0, 0.95), (-0.45, 0.1), (-0.9, 0.8), (-0.75, -0.7), (0.75, -0.7)]),
    "mushroom": from_polygon(
        [
            (0, 0.8),
            (0.6, 0.65),
            (0.98, 0.1),
            (0.3, 0.02),
            (0.38, -0.9),
            (-0.38, -0.9),
            (-0.3, 0.02),
            (-0.98, 0.1),
            (-0.6, 0.65),
        ]
    ),
    "leaf": from_polygon(
        [(0.9, 0.9), (0.85, 0.1), (0.4, -0.55), (-0.35, -0.6), (-0.9, -0.95), (-0.6, -0.3), (-0.5, 0.45), (0.1, 0.85)]
    ),
    "bell": from_polygon(
        [
            (0, 1),
            (0.35, 0.75),
            (0.45, 0.1),
            (0.95, -0.55),
            (0.25, -0.6),
            (0, -0.9),
            (-0.25, -0.6),
            (-0.95, -0.55),
            (-0.45, 0.1),
            (-0.35, 0.75),
        ]
    ),
}

#: All of the outlines above, by name.
OUTLINES: dict[str, np.ndarray] = NAMED | WORDLESS | HELD_OUT

#: A profile nearer than this (root mean square) to a held-out or wordless one is never drawn by chance.
HELD_OUT_RADIUS = 0.085


def is_held_out(profile: np.ndarray) -> bool:
    """Whether a profile is a held-out or wordless one, or too like one."""
    return any(unlikeness(profile, other) < HELD_OUT_RADIUS for other in (WORDLESS | HELD_OUT).values())


def unlikeness(first: np.ndarray, second: np.ndarray) -> float:
    """Root mean square difference of two profiles."""
    return float(np.sqrt(np.mean((first - second) ** 2)))


def draw_profile(rng: np.random.Generator) -> np.ndarray:
    """Draw an outline from the whole family, never a held-out or wordless one."""
    while True:
        match int(rng.integers(0, 10)):
            case 0:
                profile = polygon(int(rng.integers(3, 9)), float(rng.uniform(0, 2 * math.pi)))
            case 1:
                profile = star(int(rng.integers(3, 10)), float(rng.uniform(0.3, 0.75)))
            case 2:
                profile = flower(int(rng.integers(2, 9)), float(rng.uniform(0.25, 0.7)))
            case 3:
                profile = gear(int(rng.integers(4, 11)), float(rng.uniform(0.2, 0.5)))
            case 4:
                profile = ellipse(float(rng.uniform(0.4, 1)), float(rng.uniform(0.4, 1)))
            case 5:
                profile = blob(rng)
            case 6 | 7 | 8:
                profile = mirrored(rng)
            case _:
                profile = jagged(rng)
        if not is_held_out(profile):
            return profile
