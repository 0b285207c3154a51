"""Steps a second beside the classic loop, both in the same run and by turns, so that only their ratio matters.

The classic loop is what the widely used scripts do (facts read in their sources): encode the pictures with the
autoencoder at every step, train the whole embedding table with AdamW, and put every other row back afterwards.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from training.inversion import packing
from training.inversion.callbacks import Callbacks
from training.inversion.config import InversionConfig
from training.inversion.data import Latents, to_pixels
from training.inversion.diffusion import add_noise, target
from training.inversion.loop import optimise
from training.inversion.models import BaseModel
from training.inversion.quiet import quiet_libraries
from training.inversion.run import Run
from training.inversion.templates import OBJECT_TEMPLATES

#: Training pictures, as many as people usually have.
IMAGES = 5
#: Rounds of each loop by turns; the middle one counts, since other programs also use the machine.
ROUNDS = 3
TOKEN = "<bench-word>"


def measure(base: BaseModel, *, widths: Sequence[int], steps: int) -> Iterator[dict[str, Any]]:
    """Yield one line for each batch width: steps a second of both loops and their ratio."""
    pictures = _pictures(base)
    begun = time.perf_counter()
    latents = Latents(base, pictures)
    _wait(base)
    encoding = time.perf_counter() - begun
    for width in widths:
        config = _config(steps, width)
        classic = ClassicLoop(base, pictures, width)
        ours, theirs = _by_turns(
            base, lambda c=config: optimise(c, latents, base, Callbacks()), lambda c=classic: c.run(steps)
        )
        yield {
            "bench": "steps",
            **_where(base),
            "width": width,
            "steps_per_second": round(steps / ours, 3),
            "classic_steps_per_second": round(steps / theirs, 3),
            "ratio": round(theirs / ours, 2),
            "encode_once_seconds": round(encoding, 3),
        }


def measure_packing(base: BaseModel, *, jobs: Sequence[int], steps: int, batch_size: int) -> Iterator[dict[str, Any]]:
    """Yield one line for each number of jobs that share a pass: images a second, beside the classic loop with one job."""
    pictures = _pictures(base)
    latents = Latents(base, pictures)
    classic = ClassicLoop(base, pictures, batch_size)
    for count in jobs:
        runs = [Run(_config(steps, batch_size, seed=number), latents, base) for number in range(count)]

        def together(runs: Sequence[Run] = runs) -> None:
            for _ in range(steps):
                packing.step(base, runs)

        ours, theirs = _by_turns(base, together, lambda: classic.run(steps))
        speed, before = steps * batch_size * count / ours, steps * batch_size / theirs
        yield {
            "bench": "packing",
            **_where(base),
            "jobs": count,
            "batch_size": batch_size,
            "images_per_second": round(speed, 1),
            "classic_images_per_second": round(before, 1),
            "ratio": round(speed / before, 2),
        }


def _config(steps: int, batch_size: int, *, seed: int = 0) -> InversionConfig:
    return InversionConfig(
        placeholder_token=TOKEN, kind="object", initialiser="thing", steps=steps, batch_size=batch_size, vectors=1,
        seed=seed, preview_at=(), preview_prompts=(), progress_every=steps,
    )  # fmt: skip


def _pictures(base: BaseModel) -> list[Image.Image]:
    side = base.resolution
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)) for _ in range(IMAGES)]


def _where(base: BaseModel) -> dict[str, Any]:
    """What the speed depends on besides the loop."""
    return {
        "base": base.name,
        "device": str(base.device),
        "dtype": str(base.pipeline.unet.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }


def _by_turns(base: BaseModel, ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of each, after one round of both to warm up."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for round_number in range(ROUNDS + 1):
        for run, kept in zip((ours, theirs), seconds, strict=True):
            begun = time.perf_counter()
            run()
            _wait(base)
            if round_number:
                kept.append(time.perf_counter() - begun)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def _wait(base: BaseModel) -> None:
    if base.device.type == "cuda":
        torch.cuda.synchronize(base.device)


class ClassicLoop:
    """The classic loop with one vector, on copies of text encoder and tokenizer; one batch width."""

    def __init__(self, base: BaseModel, pictures: Sequence[Image.Image], width: int) -> None:
        self.base, self.width = base, width
        self.generator = torch.Generator().manual_seed(0)
        self.pixels = torch.stack([to_pixels(picture, base.resolution) for picture in pictures])
        self.tokenizer = copy.deepcopy(base.tokenizer)
        self.text_encoder = copy.deepcopy(base.pipeline.text_encoder)
        self.text_encoder.set_input_embeddings(self.text_encoder.get_input_embeddings().table)
        self.tokenizer.add_tokens(TOKEN)
        with quiet_libraries():
            self.text_encoder.resize_token_embeddings(len(self.tokenizer))
        self.table = self.text_encoder.get_input_embeddings().weight.requires_grad_(True)
        self.kept = torch.arange(len(self.table)) != self.tokenizer.convert_tokens_to_ids(TOKEN)
        self.before = self.table.detach().clone()
        self.optimiser = torch.optim.AdamW([self.table], lr=5e-4, weight_decay=1e-2)

    def run(self, steps: int) -> None:
        """Take some steps, reading the loss at each as the scripts do."""
        for _ in range(steps):
            self.optimiser.zero_grad()
            loss = self._loss()
            loss.backward()
            self.optimiser.step()
            with torch.no_grad():
                self.table[self.kept] = self.before[self.kept]
            loss.item()

    def _loss(self) -> Tensor:
        base, generator, width = self.base, self.generator, self.width
        unet, vae = base.pipeline.unet, base.pipeline.vae
        picked = self.pixels[torch.randint(len(self.pixels), (width,), generator=generator)]
        with torch.no_grad():
            posterior = vae.encode(picked.to(base.device, vae.dtype)).latent_dist
        clean = posterior.sample().float() * vae.config.scaling_factor
        noise = torch.randn(clean.shape, generator=generator).to(base.device)
        timesteps = torch.randint(len(base.alphas_cumprod), (width,), generator=generator).to(base.device)
        templates = torch.randint(len(OBJECT_TEMPLATES), (width,), generator=generator).tolist()
        ids = self.tokenizer(
            [OBJECT_TEMPLATES[number].replace("{}", TOKEN) for number in templates],
            padding="max_length", truncation=True, max_length=self.tokenizer.model_max_length, return_tensors="pt",
        ).input_ids.to(base.device)  # fmt: skip
        states = self.text_encoder(ids)[0]
        noisy = add_noise(clean, noise, base.alphas_cumprod, timesteps)
        answer = unet(noisy.to(unet.dtype), timesteps, states.to(unet.dtype)).sample.float()
        return functional.mse_loss(answer, target(base.prediction_type, clean, noise, base.alphas_cumprod, timesteps))
