"""Textual inversion (Gal et al., 2022, arXiv 2208.01618): learn the input vectors of one new word.

The base model is frozen. Images become latents once; each step draws some, adds noise, asks the UNet with a caption
that holds the placeholder token, and moves the placeholder's vectors so that the answer gets better.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from training.inversion import optim
from training.inversion.callbacks import Callbacks, Progress, Stage
from training.inversion.checkpoint import load_embedding, metadata_for, save_embedding
from training.inversion.config import InversionConfig
from training.inversion.data import Captions, Latents, check_captions
from training.inversion.diffusion import add_noise, stratified_timesteps, target
from training.inversion.errors import BadConfig, Cancelled, TrainingDiverged
from training.inversion.fixed_loss import FixedLoss, Snapshot, Track
from training.inversion.models import BaseModel, nearest_words
from training.inversion.previews import draw_final, draw_progress
from training.inversion.tokens import check_new, encode, initial_vectors, word_ids

#: Points kept of the loss curve.
MAX_CURVE_POINTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Inversion:
    """What a run learned."""

    vectors: np.ndarray  #: float32 [n, d]
    receipt: dict[str, Any]  #: plain JSON saying how it came about
    metadata: dict[str, str]  #: what a file of the vectors says of itself
    snapshots: tuple[Snapshot, ...]  #: the vectors along the way, with their fixed losses


def train(
    config: InversionConfig,
    images: Sequence[Image.Image],
    *,
    base: BaseModel,
    callbacks: Callbacks | None = None,
) -> Inversion:
    """Learn the placeholder's vectors from images and draw the final previews from the finished file.

    The same settings, images and base give the same bits on a processor. Raises a subclass of ``InversionError``.
    """
    callbacks = callbacks or Callbacks()
    begun = time.monotonic()
    check_new(base.tokenizer, config.placeholder_token)
    if not word_ids(base.tokenizer, config.initialiser):
        raise BadConfig("initialiser", "Give one or more words to start from.")
    check_captions(config, len(images), base)
    callbacks.on_stage(Stage.ENCODING)
    latents = Latents(base, images)
    callbacks.on_stage(Stage.TRAINING)
    learned = optimise(config, latents, base, callbacks)
    callbacks.on_stage(Stage.PREVIEWING)
    receipt = _receipt(config, base, learned, latents.count)
    metadata = metadata_for(config, base, latents.count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "learned.safetensors"
        save_embedding(path, learned.rows.cpu().numpy(), metadata)
        vectors, metadata = load_embedding(path)
        draw_final(config, base, path, learned.steps, callbacks)
    receipt["seconds"] = round(time.monotonic() - begun, 2)
    return Inversion(vectors=vectors, receipt=receipt, metadata=metadata, snapshots=learned.track.kept)


@dataclass(frozen=True, slots=True)
class Learned:
    """What the optimiser steps came to."""

    rows: Tensor  #: float32 [n, d]: those of the lowest fixed loss
    steps: int  #: how many were made
    curve: list[list[float]]  #: noisy training loss, [[step, loss], …]
    track: Track


def optimise(config: InversionConfig, latents: Latents, base: BaseModel, callbacks: Callbacks) -> Learned:
    """Run the optimiser steps, and choose the vectors that do best on fixed draws."""
    generator = torch.Generator().manual_seed(config.seed)  # the job's own: other jobs change nothing
    table = base.splice.weight
    rows = nn.Parameter(
        initial_vectors(base.tokenizer, table, config.initialiser, config.vectors).to(base.device)
    )
    optim.hold_norms(rows, base.median_norm)
    captions = Captions(config, base)
    optimiser = optim.make_optimiser(rows, config.learning_rate)
    report = _Reporter(config, callbacks)
    track = Track(FixedLoss(base, latents, captions, config.seed), config)
    marks = {round(config.steps * share) for share in config.preview_at}
    for step in range(config.steps):
        if callbacks.should_stop():
            raise Cancelled
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * optim.rate_factor(step, config.steps)
        loss = step_loss(config, latents, captions, base, rows, generator)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if step == 0:
            _check_gradient(_gradient(rows), 1)
        optimiser.step()
        optim.hold_norms(rows, base.median_norm)
        report.step(step + 1, loss.detach(), rows)
        if track.look(step + 1, rows):
            break
        if step + 1 in marks and step + 1 < config.steps:
            with report.paused():
                draw_progress(config, base, rows, step + 1, callbacks)
    best = torch.from_numpy(track.best.vectors).to(base.device)
    _check_vectors(best)
    return Learned(best, track.seen[-1].step, report.curve, track)


def step_loss(
    config: InversionConfig,
    latents: Latents,
    captions: Captions,
    base: BaseModel,
    rows: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """The denoising loss of a batch: mean squared error of the UNet's answer, which ``rows`` get gradients of."""
    size = config.batch_size
    indices = torch.randint(latents.count, (size,), generator=generator)
    mirrored = (torch.rand(size, generator=generator) < config.flip_probability).long()
    clean = latents.sample(indices, mirrored, generator)  # [B, C, h, w]
    noise = torch.randn(clean.shape, generator=generator).to(base.device)
    timesteps = stratified_timesteps(size, len(base.alphas_cumprod), generator).to(base.device)
    numbers, where = captions.draw(indices, generator).unique(return_inverse=True)
    prompts = captions.prompts[numbers.to(base.device)]  # each distinct caption is encoded once
    states = encode(base.pipeline.text_encoder, base.splice, prompts, rows)  # [distinct, L, d]
    unet = base.pipeline.unet
    noisy = add_noise(clean, noise, base.alphas_cumprod, timesteps).to(unet.dtype)
    answer = unet(noisy, timesteps, states[where.to(base.device)].to(unet.dtype)).sample.float()
    wanted = target(base.prediction_type, clean, noise, base.alphas_cumprod, timesteps)
    return functional.mse_loss(answer, wanted)


