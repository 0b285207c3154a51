"""Many jobs in one pass of the UNet: the frozen model sees one batch, and each job's gradient is its own.

The loss is the sum of the jobs' own means, and nothing in the model mixes the pictures of a batch, so a job's gradient
is what it would be alone up to the order of sums: the gradient of another job's loss by its vectors is zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from training.inversion.models import BaseModel
from training.inversion.run import Draw, Run
from training.inversion.tokens import ORDINARY, Prompts, encode


def losses(base: BaseModel, runs: Sequence[Run]) -> list[Tensor]:
    """The denoising loss of each run's next draw, from one pass of text encoder and UNet over all of them."""
    draws = [run.draw() for run in runs]
    vectors = torch.cat([run.rows for run in runs])
    states = encode(base.pipeline.text_encoder, base.splice, _prompts(runs, draws), vectors)  # [distinct, L, d]
    unet = base.pipeline.unet
    noisy = torch.cat([draw.noisy for draw in draws]).to(unet.dtype)
    timesteps = torch.cat([draw.timesteps for draw in draws])
    answer = unet(noisy, timesteps, states[_where(draws)].to(unet.dtype)).sample
    answer = answer.to(torch.promote_types(answer.dtype, torch.float32))
    answers = answer.split([len(draw.timesteps) for draw in draws])
    return [functional.mse_loss(mine, draw.wanted) for mine, draw in zip(answers, draws, strict=True)]


def step(base: BaseModel, runs: Sequence[Run]) -> None:
    """Move every run on by one step."""
    each = losses(base, runs)
    torch.stack(each).sum().backward()
    for run, loss in zip(runs, each, strict=True):
        run.update(loss)


def _prompts(runs: Sequence[Run], draws: Sequence[Draw]) -> Prompts:
    """The prompts of all draws, each pointing at the vectors of its own run."""
    rows, first = [], 0
    for run, draw in zip(runs, draws, strict=True):
        rows.append(torch.where(draw.prompts.rows == ORDINARY, ORDINARY, draw.prompts.rows + first))
        first += len(run.rows)
    return Prompts(torch.cat([draw.prompts.ids for draw in draws]), torch.cat(rows))


def _where(draws: Sequence[Draw]) -> Tensor:
    """Which of all prompts belongs to which picture of all draws."""
    places, first = [], 0
    for draw in draws:
        places.append(draw.where + first)
        first += len(draw.prompts.ids)
    return torch.cat(places)
