"""How long a job will probably train, from what jobs of its base model took lately on this hub."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F

from training.checks import default_steps
from training.models import BaseModel, Job, Preset, State
from training.pocket import info as pocket
from training.queue import MEASURED_JOBS

#: Seconds of a step where this hub has measured nothing yet, by the base models that say what they need.
STARTING_SECONDS = {pocket.NAME: pocket.SECONDS_PER_STEP}
#: Finished jobs that are looked at: enough that each preset is among them.
_LOOKED_AT = 3 * MEASURED_JOBS


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long something will probably train, and how that is known."""

    seconds: float | None  #: None where nothing is known
    jobs: int = 0  #: how many finished jobs say so; 0 where it is the base model's own figure


@dataclass(frozen=True, slots=True)
class _Finished:
    preset: str
    all_steps: int  #: as many as it might have made
    steps: int  #: as many as it made; fewer where nothing more was learned
    seconds: float


def estimates_of(base: BaseModel) -> dict[str, Estimate]:
    """The probable time of each preset with its usual number of steps, in one query."""
    finished = _finished(base)
    return {preset: _estimate(base, finished, preset, default_steps(base, preset)) for preset in Preset.values}


def estimate_of(base: BaseModel, *, preset: str, steps: int) -> Estimate:
    """The probable time of a job with so many steps, in one query."""
    return _estimate(base, _finished(base), preset, steps)


def _finished(base: BaseModel) -> list[_Finished]:
    """The base model's jobs that succeeded last, from the beginning of each to its end. None was trained further."""
    rows = (
        Job.objects.filter(base=base, state=State.SUCCEEDED, further=0, started__isnull=False)
        .order_by("-finished")
        .annotate(took=F("finished") - F("started"))
        .values_list("preset", "total_steps", "step", "took")[:_LOOKED_AT]
    )
    return [_Finished(preset, all_steps, steps, took.total_seconds()) for preset, all_steps, steps, took in rows]


def _estimate(base: BaseModel, finished: Sequence[_Finished], preset: str, steps: int) -> Estimate:
    """From jobs just like it; else from the speed of any; else from what the base model says itself."""
    alike = [job.seconds for job in finished if (job.preset, job.all_steps) == (preset, steps)][:MEASURED_JOBS]
    if alike:
        return Estimate(statistics.median(alike), len(alike))
    speeds = [job.seconds / job.steps for job in finished if job.steps][:MEASURED_JOBS]
    if speeds:
        return Estimate(steps * statistics.median(speeds), len(speeds))
    start = STARTING_SECONDS.get(base.slug)
    return Estimate(None if start is None else steps * start)
