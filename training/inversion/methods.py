"""How a word's vectors move along their gradient: one class for each method, all with the same small interface."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.inversion.config import MethodName

#: For each text encoder the width of its part of a row, and the norm that the part is held at.
Norms = Sequence[tuple[int, float]]


class Method(ABC):
    """Moves the vectors of one job. It alone knows what it keeps between two steps."""

    def __init__(self, rows: nn.Parameter, learning_rate: float, norms: Norms) -> None:
        """``rows`` float32 [n, d] are set on the shells of ``norms``, the vocabularies' medians, where words live."""
        self.rows, self.learning_rate, self.norms = rows, learning_rate, norms
        hold_norms(rows, norms)

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

    def __init__(self, rows: nn.Parameter, learning_rate: float, norms: Norms) -> None:
        super().__init__(rows, learning_rate, norms)
        # No weight decay: it would pull a word towards no word.
        self.optimiser = torch.optim.AdamW([rows], lr=learning_rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True)

    def update(self, factor: float) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate * factor
        self.optimiser.step()
        hold_norms(self.rows, self.norms)

    def memory(self) -> dict[str, Tensor]:
        return dict(self.optimiser.state[self.rows])

    def remember(self, memory: dict[str, Tensor]) -> None:
        self.optimiser.state[self.rows] = {name: value.to(self.rows.device) for name, value in memory.items()}


class DirectionalInversion(Method):
    """Descent on the sphere: the norm is fixed and only the direction learned (arXiv 2512.13672).

    The gradient is projected onto the tangent plane and divided by a running mean of its length, one number a row, so that
    the learning rate is the angle of a step in radians. A von Mises-Fisher prior pulls towards the initialiser.
    """

    #: Decay of the running mean of squared lengths.
    DECAY = 0.99
    #: Concentration of the prior.
    KAPPA = 1e-4

    def __init__(self, rows: nn.Parameter, learning_rate: float, norms: Norms) -> None:
        super().__init__(rows, learning_rate, norms)
        self.start = rows.detach().clone()
        self.squares = torch.zeros(len(rows), len(norms), device=rows.device)
        self.steps = 0

    @torch.no_grad()
    def update(self, factor: float) -> None:
        if self.rows.grad is None:
            return
        self.steps += 1
        first = 0
        for number, (width, norm) in enumerate(self.norms):  # each encoder's words live on a sphere of their own
            part = slice(first, first + width)
            first += width
            direction = self.rows[:, part] / norm
            gradient = norm * self.rows.grad[:, part] - self.KAPPA * self.start[:, part] / norm
            tangent = gradient - (gradient * direction).sum(dim=-1, keepdim=True) * direction
            self.squares[:, number].lerp_((tangent**2).sum(dim=-1), 1 - self.DECAY)
            length = (self.squares[:, number, None] / (1 - self.DECAY**self.steps)).sqrt().clamp(min=1e-12)
            self.rows[:, part] = direction - self.learning_rate * factor * tangent / length
        hold_norms(self.rows, self.norms)

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
def hold_norms(rows: Tensor, norms: Norms) -> None:
    """Scale each encoder's part of each row [n, d] back to its norm, so that only its direction is learned."""
    for part, (_, norm) in zip(rows.split([width for width, _ in norms], dim=-1), norms, strict=True):
        part.mul_(norm / part.norm(dim=-1, keepdim=True).clamp(min=1e-8))