def _gradient(rows: nn.Parameter) -> float:
    """Length of the gradient; reading it waits for the device."""
    return float(rows.grad.norm()) if rows.grad is not None else 0.0


def _check_gradient(size: float, step: int) -> None:
    """Fail where training cannot work, the first time after one step instead of after minutes."""
    if not math.isfinite(size):
        raise TrainingDiverged(
            f"The gradient stopped being a number at step {step}. Try a lower learning rate; "
            "at step 1 the base model may be damaged."
        )
    if size == 0:
        raise TrainingDiverged(
            f"The vectors get no gradient at step {step}. Check that the captions hold the placeholder token."
        )


def _check_vectors(rows: Tensor) -> None:
    """Never hand out vectors that turn every picture black, or that say nothing."""
    norms = rows.detach().norm(dim=-1)
    if not bool((torch.isfinite(norms) & (norms > 0)).all()):
        raise TrainingDiverged(
            "The vectors left the range of numbers. Try a lower learning rate or other images."
        )


class _Reporter:
    """Adds losses up on the device and reads them every few steps, since each read waits for the device."""

    def __init__(self, config: InversionConfig, callbacks: Callbacks) -> None:
        self.config, self.callbacks = config, callbacks
        self.curve: list[list[float]] = []
        self.since = self.begun = time.monotonic()
        self.pauses = 0.0
        self.losses: list[Tensor] = []
        self.keep_every = (
            max(1, config.steps // (config.progress_every * MAX_CURVE_POINTS)) * config.progress_every
        )

    def step(self, step: int, loss: Tensor, rows: nn.Parameter) -> None:
        """Take a step's loss; look whether all is well and report when it is time."""
        self.losses.append(loss)
        if step % self.config.progress_every and step != self.config.steps:
            return
        mean = float(torch.stack(self.losses).mean())  # waits for the device
        self.losses = []
        if not math.isfinite(mean):
            raise TrainingDiverged(
                f"The loss stopped being a number at step {step}. Try a lower learning rate or other images."
            )
        _check_gradient(_gradient(rows), step)
        _check_vectors(rows)
        if step % self.keep_every == 0 or step == self.config.steps:
            self.curve.append([step, round(mean, 5)])
        speed = step / max(time.monotonic() - self.begun - self.pauses, 1e-6)
        self.callbacks.on_progress(
            Progress(
                step=step,
                total_steps=self.config.steps,
                loss=mean,
                steps_per_second=speed,
                seconds_left=(self.config.steps - step) / speed + self.pauses,
            )
        )

    def paused(self) -> _Pause:
        """A block whose time does not count as training; its length stands for the previews still to come."""
        return _Pause(self)


class _Pause:
    def __init__(self, reporter: _Reporter) -> None:
        self.reporter = reporter

    def __enter__(self) -> None:
        self.begun = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.reporter.pauses += time.monotonic() - self.begun


def _receipt(config: InversionConfig, base: BaseModel, learned: Learned, images: int) -> dict[str, Any]:
    rows, curve, best = learned.rows, learned.curve, learned.track.best
    return {
        "config": config.to_dict(),
        "base": {"name": base.name, "family": base.family, "fingerprint": base.fingerprint},
        "images": images,
        "steps": learned.steps,
        "best_step": best.step,
        "loss": curve[-1][1] if curve else None,
        "loss_curve": curve,
        "fixed_loss": round(best.loss, 5),
        "fixed_loss_curve": [[look.step, round(look.loss, 5)] for look in learned.track.seen],
        "norms": [round(float(norm), 5) for norm in rows.norm(dim=-1)],
        "vocabulary_median_norm": round(base.median_norm, 5),
        "nearest_words": nearest_words(base, rows),
    }
