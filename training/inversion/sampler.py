"""Pictures from text states: a few-step multistep solver with classifier-free guidance, deterministic for each seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler
from PIL import Image
from torch import Tensor

from training.inversion.errors import Cancelled
from training.inversion.models import BaseModel
from training.inversion.tokens import encode, tokenise

#: Pictures drawn together.
DRAW_BATCH = 12


def states_of(base: BaseModel, prompts: Sequence[str], token: str | None = None, rows: Tensor | None = None) -> Tensor:
    """Text states [B, L, d] of prompts; ``rows`` [n, d] stand wherever ``token`` does."""
    count = 0 if rows is None else len(rows)
    tokenised = tokenise(base.tokenizer, prompts, token, count).to(base.device)
    return encode(base.pipeline.text_encoder, base.splice, tokenised, rows)


@torch.no_grad()
def draw(
    base: BaseModel,
    states: Tensor,
    seeds: Sequence[int],
    *,
    steps: int,
    guidance_scale: float,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Image.Image]:
    """Draw one picture for each of ``states`` [B, L, d] and ``seeds``; the solver is DPM-Solver++ (Lu et al. 2022).

    ``should_stop`` is asked at each solver step; True raises :class:`Cancelled`.
    """
    solver = DPMSolverMultistepScheduler.from_config(base.pipeline.scheduler.config)
    empty = states_of(base, [""]).to(states.dtype)
    for start in range(0, len(seeds), DRAW_BATCH):
        batch = slice(start, start + DRAW_BATCH)
        yield from _draw_batch(base, states[batch], empty, seeds[batch], solver, steps, guidance_scale, should_stop)


def _draw_batch(
    base: BaseModel,
    states: Tensor,
    empty: Tensor,
    seeds: Sequence[int],
    solver: DPMSolverMultistepScheduler,
    steps: int,
    guidance_scale: float,
    should_stop: Callable[[], bool],
) -> Iterator[Image.Image]:
    unet, vae = base.pipeline.unet, base.pipeline.vae
    shape = (unet.config.in_channels, base.latent_size, base.latent_size)
    both = torch.cat([empty.expand_as(states), states])
    noise = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    latents = torch.stack(noise).to(base.device, unet.dtype)
    solver.set_timesteps(steps, device=base.device)  # also forgets the answers of the batch before
    for timestep in solver.timesteps:
        if should_stop():
            raise Cancelled
        without, with_prompt = unet(torch.cat([latents, latents]), timestep, both).sample.chunk(2)
        guided = without + guidance_scale * (with_prompt - without)
        latents = solver.step(guided, timestep, latents).prev_sample
    pixels = vae.decode(latents / vae.config.scaling_factor).sample.float()
    array = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    yield from (Image.fromarray(np.ascontiguousarray(picture)) for picture in array)
