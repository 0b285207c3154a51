"""Where the engine computes, and in what precision."""

from __future__ import annotations

import torch


def pick_device(name: str | None = None) -> torch.device:
    """The named device, or a GPU where there is one, or the processor."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def model_dtype(device: torch.device) -> torch.dtype:
    """Precision of the frozen networks: bfloat16 on a GPU, whose range needs no loss scaling; else float32."""
    return torch.bfloat16 if device.type == "cuda" else torch.float32
