"""A job's pictures arranged so that one step can be compared with the next, and which of the steps can be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.models import Preview as RegistryPreview
from registry.pictures.previews import NewPreview, Picture
from training.models import Job, JobPreview, State


@dataclass(frozen=True, slots=True)
class Step:
    """A column: what the word drew after a step, for each row of :class:`Steps`."""

    number: int
    pictures: Sequence[JobPreview | None]
    fixed_loss: float | None  #: at the look nearest to it
    kept: int | None  #: the step nearest to it whose vectors were kept and are not a version's
    taken: bool  #: whether its vectors are the published ones


@dataclass(frozen=True, slots=True)
class Steps:
    """A table of pictures: a row for each prompt and seed, a column for each step."""

    prompts: Sequence[str]
    seed: int
    columns: Sequence[Step]

    @property
    def rows(self) -> list[tuple[str, list[tuple[Step, JobPreview | None]]]]:
        """The table by rows, as pages draw it."""
        return [
            (prompt, [(step, step.pictures[number]) for step in self.columns])
            for number, prompt in enumerate(self.prompts)
        ]


def arrange(job: Job, previews: Sequence[JobPreview], snapshots: Sequence[dict[str, float]]) -> Steps | None:
    """Arrange the pictures drawn on the way, and beside them those of the vectors that were taken; None without any.

    ``snapshots`` are ``{"step", "loss"}`` of the vectors that were kept.
    """
    sketches = [preview for preview in previews if not preview.final]
    if not sketches:
        return None
    keys = list(dict.fromkeys((preview.template, preview.seed) for preview in sketches))
    drawn = {(preview.step, preview.template, preview.seed): preview for preview in sketches}
    columns = [
        Step(
            number=number,
            pictures=[drawn.get((number, *key)) for key in keys],
            fixed_loss=_nearest(job.fixed_loss_curve, number),
            kept=_kept(job, snapshots, number),
            taken=False,
        )
        for number in sorted({preview.step for preview in sketches})
    ]
    return Steps(
        [prompt.prompt for prompt in _first_of(sketches, keys)],
        sketches[0].seed,
        columns + _result(job, previews, keys),
    )


def pictures_of(job: Job, step: int) -> list[NewPreview]:
    """What shows the vectors kept at a step: the column of pictures that offers them, and beside each what is drawn without.

    A picture tells the step at which it was drawn: it waits for those of the jobs that train beside it.
    """
    previews, kept = list(job.previews.all()), list(job.snapshots.values_list("step", flat=True))
    columns = {preview.step for preview in previews if not preview.final}
    offering = [number for number in columns if min(kept, key=lambda at: abs(at - number)) == step]
    if not offering:
        return []
    number = min(offering, key=lambda at: abs(at - step))
    shown = [preview for preview in previews if not preview.final and preview.step == number]
    keys = {(preview.template, preview.seed) for preview in shown}
    without = [
        preview
        for preview in previews
        if preview.final and preview.variant == "initialiser" and (preview.template, preview.seed) in keys
    ]
    return [as_preview(preview, step=number) for preview in shown] + [as_preview(preview) for preview in without]


def as_preview(preview: JobPreview, **settings: int) -> NewPreview:
    """A job's picture as the registry takes it, with what else is to be told of it."""
    return NewPreview(
        picture=Picture(preview.blob, preview.width, preview.height, preview.size),
        source=RegistryPreview.Source.GENERATED,
        variant=preview.variant,
        template=preview.template,
        prompt=preview.prompt,
        seed=preview.seed,
        settings=preview.settings | settings,
    )


def _first_of(sketches: Sequence[JobPreview], keys: Sequence[tuple[str, int]]) -> list[JobPreview]:
    first = {(preview.template, preview.seed): preview for preview in reversed(sketches)}
    return [first[key] for key in keys]


def _result(job: Job, previews: Sequence[JobPreview], keys: Sequence[tuple[str, int]]) -> list[Step]:
    """The last column: what was taken, once it is drawn."""
    final = {
        (preview.template, preview.seed): preview
        for preview in previews
        if preview.final and preview.variant == "learned" and preview.settings.get("strength", 1) == 1
    }
    pictures = [final.get(key) for key in keys]
    if job.state != State.SUCCEEDED or not any(pictures):
        return []
    receipt = (job.version and job.version.receipt) or {}
    number = receipt.get("best_step", job.step)
    return [Step(number, pictures, receipt.get("fixed_loss"), kept=None, taken=True)]


def _kept(job: Job, snapshots: Sequence[dict[str, float]], number: int) -> int | None:
    """The kept step nearest to a number; None where that is the one that was taken anyway."""
    if not snapshots:
        return None
    nearest = int(min(snapshots, key=lambda item: abs(item["step"] - number))["step"])
    best = ((job.version and job.version.receipt) or {}).get("best_step")
    return None if nearest == best else nearest


def _nearest(curve: Sequence[Sequence[float]], number: int) -> float | None:
    return min(curve, key=lambda point: abs(point[0] - number))[1] if curve else None
