"""How a word's vectors move along their gradient: one class for each method, all with the same small interface."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from training.inversion.config import MethodName


class Method(ABC):
    """Moves the vectors of one job. It alone knows what it keeps between two steps."""

    def __init__(self, rows: nn.Parameter, learning_rate: float, norm: float) -> None:
        """``rows`` float32 [n, d] are set on the shell of ``norm``, the vocabulary's median, where words live."""
        self.rows, self.learning_rate, self.norm = rows, learning_rate, norm
        hold_norms(rows, norm)

    @abstractmethod
    def update(self, factor: float) -> None:
        """Move the vectors along their gradient, with the learning rate times ``factor``."""

    @abstractmethod
    def memory(self) -> dict[str, Tensor]:
        """What must be kept beside the vectors to go on later, by name."""

    @abstractmethod
    def remember(self, memory: dict[str, Tensor]) -> None:
        """Go on from what :meth:`memory` returned."""


class TextualInversion(Method):
    """AdamW on the rows, each set back on the vocabulary's median norm (Gal et al. 2022, arXiv 2208.01618).

    Rows left free grow to many times a word's norm (5 times within 300 steps on the pocket model, for the same loss on
    pictures not trained on) and may drown the rest of the prompt in models whose words all have one norm.
    """

    def __init__(self, rows: nn.Parameter, learning_rate: float, norm: float) -> None:
        super().__init__(rows, learning_rate, norm)
        # No weight decay: it would pull a word towards no word.
        self.optimiser = torch.optim.AdamW([rows], lr=learning_rate, betas=(0.9, 0.99), weight_decay=0.0)

    def update(self, factor: float) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate * factor
        self.optimiser.step()
        hold_norms(self.rows, self.norm)

    def memory(self) -> dict[str, Tensor]:
        return dict(self.optimiser.state[self.rows])

    def remember(self, memory: dict[str, Tensor]) -> None:
        # The step count stays where AdamW wants it, on the processor.
        self.optimiser.state[self.rows] = {
            name: value if name == "step" else value.to(self.rows.device) for name, value in memory.items()
        }


class DirectionalInversion(Method):
    """Descent on the sphere: the norm is fixed and only the direction learned (arXiv 2512.13672).

    The gradient is projected onto the tangent plane and divided by a running mean of its length, one number a row, so that
    the learning rate is the angle of a step in radians. A von Mises-Fisher prior pulls towards the initialiser.
    """

    #: Decay of the running mean of squared lengths.
    DECAY = 0.99
    #: Concentration of the prior.
    KAPPA = 1e-4

    def __init__(self, rows: nn.Parameter, learning_rate: float, norm: float) -> None:
        super().__init__(rows, learning_rate, norm)
        self.start = rows.detach() / norm
        self.squares = torch.zeros(len(rows), 1, device=rows.device)
        self.steps = 0

    @torch.no_grad()
    def update(self, factor: float) -> None:
        if self.rows.grad is None:
            return
        self.steps += 1
        direction = self.rows / self.norm
        gradient = self.norm * self.rows.grad - self.KAPPA * self.start
        tangent = gradient - (gradient * direction).sum(dim=-1, keepdim=True) * direction
        self.squares.lerp_((tangent**2).sum(dim=-1, keepdim=True), 1 - self.DECAY)
        length = (self.squares / (1 - self.DECAY**self.steps)).sqrt().clamp(min=1e-12)
        self.rows.copy_(direction - self.learning_rate * factor * tangent / length)
        hold_norms(self.rows, self.norm)

    def memory(self) -> dict[str, Tensor]:
        return {"start": self.start, "squares": self.squares, "step": torch.tensor(float(self.steps))}

    def remember(self, memory: dict[str, Tensor]) -> None:
        self.start, self.squares = (memory[name].to(self.rows.device) for name in ("start", "squares"))
        self.steps = int(memory["step"])


METHODS: dict[MethodName, type[Method]] = {"ti": TextualInversion, "dti": DirectionalInversion}

#: Share of the run over which the learning rate rises.
WARM_UP = 0.05


def rate_factor(step: int, total: int) -> float:
    """Linear warm-up, then a cosine down to a tenth."""
    warm = max(1, round(total * WARM_UP))
    if step < warm:
        return (step + 1) / warm
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))


@torch.no_grad()
def hold_norms(rows: Tensor, norm: float) -> None:
    """Scale each row [n, d] back to ``norm``, so that only its direction is learned."""
    rows.mul_(norm / rows.norm(dim=-1, keepdim=True).clamp(min=1e-8))
