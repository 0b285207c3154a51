"""The optimiser of the vectors, and what keeps them where words live."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

#: Share of the run over which the learning rate rises.
WARM_UP = 0.05


def make_optimiser(rows: nn.Parameter, learning_rate: float) -> torch.optim.AdamW:
    """AdamW on the placeholder's rows alone, without weight decay: decay would pull a word towards no word."""
    return torch.optim.AdamW([rows], lr=learning_rate, betas=(0.9, 0.99), weight_decay=0.0)


def rate_factor(step: int, total: int) -> float:
    """Linear warm-up, then a cosine down to a tenth."""
    warm = max(1, round(total * WARM_UP))
    if step < warm:
        return (step + 1) / warm
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))


@torch.no_grad()
def hold_norms(rows: Tensor, norm: float) -> None:
    """Scale each row [n, d] back to the vocabulary's median norm, so that only its direction is learned.

    Rows left free grow to many times a word's norm (5 times within 300 steps on the pocket model, for the same loss on
    pictures not trained on) and may drown the rest of the prompt in models whose words all have one norm; fixing it is
    what directional textual inversion does (arXiv 2512.13672).
    """
    rows.mul_(norm / rows.norm(dim=-1, keepdim=True).clamp(min=1e-8))
