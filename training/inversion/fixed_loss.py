"""A loss that means something: the same images, noise and timesteps each time it is asked.

The loss of training steps is mostly the noise of what was drawn and says nothing about convergence; on fixed draws it falls
while the word is learned and then stays (Voronov et al. 2023, "Is This Loss Informative?", arXiv 2302.04841).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from training.inversion.config import InversionConfig
from training.inversion.data import Captions, Latents
from training.inversion.diffusion import add_noise, stratified_timesteps, target, weighted_loss
from training.inversion.encoders import encode
from training.inversion.errors import TrainingDiverged
from training.inversion.models import BaseModel

#: Draws of the fixed set: enough that every quarter of the timesteps has some, few enough to cost less than two steps.
DRAWS = 16
#: Snapshots kept of a run, evenly over its steps; each is some kilobytes.
MAX_SNAPSHOTS = 20
#: Looks at the fixed loss whose variance tells whether it still falls.
STOP_WINDOW = 6
#: A fixed loss this many times the first one means that the vectors left for good.
EXPLODED = 3.0
#: Added to the job's seed, so that the fixed draws are none of the training's.
_SEED_OFFSET = 7919


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The vectors as they were after a step, with their fixed loss."""

    step: int
    loss: float
    vectors: np.ndarray | None  #: float32 [n, d]; of a long run only some are kept


class FixedLoss:
    """The denoising loss of any vectors on draws that were made once."""

    def __init__(
        self,
        config: InversionConfig,
        base: BaseModel,
        latents: Latents,
        captions: Captions,
        *,
        seed: int | None = None,
        images: range | None = None,
    ) -> None:
        """Draw with ``seed`` from ``images``, by their numbers; with the job's own from those of the training otherwise."""
        generator = torch.Generator().manual_seed((config.seed if seed is None else seed) + _SEED_OFFSET)
        images = images or range(latents.count)
        indices = torch.arange(DRAWS) % len(images) + images.start
        plain = torch.zeros(DRAWS, dtype=torch.int64)
        clean = latents.sample(indices, plain, generator)
        noise = torch.randn(clean.shape, generator=generator).to(base.device)
        timesteps = stratified_timesteps(DRAWS, len(base.alphas_cumprod), generator)
        # Images go round by turns and timesteps rise: without shuffling an image would always meet the same ones.
        timesteps = timesteps[torch.randperm(DRAWS, generator=generator)].to(base.device)
        self.base = base
        self.timesteps = timesteps
        self.noisy = add_noise(clean, noise, base.alphas_cumprod, timesteps)
        self.weight = latents.weights(indices, plain, config.outside_weight)
        self.wanted = target(base.prediction_type, clean, noise, base.alphas_cumprod, timesteps)
        numbers, where = captions.draw(indices, generator).unique(return_inverse=True)
        self.prompts = captions.prompts[numbers.to(base.device)]
        self.where = where.to(base.device)

    @torch.no_grad()
    def __call__(self, rows: Tensor) -> float:
        """Mean squared error with ``rows`` [n, d] as the placeholder's vectors; waits for the device."""
        return float(self.of(rows))

    def of(self, rows: Tensor) -> Tensor:
        """The same as a tensor [] that knows where it came from."""
        told = encode(self.base.encoders, self.prompts, rows)[self.where]
        answer = self.base.denoise(self.noisy, self.timesteps, told)
        return weighted_loss(answer, self.wanted, self.weight)


class Track:
    """Follows a run by its fixed loss: every look at it with the vectors of that step, and whether to stop."""

    def __init__(self, loss: FixedLoss, config: InversionConfig) -> None:
        self.loss, self.config = loss, config
        self.seen: list[Snapshot] = []

    @property
    def best(self) -> Snapshot:
        """The snapshot of the lowest fixed loss after any step of this run; there is one after the last at the latest."""
        return min((look for look in self.seen if look.step > self.config.start), key=lambda look: look.loss)

    @property
    def curve(self) -> list[tuple[int, float]]:
        """Every look as (step, loss)."""
        return [(look.step, round(look.loss, 5)) for look in self.seen]

    @property
    def kept(self) -> tuple[Snapshot, ...]:
        """At most :data:`MAX_SNAPSHOTS` snapshots with their vectors, evenly over the run, the last one among them."""
        held = self.held
        stride = -(-len(held) // MAX_SNAPSHOTS)
        return tuple(held[::-1][::stride][::-1])

    @property
    def held(self) -> list[Snapshot]:
        """Those whose vectors are still there."""
        return [look for look in self.seen if look.vectors is not None]

    def begin(self, rows: Tensor) -> None:
        """Note where the vectors start, which everything later is measured from."""
        self.recall(0, self.loss(rows), rows.detach().float().cpu().numpy().copy())

    def look(self, step: int, rows: Tensor) -> bool:
        """Evaluate after a step when it is time; return whether nothing more is learned."""
        if step % self.config.evaluate_every and step != self.config.steps:
            return False
        loss = self.loss(rows)
        first = self.seen[0].loss
        if not math.isfinite(loss) or loss > EXPLODED * first:
            raise TrainingDiverged(
                f"The loss on fixed draws exploded at step {step}. Try a lower learning rate or other images."
            )
        self.recall(step, loss, rows.detach().float().cpu().numpy().copy())
        self._thin()
        if sum(look.step > self.config.start for look in self.seen) < STOP_WINDOW:
            return False
        losses = [snapshot.loss for snapshot in self.seen]
        return is_flat(losses, window=STOP_WINDOW, share=self.config.early_stop)

    def recall(self, step: int, loss: float, vectors: np.ndarray | None) -> None:
        """Take a look into the record: one just made, or one from before a run was stopped."""
        self.seen.append(Snapshot(step=step, loss=loss, vectors=vectors))

    def _thin(self) -> None:
        """Let go of most vectors of a long run, evenly: a state holds all that are there, and shall stay small."""
        stride = 1
        while len(self.seen) > 2 * MAX_SNAPSHOTS * stride:
            stride *= 2
        spared = {0, self.seen[-1].step, self.best.step}
        for number, look in enumerate(self.seen):
            if number % stride and look.vectors is not None and look.step not in spared:
                self.seen[number] = replace(look, vectors=None)


def is_flat(losses: Sequence[float], *, window: int, share: float) -> bool:
    """Whether the last ``window`` fixed losses vary by less than ``share`` of the variance of all of them.

    This is DVAR's rule for when nothing more is learned.
    """
    if len(losses) < 2 * window:
        return False
    return float(np.var(losses[-window:])) < share * float(np.var(losses))
