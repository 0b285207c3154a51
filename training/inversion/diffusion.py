"""The forward process and what the UNet is asked for: noise (epsilon) or velocity (v)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def stratified_timesteps(count: int, total: int, generator: torch.Generator) -> Tensor:
    """Draw int64 [count] timesteps of 0..total-1, one from each of ``count`` equal parts of the range.

    The mean over a batch has less variance than with independent draws, at no cost.
    """
    parts = torch.arange(count) + torch.rand(count, generator=generator)
    return (parts * (total / count)).long().clamp(max=total - 1)


def add_noise(latents: Tensor, noise: Tensor, alphas_cumprod: Tensor, timesteps: Tensor) -> Tensor:
    """Noisy latents [B, C, h, w] at timesteps [B] (Ho et al. 2020, equation 4)."""
    alpha = alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    return alpha.sqrt() * latents + (1 - alpha).sqrt() * noise


def weighted_loss(answer: Tensor, wanted: Tensor, weight: Tensor | None) -> Tensor:
    """Mean squared error of answers [B, C, h, w], each place and picture weighed by ``weight``, broadcast, if given."""
    if weight is None:
        return functional.mse_loss(answer, wanted)
    return (weight * (answer - wanted).square()).mean()


def min_snr_weights(kind: str, alphas_cumprod: Tensor, timesteps: Tensor, limit: float) -> Tensor:
    """Weights [B, 1, 1, 1] of timesteps [B] (Hang et al. 2023, arXiv 2303.09556), for what the UNet is asked for."""
    alpha = alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    ratio = alpha / (1 - alpha)
    if kind == "epsilon":
        return (limit / ratio).clamp(max=1)  # 1 also where a schedule ends in nothing but noise, and the ratio is 0
    return ratio.clamp(max=limit) / (ratio + 1)


def target(kind: str, latents: Tensor, noise: Tensor, alphas_cumprod: Tensor, timesteps: Tensor) -> Tensor:
    """What the UNet should answer: the noise, or the velocity of Salimans and Ho (2022)."""
    if kind == "epsilon":
        return noise
    alpha = alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    return alpha.sqrt() * noise - (1 - alpha).sqrt() * latents
