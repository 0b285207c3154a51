"""A loss curve as the points of an SVG polyline, and in words. The picture itself is a template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: The drawing's size in its own units; the page scales it.
WIDTH, HEIGHT, MARGIN = 600, 160, 8
#: Points that are drawn: more than a screen could tell apart only make the page heavier.
MAX_POINTS = 200
#: Rows of the table beside the drawing.
MAX_ROWS = 25


@dataclass(frozen=True, slots=True)
class Curve:
    """A drawn curve with the numbers a sentence beside it needs."""

    points: str
    first: float
    last: float
    lowest: float
    lowest_step: int
    steps: int
    rows: Sequence[tuple[int, float]]  #: some of the points, to be read

    @property
    def percent_lower(self) -> int:
        """By how much of the first loss the last is lower; below 0 where it is higher."""
        return round(100 * (self.first - self.last) / self.first) if self.first else 0

    @property
    def percent_higher(self) -> int:
        """The same, the other way round."""
        return -self.percent_lower


def loss_curve(values: Sequence[Sequence[float]]) -> Curve | None:
    """Return the curve of [[step, loss], …]; None for fewer than two points."""
    if len(values) < 2:
        return None
    points = [(int(step), float(loss)) for step, loss in values]
    low, high = (find(loss for _, loss in points) for find in (min, max))
    across, up = (WIDTH - 2 * MARGIN) / (points[-1][0] or 1), (HEIGHT - 2 * MARGIN) / ((high - low) or 1)
    drawn = " ".join(
        f"{MARGIN + step * across:.1f},{HEIGHT - MARGIN - (loss - low) * up:.1f}" for step, loss in _thinned(points)
    )
    lowest_step = next(step for step, loss in points if loss == low)
    every = -(-len(points) // MAX_ROWS)
    rows = [*points[::every], *([points[-1]] if (len(points) - 1) % every else [])]
    return Curve(drawn, points[0][1], points[-1][1], low, lowest_step, points[-1][0], rows)


def _thinned(points: Sequence[tuple[int, float]]) -> Sequence[tuple[int, float]]:
    """At most :data:`MAX_POINTS`: of each stretch the lowest and the highest, so that no peak is lost, and both ends."""
    if len(points) <= MAX_POINTS:
        return points
    stretches = (MAX_POINTS - 2) // 2
    inner = points[1:-1]
    kept = [points[0]]
    for number in range(stretches):
        stretch = inner[number * len(inner) // stretches : (number + 1) * len(inner) // stretches]
        ends = {min(stretch, key=lambda point: point[1]), max(stretch, key=lambda point: point[1])}
        kept += sorted(ends)
    return [*kept, points[-1]]
