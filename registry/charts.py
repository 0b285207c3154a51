"""A loss curve as the points of an SVG polyline. The picture itself is a template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: The drawing's size in its own units; the page scales it.
WIDTH, HEIGHT, MARGIN = 600, 160, 8


@dataclass(frozen=True, slots=True)
class Curve:
    """A drawn curve with the numbers a sentence beside it needs."""

    points: str
    first: float
    last: float
    lowest: float
    steps: int


def loss_curve(values: Sequence[Sequence[float]]) -> Curve | None:
    """Return the curve of [[step, loss], …]; None for fewer than two points."""
    if len(values) < 2:
        return None
    steps, losses = [float(step) for step, _ in values], [float(loss) for _, loss in values]
    low, high = min(losses), max(losses)
    across, up = (WIDTH - 2 * MARGIN) / (steps[-1] or 1), (HEIGHT - 2 * MARGIN) / ((high - low) or 1)
    points = " ".join(
        f"{MARGIN + step * across:.1f},{HEIGHT - MARGIN - (loss - low) * up:.1f}"
        for step, loss in zip(steps, losses, strict=True)
    )
    return Curve(points, losses[0], losses[-1], low, int(steps[-1]))
