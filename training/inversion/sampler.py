"""Pictures from prompts: a few-step multistep solver with classifier-free guidance, deterministic for each seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler
from PIL import Image
from torch import Tensor

from training.inversion.encoders import Conditioning, encode
from training.inversion.errors import Cancelled
from training.inversion.models import BaseModel
from training.inversion.tokens import tokenise

#: Pictures drawn together, where memory suffices.
DRAW_BATCH = 12


def condition_on(
    base: BaseModel, prompts: Sequence[str], token: str | None = None, rows: Tensor | None = None
) -> Conditioning:
    """What the UNet is told of prompts; ``rows`` [n, d] stand wherever ``token`` does."""
    count = 0 if rows is None else len(rows)
    tokenised = tokenise(base.tokenizer, prompts, token, count).to(base.device)
    return encode(base.encoders, tokenised, rows)


def _unconditional(base: BaseModel) -> Conditioning:
    """What guidance leads away from: the empty prompt, or zeros where the model was trained with them."""
    empty = condition_on(base, [""])
    if base.pipeline.config.get("force_zeros_for_empty_prompt"):
        return Conditioning(torch.zeros_like(empty.states), torch.zeros_like(empty.pooled))
    return empty


@torch.no_grad()
def draw(
    base: BaseModel,
    told: Conditioning,
    seeds: Sequence[int],
    *,
    steps: int,
    guidance_scale: float,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Image.Image]:
    """Draw one picture for each of B prompts that the UNet is ``told`` of and B ``seeds``; the solver is DPM-Solver++ (Lu et al. 2022).

    ``should_stop`` is asked at each solver step; True raises :class:`Cancelled`.
    """
    solver = DPMSolverMultistepScheduler.from_config(base.pipeline.scheduler.config)
    empty = _unconditional(base)
    size, done = DRAW_BATCH, 0
    while done < len(seeds):
        batch = slice(done, done + size)
        try:
            pictures = _draw_batch(base, told[batch], empty, seeds[batch], solver, steps, guidance_scale, should_stop)
        except torch.OutOfMemoryError:
            if size == 1:
                raise
            size //= 2  # whatever trains beside it needs the rest
            continue
        yield from pictures
        done += size


def _draw_batch(
    base: BaseModel,
    told: Conditioning,
    empty: Conditioning,
    seeds: Sequence[int],
    solver: DPMSolverMultistepScheduler,
    steps: int,
    guidance_scale: float,
    should_stop: Callable[[], bool],
) -> list[Image.Image]:
    unet, vae = base.pipeline.unet, base.pipeline.vae
    shape = (unet.config.in_channels, base.latent_size, base.latent_size)
    both = Conditioning.cat([empty[[0] * len(told)], told])
    noise = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    latents = torch.stack(noise).to(base.device)
    solver.set_timesteps(steps, device=base.device)  # also forgets the answers of the batch before
    for timestep in solver.timesteps:
        if should_stop():
            raise Cancelled
        without, with_prompt = base.denoise(torch.cat([latents, latents]), timestep, both).chunk(2)
        guided = without + guidance_scale * (with_prompt - without)
        latents = solver.step(guided, timestep, latents).prev_sample
    pixels = vae.decode((latents / vae.config.scaling_factor).to(vae.dtype)).sample.float()
    array = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(np.ascontiguousarray(picture)) for picture in array]
