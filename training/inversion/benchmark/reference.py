"""The classic loop, to measure ours beside: what the widely used example script for textual inversion does, restated.

A data loader opens, scales and mirrors the picture files again at each step; the autoencoder encodes them at each step;
AdamW trains the whole embedding table, every other row of which is put back afterwards; the loss is read at each step.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, RandomSampler

from training.inversion.diffusion import add_noise, target
from training.inversion.encoders import condition
from training.inversion.models import BaseModel
from training.inversion.quiet import quiet_libraries
from training.inversion.templates import templates_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Settings of the example's own README: 3,000 steps of 4 pictures (one picture, accumulated four times)."""

    token: str
    kind: str = "object"
    initialiser: str = "thing"  #: one word of the vocabulary; the example refuses several
    batch_size: int = 4
    learning_rate: float = 2e-3  #: 5e-4, which the example scales by the pictures of a step
    flip_probability: float = 0.5
    seed: int = 0


#: Optimiser steps of the README's recipe.
STEPS = 3000


class _Pictures(Dataset):
    """Picture files with captions, made ready anew whenever one is asked for."""

    def __init__(self, files: Sequence[bytes], recipe: Recipe, resolution: int, tokenizers: Sequence[Any]) -> None:
        self.files, self.recipe, self.side, self.tokenizers = files, recipe, resolution, tokenizers
        self.rng = np.random.default_rng(recipe.seed)
        self.templates = templates_for(recipe.kind)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image = Image.open(io.BytesIO(self.files[index])).convert("RGB")
        image = image.resize((self.side, self.side), Image.Resampling.BICUBIC)
        if self.rng.random() < self.recipe.flip_probability:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        caption = self.templates[self.rng.integers(len(self.templates))].replace("{}", self.recipe.token)
        ids = [
            each(caption, padding="max_length", truncation=True, max_length=each.model_max_length, return_tensors="pt")
            for each in self.tokenizers
        ]
        ids = torch.cat([each.input_ids for each in ids])  # [encoders, L]
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 127.5 - 1, ids


class ReferenceLoop:
    """The classic loop with one vector, on copies of text encoders and tokenizers."""

    def __init__(self, base: BaseModel, pictures: Sequence[Image.Image], recipe: Recipe) -> None:
        self.base, self.recipe = base, recipe
        self.generator = torch.Generator().manual_seed(recipe.seed)
        tokenizers = [copy.deepcopy(encoder.tokenizer) for encoder in base.encoders]
        self.models = [copy.deepcopy(encoder.model) for encoder in base.encoders]
        for tokenizer, model in zip(tokenizers, self.models, strict=True):
            model.set_input_embeddings(model.get_input_embeddings().table)
            tokenizer.add_tokens(recipe.token)
            with quiet_libraries():
                model.resize_token_embeddings(len(tokenizer))
        self.tables = [model.get_input_embeddings().weight.requires_grad_(True) for model in self.models]
        self.place = tokenizers[0].convert_tokens_to_ids(recipe.token)
        self.kept = torch.arange(len(self.tables[0])) != self.place
        [initialiser] = tokenizers[0](recipe.initialiser, add_special_tokens=False).input_ids
        with torch.no_grad():
            for table in self.tables:
                table[self.place] = table[initialiser]
        self.before = [table.detach().clone() for table in self.tables]
        self.optimiser = torch.optim.AdamW(self.tables, lr=recipe.learning_rate, weight_decay=1e-2)
        self.data = _Pictures([_png(picture) for picture in pictures], recipe, base.resolution, tokenizers)

    @property
    def vectors(self) -> Tensor:
        """What has been learned, float32 [1, d]."""
        return torch.cat([table[self.place].detach().float().cpu() for table in self.tables])[None]

    def run(self, steps: int) -> None:
        """Take some steps."""
        for pixels, ids in self._batches(steps):
            self.optimiser.zero_grad()
            loss = self._loss(pixels, ids)
            loss.backward()
            self.optimiser.step()
            with torch.no_grad():
                for table, before in zip(self.tables, self.before, strict=True):
                    table[self.kept] = before[self.kept]
            loss.item()

    def _batches(self, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
        size = self.recipe.batch_size
        order = RandomSampler(self.data, replacement=True, num_samples=steps * size, generator=self.generator)
        return iter(DataLoader(self.data, batch_size=size, sampler=order))

    def _loss(self, pixels: Tensor, ids: Tensor) -> Tensor:
        base, generator = self.base, self.generator
        vae, schedule = base.pipeline.vae, base.alphas_cumprod
        with torch.no_grad():
            posterior = vae.encode(pixels.to(base.device, vae.dtype)).latent_dist
            clean = posterior.sample(generator).float() * vae.config.scaling_factor
        noise = torch.randn(clean.shape, generator=generator).to(base.device)
        timesteps = torch.randint(len(schedule), (len(pixels),), generator=generator).to(base.device)
        told = condition(self.models, list(ids.to(base.device).unbind(dim=1)))
        answer = base.denoise(add_noise(clean, noise, schedule, timesteps), timesteps, told)
        return functional.mse_loss(answer, target(base.prediction_type, clean, noise, schedule, timesteps))


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
