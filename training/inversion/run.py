"""One job's training between two steps: what it draws next, what it has learned, and all that it needs to go on later."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.inversion.config import InversionConfig
from training.inversion.data import Captions, Latents
from training.inversion.device import send
from training.inversion.diffusion import add_noise, min_snr_weights, stratified_timesteps, target
from training.inversion.encoders import initial_vectors
from training.inversion.errors import BadConfig
from training.inversion.fixed_loss import FixedLoss, Track
from training.inversion.methods import METHODS, hold_norms, rate_factor
from training.inversion.models import BaseModel
from training.inversion.probe import best_word
from training.inversion.tokens import Prompts


@dataclass(frozen=True, slots=True)
class Draw:
    """What a job asks of the UNet in one step."""

    noisy: Tensor  #: float32 [B, C, h, w]
    timesteps: Tensor  #: int64 [B]
    wanted: Tensor  #: float32 [B, C, h, w]: the right answer
    weight: Tensor | None  #: broadcast over it; None where everything counts the same
    prompts: Prompts  #: each distinct caption once
    where: Tensor  #: int64 [B]: which of the prompts belongs to which picture


class Run:
    """The state of one job. It has generator, vectors and optimiser of its own, so that other jobs change nothing."""

    def __init__(
        self, config: InversionConfig, latents: Latents, base: BaseModel, initial: np.ndarray | None = None
    ) -> None:
        """Start from ``initial`` [n, d], vectors learned before, or from the words that the settings say."""
        self.config, self.latents, self.base = config, latents, base
        self.generator = torch.Generator().manual_seed(config.seed)
        self.captions = Captions(config, base)
        fixed_loss = FixedLoss(config, base, latents, self.captions)
        start, self.start_words, self.continued_from = _start(config, base, fixed_loss, initial)
        self.rows = nn.Parameter(start.to(base.device))
        self.method = METHODS[config.method](self.rows, config.learning_rate, base.norms)
        self.mean = self.rows.detach().clone()
        self.track = Track(fixed_loss, config)
        self.track.begin(self.rows)
        self.step = 0  #: steps made
        self.curve: list[list[float]] = []  #: noisy training loss, [[step, loss], …]
        self.losses: list[Tensor] = []  #: of the steps since the last report, on the device
        self.gradient = torch.zeros(())  #: length of the last step's gradient, on the device
        self.begun = time.monotonic()
        self.seconds_before = 0.0  #: spent before it went on from a state

    def draw(self) -> Draw:
        """Draw images, noise, timesteps and captions for the next step."""
        base, generator, size = self.base, self.generator, self.config.batch_size
        indices = torch.randint(self.latents.count, (size,), generator=generator)
        mirrored = (torch.rand(size, generator=generator) < self.config.flip_probability).long()
        clean = self.latents.sample(indices, mirrored, generator)
        noise = send(torch.randn(clean.shape, generator=generator), base.device)
        timesteps = send(stratified_timesteps(size, len(base.alphas_cumprod), generator), base.device)
        numbers, where = self.captions.draw(indices, generator).unique(return_inverse=True)
        return Draw(
            noisy=add_noise(clean, noise, base.alphas_cumprod, timesteps),
            timesteps=timesteps,
            wanted=target(base.prediction_type, clean, noise, base.alphas_cumprod, timesteps),
            weight=self._weight(indices, mirrored, timesteps),
            prompts=self.captions.prompts[send(numbers, base.device)],
            where=send(where, base.device),
        )

    def _weight(self, indices: Tensor, mirrored: Tensor, timesteps: Tensor) -> Tensor | None:
        """What places and timesteps of a draw count; None where all count the same."""
        base, config = self.base, self.config
        weight = self.latents.weights(indices, mirrored, config.outside_weight)
        if not config.min_snr:
            return weight
        of_steps = min_snr_weights(base.prediction_type, base.alphas_cumprod, timesteps, config.min_snr)
        return of_steps if weight is None else weight * of_steps

    def update(self, loss: Tensor) -> None:
        """Move the vectors along the gradient that ``loss``, of the last draw, has given them."""
        self.gradient = torch.zeros(()) if self.rows.grad is None else self.rows.grad.norm()
        self.method.update(rate_factor(self.step - self.config.start, self.config.steps - self.config.start))
        self.rows.grad = None
        self._follow()
        self.losses.append(loss.detach())
        self.step += 1

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the running mean towards the vectors, quickly at first."""
        if self.config.average:
            decay = min(self.config.average, (1 + self.step) / (10 + self.step))
            self.mean.lerp_(self.rows.detach(), 1 - decay)

    @property
    def vectors(self) -> Tensor:
        """The vectors [n, d] as they would be handed out now."""
        if not self.config.average:
            return self.rows
        vectors = self.mean.clone()
        hold_norms(vectors, self.base.norms)
        return vectors

    def is_over(self) -> bool:
        """Look at the fixed loss when it is time; whether all steps are made or nothing more is learned."""
        return self.track.look(self.step, self.vectors) or self.step >= self.config.steps

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that a run in another process needs to go on bit for bit: tensors by name, and plain JSON."""
        tensors = {"rows": self.rows.detach(), "mean": self.mean, "generator": self.generator.get_state()}
        tensors |= {f"method.{name}": value for name, value in self.method.memory().items()}
        if self.losses:
            tensors["losses"] = torch.stack(self.losses)
        held = self.track.held
        tensors["snapshots"] = torch.stack([torch.from_numpy(look.vectors) for look in held])
        looks = [[look.step, look.loss, look.vectors is not None] for look in self.track.seen]
        return tensors, {"step": self.step, "curve": self.curve, "looks": looks}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go on from what :meth:`state` returned."""
        with torch.no_grad():
            self.rows.copy_(tensors["rows"])
            self.mean.copy_(tensors["mean"])
        self.generator.set_state(tensors["generator"])
        kept = {name.removeprefix("method."): value for name, value in tensors.items() if name.startswith("method.")}
        self.method.remember(kept)
        self.losses = list(tensors["losses"].to(self.base.device)) if "losses" in tensors else []
        self.step, self.curve = values["step"], values["curve"]
        self.track.seen = []
        snapshots = iter(tensors["snapshots"])
        for step, loss, is_held in values["looks"]:
            self.track.recall(step, loss, next(snapshots).numpy() if is_held else None)


def _start(
    config: InversionConfig, base: BaseModel, fixed_loss: FixedLoss, initial: np.ndarray | None
) -> tuple[Tensor, str | None, str | None]:
    """The vectors [n, d] to start from, and what they are: the words, or the SHA-256 of numbers learned before."""
    if initial is not None:
        if initial.shape != (config.vectors, base.width):
            raise BadConfig(
                "vectors",
                f"The vectors to go on from are {len(initial)} of width {initial.shape[1]}; "
                f"these settings and {base.name} take {config.vectors} of width {base.width}.",
            )
        numbers = np.ascontiguousarray(initial, dtype="<f4")
        return torch.from_numpy(numbers.copy()), None, hashlib.sha256(numbers.tobytes()).hexdigest()
    words = config.initialiser
    if config.probe:
        words = best_word(base, fixed_loss, words, config.vectors)
    return initial_vectors(base.encoders, words, config.vectors), words, None
