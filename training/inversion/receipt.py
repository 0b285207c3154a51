"""What is kept with a result so that anybody can tell how it came about, and make it again."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import torch

from training.inversion.encoders import nearest_words
from training.inversion.fixed_loss import DRAWS
from training.inversion.run import Run
from training.inversion.work import per_picture

#: Libraries whose versions may change the numbers.
LIBRARIES = ("torch", "diffusers", "transformers", "numpy", "pillow")


def receipt_of(run: Run, evaluation: dict[str, Any] | None, *, seconds: float) -> dict[str, Any]:
    """Plain JSON about a finished run. Names no path of this machine and no person."""
    total = run.latents.total
    config, base, best = run.config, run.base, run.track.best
    rows = torch.from_numpy(best.vectors).to(base.device)
    widths = [encoder.width for encoder in base.encoders]
    return {
        "config": config.to_dict(),
        "base": {"name": base.name, "family": base.family, "fingerprint": base.fingerprint},
        "images": total,
        "images_held_out": total - run.latents.count,
        "images_digest": run.latents.digest,
        "start_words": run.start_words,
        "continued_from": run.continued_from,
        "steps": run.step,
        "best_step": best.step,
        "loss": run.curve[-1][1] if run.curve else None,
        "loss_curve": run.curve,
        "fixed_loss": round(best.loss, 5),
        "fixed_loss_curve": [list(look) for look in run.track.curve],
        "norms": [_rounded(part.norm(dim=-1).tolist()) for part in rows.split(widths, dim=-1)],
        "vocabulary_median_norms": _rounded(encoder.median_norm for encoder in base.encoders),
        "nearest_words": nearest_words(base.encoders, rows),
        "device": _device_name(base.device),
        "dtype": str(base.pipeline.unet.dtype).removeprefix("torch."),
        "libraries": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "evaluation": evaluation,
        "flop": _flop(run),  # of training and its looks at the fixed loss, without previews and evaluation
        "seconds": round(run.seconds_before + seconds, 2),
    }


def _flop(run: Run) -> int | None:
    """None where counting finds no memory beside other jobs: what was learned is worth more than what it cost."""
    try:
        cost = per_picture(run.base)
    except torch.OutOfMemoryError:
        return None
    looked_at, size = len(run.track.seen) * DRAWS, run.config.batch_size
    return cost.of_ours(steps=run.step, batch_size=size, looked_at=looked_at, images=run.latents.total)


def _rounded(numbers: Iterable[float]) -> list[float]:
    return [round(number, 5) for number in numbers]


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
