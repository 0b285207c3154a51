"""Where the engine computes, and in what precision."""

from __future__ import annotations

import torch
from torch import Tensor

from training.inversion.errors import BadConfig


def pick_device(name: str | None = None) -> torch.device:
    """The named device, or a GPU where there is one, or the processor. Raises :class:`BadConfig` for one that is not there."""
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.zeros(1, device=device).item()  # a device may have a name and not be there
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # torch raises all of these
        raise BadConfig("device", f"There is no device {name} here. Give cpu, or cuda where there is a GPU.") from error
    return device


def model_dtype(device: torch.device) -> torch.dtype:
    """Precision of the frozen networks: bfloat16 on a GPU, whose range needs no loss scaling; else float32."""
    return torch.bfloat16 if device.type == "cuda" else torch.float32


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the processor on a device, without waiting for what the device computes: only pinned memory is copied so."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
