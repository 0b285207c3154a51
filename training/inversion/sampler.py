"""Pictures from text states: a few-step multistep solver with classifier-free guidance, deterministic for each seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler
from PIL import Image
from torch import Tensor

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
    base: BaseModel, states: Tensor, seeds: Sequence[int], *, steps: int, guidance_scale: float
) -> Iterator[Image.Image]:
    """Draw one picture for each of ``states`` [B, L, d] and ``seeds``; the solver is DPM-Solver++ (Lu et al. 2022)."""
    unet, vae = base.pipeline.unet, base.pipeline.vae
    shape = (unet.config.in_channels, unet.config.sample_size, unet.config.sample_size)
    empty = states_of(base, [""]).to(states.dtype)
    for start in range(0, len(seeds), DRAW_BATCH):
        chosen = states[start : start + DRAW_BATCH]
        both = torch.cat([empty.expand_as(chosen), chosen])
        latents = torch.stack(
            [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds[start : start + DRAW_BATCH]]
        ).to(base.device, unet.dtype)
        solver = DPMSolverMultistepScheduler.from_config(base.pipeline.scheduler.config)
        solver.set_timesteps(steps, device=base.device)
        for timestep in solver.timesteps:
            without, with_prompt = unet(torch.cat([latents, latents]), timestep, both).sample.chunk(2)
            guided = without + guidance_scale * (with_prompt - without)
            latents = solver.step(guided, timestep, latents).prev_sample
        pixels = vae.decode(latents / vae.config.scaling_factor).sample.float()
        array = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        yield from (Image.fromarray(np.ascontiguousarray(picture)) for picture in array)
