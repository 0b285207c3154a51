"""The life of one job, in pieces that others may come between: it is begun, makes steps, has pictures drawn, and ends.

Many sessions share the passes of one base model (:mod:`training.inversion.pack`); each knows only itself.
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

from training.inversion import state
from training.inversion.callbacks import Callbacks, Stage, Variant
from training.inversion.checkpoint import load_embedding, metadata_for, save_embedding
from training.inversion.config import HOLD_OUT_FROM, InversionConfig
from training.inversion.data import Latents, check_captions
from training.inversion.errors import BadConfig, BadState, Cancelled
from training.inversion.evaluation import evaluate
from training.inversion.fixed_loss import Snapshot
from training.inversion.models import BaseModel
from training.inversion.previews import Order, final_order, progress_order
from training.inversion.receipt import receipt_of
from training.inversion.reporting import Reporter, check_gradient, check_vectors
from training.inversion.run import Run
from training.inversion.scores import Scorer
from training.inversion.tokens import check_new, word_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Inversion:
    """What a run learned."""

    vectors: np.ndarray  #: float32 [n, d]
    receipt: dict[str, Any]  #: plain JSON saying how it came about
    metadata: dict[str, str]  #: what a file of the vectors says of itself
    snapshots: tuple[Snapshot, ...]  #: the vectors along the way, with their fixed losses


class Session:
    """One job on a loaded base model, from its images to what it learned."""

    def __init__(
        self,
        config: InversionConfig,
        images: Sequence[Image.Image],
        base: BaseModel,
        callbacks: Callbacks,
        resume: bytes | None = None,
        initial: np.ndarray | None = None,
        scorers: Sequence[Scorer] = (),
    ) -> None:
        """Turn the images into latents; start from the vectors ``initial``, if given, and go on from ``resume``, if given.

        ``scorers`` look at the final previews, beside what is always measured.
        Raises a subclass of ``InversionError``.
        """
        self.config, self.base, self.callbacks = config, base, callbacks
        self.images, self.scorers = images, scorers
        self.begun = time.monotonic()
        check_new(base.tokenizer, config.placeholder_token)
        if not word_ids(base.tokenizer, config.initialiser):
            raise BadConfig("initialiser", "Give one or more words to start from.")
        check_captions(config, len(images), base)
        if config.further and resume is None:
            raise BadState("A run can be trained further only from the state in which it ended. Train it anew.")
        callbacks.on_stage(Stage.ENCODING)
        held_out = int(config.hold_out and len(images) >= HOLD_OUT_FROM)
        self.run = Run(config, Latents(base, images, held_out=held_out), base, initial)
        if resume is not None:
            state.restore(self.run, resume)
        self.report = Reporter(self.run, callbacks)
        self.over = self.run.step >= config.steps
        callbacks.on_stage(Stage.TRAINING)

    def before_step(self) -> None:
        """Raise :class:`Cancelled` when nobody wants the next step, with the state handed over first."""
        if self.callbacks.should_stop():
            self.callbacks.on_state(state.dump(self.run), self.run.step)
            raise Cancelled

    def after_step(self) -> Order | None:
        """Look whether all is well, report, keep the state; return the pictures to be drawn now, if any."""
        run, config = self.run, self.config
        if run.step == 1:
            check_gradient(run)
        self.report.step()
        self.over = run.is_over()
        if self.over:
            return None
        if run.step % config.checkpoint_every == 0:
            self.callbacks.on_state(state.dump(run), run.step)
        if run.step in {round(config.steps * share) for share in config.preview_at}:
            return progress_order(config, self.base, run.vectors, run.step, self.callbacks)
        return None

    def finish(self) -> Order | None:
        """After the last step: read the best vectors back from a file as others will; return the final pictures to be drawn."""
        best = self.run.track.best
        check_vectors(torch.from_numpy(best.vectors))
        self.callbacks.on_stage(Stage.PREVIEWING)
        metadata = metadata_for(self.config, self.base, self.run.latents.total)
        self.callbacks.persist(lambda: self._through_a_file(best.vectors, metadata))
        return self.pictures

    def _through_a_file(self, vectors: np.ndarray, metadata: dict[str, str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "learned.safetensors"
            save_embedding(path, vectors, metadata)
            self.vectors, self.metadata = load_embedding(path)
            self.pictures = final_order(self.config, self.base, path, self.run.step, self.callbacks)

    def inversion(self) -> Inversion:
        """What was learned, once the session is over and its pictures are drawn."""
        drawn = self.pictures.images if self.pictures else {}
        learned, plain = drawn.get(Variant.LEARNED, ()), drawn.get(Variant.INITIALISER, ())
        try:
            evaluation = evaluate(self.run, learned, plain, shown=self.images, scorers=self.scorers)
        except torch.OutOfMemoryError:  # what was learned is worth more than what is said of it
            evaluation = None
        receipt = receipt_of(self.run, evaluation, seconds=time.monotonic() - self.begun)
        return Inversion(vectors=self.vectors, receipt=receipt, metadata=self.metadata, snapshots=self.run.track.kept)
