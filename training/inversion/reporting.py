"""Telling how a run goes, and ending it early where it cannot work."""

from __future__ import annotations

import math
import time

import torch
from torch import Tensor

from training.inversion.callbacks import Callbacks, Progress
from training.inversion.errors import TrainingDiverged
from training.inversion.run import Run

#: Points kept of the loss curve.
MAX_CURVE_POINTS = 200


def check_gradient(run: Run) -> None:
    """Fail where training cannot work, the first time after one step instead of after minutes. Waits for the device."""
    size = float(run.gradient)
    if not math.isfinite(size):
        raise TrainingDiverged(
            f"The gradient stopped being a number at step {run.step}. Try a lower learning rate; "
            "at step 1 the base model may be damaged."
        )
    if size == 0:
        raise TrainingDiverged(
            f"The vectors get no gradient at step {run.step}. Check that the captions hold the placeholder token."
        )


def check_vectors(rows: Tensor) -> None:
    """Never hand out vectors that turn every picture black, or that say nothing."""
    norms = rows.detach().norm(dim=-1)
    if not bool((torch.isfinite(norms) & (norms > 0)).all()):
        raise TrainingDiverged("The vectors left the range of numbers. Try a lower learning rate or other images.")


class Reporter:
    """Adds losses up on the device and reads them every few steps, since each read waits for the device."""

    def __init__(self, run: Run, callbacks: Callbacks) -> None:
        self.run, self.callbacks = run, callbacks
        self.begun, self.first = time.monotonic(), run.step
        #: Seconds since then that went into anything but steps, mostly drawing; as much is expected to come.
        self.away = 0.0
        config = run.config
        reports = config.steps // (config.progress_every * MAX_CURVE_POINTS)
        self.keep_every = max(1, reports) * config.progress_every

    def step(self) -> None:
        """After a step: look whether all is well and report, when it is time."""
        run, config = self.run, self.run.config
        if run.step % config.progress_every and run.step != config.steps:
            return
        mean = float(torch.stack(run.losses).mean())  # waits for the device
        run.losses = []
        if not math.isfinite(mean):
            raise TrainingDiverged(
                f"The loss stopped being a number at step {run.step}. Try a lower learning rate or other images."
            )
        check_gradient(run)
        check_vectors(run.rows)
        if run.step % self.keep_every == 0 or run.step == config.steps:
            run.curve.append([run.step, round(mean, 5)])
        speed = (run.step - self.first) / max(time.monotonic() - self.begun - self.away, 1e-6)
        self.callbacks.on_progress(
            Progress(
                step=run.step,
                total_steps=config.steps,
                loss=mean,
                steps_per_second=speed,
                seconds_left=(config.steps - run.step) / speed + self.away,
                fixed_loss_curve=run.track.curve,
            )
        )
