"""Which previews are drawn, and reporting them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from training.inversion.callbacks import Callbacks, Preview, Variant
from training.inversion.checkpoint import states_through_public_loader
from training.inversion.config import InversionConfig
from training.inversion.errors import Cancelled
from training.inversion.models import BaseModel
from training.inversion.sampler import draw, states_of


@dataclass(frozen=True, slots=True)
class _Cell:
    """One picture to be drawn."""

    template: str
    prompt: str
    seed: int
    variant: Variant


def draw_progress(config: InversionConfig, base: BaseModel, rows: Tensor, step: int, callbacks: Callbacks) -> None:
    """Draw each prompt once, with the vectors as they are now."""
    cells = [_cell(config, template, config.preview_seeds[0], Variant.LEARNED) for template in config.preview_prompts]
    if not cells:
        return
    with torch.no_grad():
        states = states_of(base, [cell.prompt for cell in cells], config.placeholder_token, rows)
    _report(config, base, cells, states, step, False, callbacks)


def draw_final(config: InversionConfig, base: BaseModel, path: Path, step: int, callbacks: Callbacks) -> None:
    """Draw the grid, prompts by seeds, from the finished file, each beside the same with the initialiser words instead.

    Pairs go through the UNet together: a small grid is one batch.
    """
    grid = [(template, seed) for template in config.preview_prompts for seed in config.preview_seeds]
    if not grid:
        return
    learned = [_cell(config, template, seed, Variant.LEARNED) for template, seed in grid]
    plain = [_cell(config, template, seed, Variant.INITIALISER) for template, seed in grid]
    with torch.no_grad():
        through_file = states_through_public_loader(
            base, path, config.placeholder_token, [cell.prompt for cell in learned]
        )
        states = torch.stack([through_file, states_of(base, [cell.prompt for cell in plain])], dim=1).flatten(0, 1)
    pairs = [cell for pair in zip(learned, plain, strict=True) for cell in pair]
    _report(config, base, pairs, states, step, True, callbacks)


def _cell(config: InversionConfig, template: str, seed: int, variant: Variant) -> _Cell:
    word = config.placeholder_token if variant is Variant.LEARNED else config.initialiser
    return _Cell(template, template.replace("{}", word), seed, variant)


def _report(
    config: InversionConfig,
    base: BaseModel,
    cells: list[_Cell],
    states: Tensor,
    step: int,
    final: bool,
    callbacks: Callbacks,
) -> None:
    images = draw(
        base,
        states,
        [cell.seed for cell in cells],
        steps=config.preview_steps,
        guidance_scale=config.guidance_scale,
        should_stop=callbacks.should_stop,
    )
    for cell, image in zip(cells, images, strict=True):
        if callbacks.should_stop():
            raise Cancelled
        callbacks.on_preview(
            Preview(
                step=step,
                prompt=cell.prompt,
                template=cell.template,
                seed=cell.seed,
                variant=cell.variant,
                final=final,
                guidance_scale=config.guidance_scale,
                sampler_steps=config.preview_steps,
                image=image,
            )
        )
