"""Which previews are drawn, and reporting them."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from training.inversion.callbacks import Callbacks, Preview, Variant
from training.inversion.checkpoint import states_through_public_loader
from training.inversion.config import InversionConfig
from training.inversion.errors import Cancelled
from training.inversion.models import BaseModel
from training.inversion.sampler import draw, states_of


def draw_progress(config: InversionConfig, base: BaseModel, rows: Tensor, step: int, callbacks: Callbacks) -> None:
    """Draw each prompt once, with the vectors as they are now."""
    filled = [template.replace("{}", config.placeholder_token) for template in config.preview_prompts]
    with torch.no_grad():
        states = states_of(base, filled, config.placeholder_token, rows)
    seeds = [config.preview_seeds[0]] * len(filled)
    _report(config, base, states, list(config.preview_prompts), filled, seeds, Variant.LEARNED, step, False, callbacks)


def draw_final(config: InversionConfig, base: BaseModel, path: Path, step: int, callbacks: Callbacks) -> None:
    """Draw the grid, prompts by seeds, from the finished file, and the same with the initialiser words instead."""
    grid = [(template, seed) for template in config.preview_prompts for seed in config.preview_seeds]
    templates, seeds = [template for template, _ in grid], [seed for _, seed in grid]
    token = config.placeholder_token
    learned = [template.replace("{}", token) for template in templates]
    states = states_through_public_loader(base, path, token, learned)
    _report(config, base, states, templates, learned, seeds, Variant.LEARNED, step, True, callbacks)
    plain = [template.replace("{}", config.initialiser) for template in templates]
    with torch.no_grad():
        states = states_of(base, plain)
    _report(config, base, states, templates, plain, seeds, Variant.INITIALISER, step, True, callbacks)


def _report(
    config: InversionConfig,
    base: BaseModel,
    states: Tensor,
    templates: list[str],
    prompts: list[str],
    seeds: list[int],
    variant: Variant,
    step: int,
    final: bool,
    callbacks: Callbacks,
) -> None:
    images = draw(base, states, seeds, steps=config.preview_steps, guidance_scale=config.guidance_scale)
    for image, template, prompt, seed in zip(images, templates, prompts, seeds, strict=True):
        if callbacks.should_stop():
            raise Cancelled
        callbacks.on_preview(
            Preview(
                step=step,
                prompt=prompt,
                template=template,
                seed=seed,
                variant=variant,
                final=final,
                guidance_scale=config.guidance_scale,
                sampler_steps=config.preview_steps,
                image=image,
            )
        )
