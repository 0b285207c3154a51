"""Textual inversion (Gal et al., 2022, arXiv 2208.01618): learn the input vectors of one new word.

The base model is frozen. Images become latents once; each step draws some, adds noise, asks the UNet with a caption
that holds the placeholder token, and moves the placeholder's vectors so that the answer gets better.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from training.inversion import packing, state
from training.inversion.callbacks import Callbacks, Stage
from training.inversion.checkpoint import load_embedding, metadata_for, save_embedding
from training.inversion.config import InversionConfig
from training.inversion.data import Latents, check_captions
from training.inversion.errors import BadConfig, Cancelled
from training.inversion.fixed_loss import Snapshot
from training.inversion.models import BaseModel
from training.inversion.previews import draw_final, draw_progress
from training.inversion.receipt import receipt_of
from training.inversion.reporting import Reporter, check_gradient, check_vectors
from training.inversion.run import Run
from training.inversion.tokens import check_new, word_ids


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
    resume: bytes | None = None,
) -> Inversion:
    """Learn the placeholder's vectors from images and draw the final previews from the finished file.

    The same settings, images and base give the same bits on a processor, in one go or from ``resume``, a state that
    ``on_state`` was given. Raises a subclass of ``InversionError``.
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
    run = optimise(config, latents, base, callbacks, resume)
    best = run.track.best
    callbacks.on_stage(Stage.PREVIEWING)
    metadata = metadata_for(config, base, latents.count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "learned.safetensors"
        save_embedding(path, best.vectors, metadata)
        vectors, metadata = load_embedding(path)
        draw_final(config, base, path, run.step, callbacks)
    receipt = receipt_of(run, seconds=time.monotonic() - begun)
    return Inversion(vectors=vectors, receipt=receipt, metadata=metadata, snapshots=run.track.kept)


def optimise(
    config: InversionConfig, latents: Latents, base: BaseModel, callbacks: Callbacks, resume: bytes | None = None
) -> Run:
    """Run the optimiser steps; the vectors that do best on fixed draws are its track's."""
    run = Run(config, latents, base)
    if resume is not None:
        state.restore(run, resume)
    report = Reporter(run, callbacks)
    marks = {round(config.steps * share) for share in config.preview_at}
    over = run.step >= config.steps
    while not over:
        if callbacks.should_stop():
            callbacks.on_state(state.dump(run), run.step)
            raise Cancelled
        packing.step(base, [run])
        if run.step == 1:
            check_gradient(run)
        report.step()
        over = run.is_over()
        if run.step in marks and not over:
            with report.paused():
                draw_progress(config, base, run.rows, run.step, callbacks)
        if run.step % config.checkpoint_every == 0 and not over:
            callbacks.on_state(state.dump(run), run.step)
    check_vectors(torch.from_numpy(run.track.best.vectors))
    return run
