"""Which previews are drawn, those of several jobs together, and reporting them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import torch
from PIL import Image
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


class Order:
    """Pictures of one job that wait to be drawn; afterwards ``error`` is why its caller did not want them, if so."""

    def __init__(
        self, config: InversionConfig, cells: list[_Cell], states: Tensor, step: int, final: bool, callbacks: Callbacks
    ) -> None:
        """One of ``states`` [N, L, d] for each of the N ``cells``."""
        self.config, self.cells, self.states = config, cells, states
        self.step, self.final, self.callbacks = step, final, callbacks
        self.error: Exception | None = None

    def report(self, cell: _Cell, image: Image.Image) -> None:
        """Hand a picture over, unless its job is not wanted any more."""
        if self.error is not None:
            return
        try:
            if self.callbacks.should_stop():
                raise Cancelled
            self.callbacks.on_preview(
                Preview(
                    step=self.step,
                    prompt=cell.prompt,
                    template=cell.template,
                    seed=cell.seed,
                    variant=cell.variant,
                    final=self.final,
                    guidance_scale=self.config.guidance_scale,
                    sampler_steps=self.config.preview_steps,
                    image=image,
                )
            )
        except Exception as error:  # another job's pictures may be in the same batch
            self.error = error


def progress_order(
    config: InversionConfig, base: BaseModel, rows: Tensor, step: int, callbacks: Callbacks
) -> Order | None:
    """Each prompt once, with the vectors as they are now."""
    cells = [_cell(config, template, config.preview_seeds[0], Variant.LEARNED) for template in config.preview_prompts]
    if not cells:
        return None
    with torch.no_grad():
        states = states_of(base, [cell.prompt for cell in cells], config.placeholder_token, rows)
    return Order(config, cells, states, step, False, callbacks)


def final_order(config: InversionConfig, base: BaseModel, path: Path, step: int, callbacks: Callbacks) -> Order | None:
    """The grid, prompts by seeds, from the finished file, each beside the same with the initialiser words instead."""
    grid = [(template, seed) for template in config.preview_prompts for seed in config.preview_seeds]
    if not grid:
        return None
    learned = [_cell(config, template, seed, Variant.LEARNED) for template, seed in grid]
    plain = [_cell(config, template, seed, Variant.INITIALISER) for template, seed in grid]
    with torch.no_grad():
        through_file = states_through_public_loader(
            base, path, config.placeholder_token, [cell.prompt for cell in learned]
        )
        states = torch.stack([through_file, states_of(base, [cell.prompt for cell in plain])], dim=1).flatten(0, 1)
    pairs = [cell for pair in zip(learned, plain, strict=True) for cell in pair]
    return Order(config, pairs, states, step, True, callbacks)


def fill(base: BaseModel, orders: Sequence[Order]) -> None:
    """Draw the pictures of all orders, those with the same settings in the same batches, and hand them over."""

    def settings(order: Order) -> tuple[int, float]:
        return order.config.preview_steps, order.config.guidance_scale

    for (steps, guidance_scale), group in groupby(sorted(orders, key=settings), key=settings):
        _fill(base, list(group), steps, guidance_scale)


def _fill(base: BaseModel, orders: Sequence[Order], steps: int, guidance_scale: float) -> None:
    wanted = [(order, cell) for order in orders for cell in order.cells]
    images = draw(
        base,
        torch.cat([order.states for order in orders]),
        [cell.seed for _, cell in wanted],
        steps=steps,
        guidance_scale=guidance_scale,
        should_stop=lambda: all(order.error or order.callbacks.should_stop() for order in orders),
    )
    try:
        for (order, cell), image in zip(wanted, images, strict=True):
            order.report(cell, image)
    except Cancelled as stopped:
        for order in orders:
            order.error = order.error or stopped


def _cell(config: InversionConfig, template: str, seed: int, variant: Variant) -> _Cell:
    word = config.placeholder_token if variant is Variant.LEARNED else config.initialiser
    return _Cell(template, template.replace("{}", word), seed, variant)
