"""Many jobs in one pass of the UNet: the frozen model sees one batch, and each job's gradient is its own.

The loss is the sum of the jobs' own means, and nothing in the model mixes the pictures of a batch, so a job's gradient
is what it would be alone up to the order of sums: the gradient of another job's loss by its vectors is zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor

from training.inversion.diffusion import weighted_loss
from training.inversion.encoders import encode
from training.inversion.models import BaseModel
from training.inversion.run import Draw, Run
from training.inversion.tokens import ORDINARY, Prompts


def losses(
    base: BaseModel, runs: Sequence[Run], *, slots: Sequence[range] | None = None, width: int | None = None
) -> list[Tensor]:
    """The denoising loss of each run's next draw, from one pass of text encoder and UNet over all of them.

    With ``slots``, one range for each run, and ``width`` every pass has that width and each run its own place in it;
    what stands in the other places weighs nothing. Otherwise the pass is as wide as what the runs draw.
    """
    draws = [run.draw() for run in runs]
    pictures = slots or _in_a_row([len(draw.timesteps) for draw in draws])
    captions = slots or _in_a_row([len(draw.prompts.ids) for draw in draws])
    vectors = torch.cat([run.rows for run in runs])
    prompts = _prompts(runs, draws, captions, width)
    told = encode(base.encoders, prompts, vectors)
    where = _spread([draw.where + place[0] for draw, place in zip(draws, captions, strict=True)], pictures, width)
    noisy = _spread([draw.noisy for draw in draws], pictures, width)
    timesteps = _spread([draw.timesteps for draw in draws], pictures, width)
    answer = base.denoise(noisy, timesteps, told[where])
    return [
        weighted_loss(answer[place.start : place.stop], draw.wanted, draw.weight)
        for place, draw in zip(pictures, draws, strict=True)
    ]


def step(
    base: BaseModel, runs: Sequence[Run], *, slots: Sequence[range] | None = None, width: int | None = None
) -> None:
    """Move every run on by one step; ``slots`` and ``width`` as for :func:`losses`."""
    before = [run.generator.get_state() for run in runs]
    try:
        each = losses(base, runs, slots=slots, width=width)
        torch.stack(each).sum().backward()
    except torch.OutOfMemoryError:
        # It is tried again with fewer, each of which shall draw what it would have drawn alone.
        for run, generator in zip(runs, before, strict=True):
            run.generator.set_state(generator)
            run.rows.grad = None
        raise
    for run, loss in zip(runs, each, strict=True):
        run.update(loss)


def _prompts(runs: Sequence[Run], draws: Sequence[Draw], places: Sequence[range], width: int | None) -> Prompts:
    """The prompts of all draws in their places, each pointing at the vectors of its own run."""
    rows, first = [], 0
    for run, draw in zip(runs, draws, strict=True):
        rows.append(torch.where(draw.prompts.rows == ORDINARY, ORDINARY, draw.prompts.rows + first))
        first += len(run.rows)
    ids = [draw.prompts.ids for draw in draws]
    return Prompts(_spread(ids, places, width), _spread(rows, places, width, empty=ORDINARY))


def _in_a_row(sizes: Sequence[int]) -> list[range]:
    ends = list(accumulate(sizes))
    return [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _spread(parts: Sequence[Tensor], places: Sequence[range], width: int | None, empty: int = 0) -> Tensor:
    """Parts at the beginnings of their places in one tensor of ``width``; nothing but ``empty`` elsewhere."""
    if width is None:
        return torch.cat(list(parts))
    whole = parts[0].new_full((width, *parts[0].shape[1:]), empty)
    for part, place in zip(parts, places, strict=True):
        whole[place.start : place.start + len(part)] = part
    return whole
