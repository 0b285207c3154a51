"""Which previews are drawn, those of several jobs together, and reporting them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from training.inversion.callbacks import Callbacks, Preview, Variant
from training.inversion.checkpoint import load_embedding, through_public_loader
from training.inversion.config import InversionConfig
from training.inversion.encoders import Conditioning, initial_vectors
from training.inversion.errors import Cancelled
from training.inversion.models import BaseModel
from training.inversion.sampler import condition_on, draw


@dataclass(frozen=True, slots=True)
class _Cell:
    """One picture to be drawn."""

    template: str
    prompt: str
    seed: int
    variant: Variant
    strength: float = 1.0  #: of the word; 1 is the whole


class Order:
    """Pictures of one job that wait to be drawn; afterwards ``error`` is why its caller did not want them, if so."""

    def __init__(
        self,
        config: InversionConfig,
        cells: list[_Cell],
        told: Conditioning,
        step: int,
        final: bool,
        callbacks: Callbacks,
    ) -> None:
        """``told`` is what the UNet is told of each of the ``cells``."""
        self.config, self.cells, self.told = config, cells, told
        self.step, self.final, self.callbacks = step, final, callbacks
        self.error: Exception | None = None
        self.images: dict[Variant, list[Image.Image]] = {variant: [] for variant in Variant}

    def report(self, cell: _Cell, image: Image.Image) -> None:
        """Hand a picture over, unless its job is not wanted any more."""
        if self.error is not None:
            return
        if cell.strength == 1:
            self.images[cell.variant].append(image)
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
                    strength=cell.strength,
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
        told = condition_on(base, [cell.prompt for cell in cells], config.placeholder_token, rows)
    return Order(config, cells, told, step, False, callbacks)


def final_order(config: InversionConfig, base: BaseModel, path: Path, step: int, callbacks: Callbacks) -> Order | None:
    """The grid, prompts by seeds, from the finished file, each beside the same with the initialiser words instead.

    After it the word by steps of its strength.
    """
    grid = [(template, seed) for template in config.preview_prompts for seed in config.preview_seeds]
    if not grid:
        return None
    learned = [_cell(config, template, seed, Variant.LEARNED) for template, seed in grid]
    plain = [_cell(config, template, seed, Variant.INITIALISER) for template, seed in grid]
    with torch.no_grad():
        through_file = through_public_loader(base, path, config.placeholder_token, [cell.prompt for cell in learned])
        told = Conditioning.cat([through_file, condition_on(base, [cell.prompt for cell in plain])])
    by_pairs = torch.arange(len(told)).view(2, -1).T.flatten()  # each beside the one it is to be compared with
    cells = [(learned + plain)[number] for number in by_pairs.tolist()]
    weaker = strengths_order(config, base, load_embedding(path)[0], step, callbacks)
    if weaker is None:
        return Order(config, cells, told[by_pairs], step, True, callbacks)
    return Order(config, cells + weaker.cells, Conditioning.cat([told[by_pairs], weaker.told]), step, True, callbacks)


@torch.no_grad()
def strengths_order(
    config: InversionConfig, base: BaseModel, vectors: np.ndarray, step: int, callbacks: Callbacks
) -> Order | None:
    """The first prompt and seed by steps of the word's strength: ``vectors`` [n, d] on their way from the initialiser's."""
    if not (config.preview_prompts and config.preview_strengths):
        return None
    start = initial_vectors(base.encoders, config.initialiser, len(vectors)).to(base.device)
    learned = torch.from_numpy(vectors).to(base.device)
    whole = _cell(config, config.preview_prompts[0], config.preview_seeds[0], Variant.LEARNED)
    cells = [replace(whole, strength=strength) for strength in config.preview_strengths]
    told = [
        condition_on(base, [cell.prompt], config.placeholder_token, start + cell.strength * (learned - start))
        for cell in cells
    ]
    return Order(config, cells, Conditioning.cat(told), step, True, callbacks)


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
        Conditioning.cat([order.told for order in orders]),
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
