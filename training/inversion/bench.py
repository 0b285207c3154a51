"""Steps a second beside the classic loop, both in the same run and by turns, so that only their ratio matters.

The classic loop is :mod:`training.inversion.reference`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image

from training.inversion import packing
from training.inversion.config import InversionConfig
from training.inversion.data import Latents
from training.inversion.models import BaseModel
from training.inversion.reference import Recipe, ReferenceLoop
from training.inversion.run import Run

#: Training pictures, as many as people usually have.
IMAGES = 5
#: Rounds of each loop by turns; the middle one counts, since other programs also use the machine.
ROUNDS = 3
TOKEN = "<bench-word>"


def measure(base: BaseModel, *, widths: Sequence[int], steps: int) -> Iterator[dict[str, Any]]:
    """Yield one line for each batch width: steps a second of both loops and their ratio."""
    pictures = _pictures(base)
    begun = time.perf_counter()
    latents = Latents(base, pictures)
    _wait(base)
    encoding = time.perf_counter() - begun
    for width in widths:
        config = _config(steps, width)
        classic = ReferenceLoop(base, pictures, Recipe(token=TOKEN, batch_size=width))
        ours, theirs = _by_turns(base, partial(_train, config, latents, base), partial(classic.run, steps))
        yield {
            "bench": "steps",
            **_where(base),
            "width": width,
            "steps_per_second": round(steps / ours, 3),
            "classic_steps_per_second": round(steps / theirs, 3),
            "ratio": round(theirs / ours, 2),
            "encode_once_seconds": round(encoding, 3),
        }


def measure_packing(base: BaseModel, *, jobs: Sequence[int], steps: int, batch_size: int) -> Iterator[dict[str, Any]]:
    """Yield one line for each number of jobs that share a pass: images a second, beside the classic loop with one job."""
    pictures = _pictures(base)
    latents = Latents(base, pictures)
    classic = ReferenceLoop(base, pictures, Recipe(token=TOKEN, batch_size=batch_size))
    for count in jobs:
        runs = [Run(_config(steps, batch_size, seed=number), latents, base) for number in range(count)]

        def together(runs: Sequence[Run] = runs) -> None:
            for _ in range(steps):
                packing.step(base, runs)

        ours, theirs = _by_turns(base, together, lambda: classic.run(steps))
        speed, before = steps * batch_size * count / ours, steps * batch_size / theirs
        yield {
            "bench": "packing",
            **_where(base),
            "jobs": count,
            "batch_size": batch_size,
            "images_per_second": round(speed, 1),
            "classic_images_per_second": round(before, 1),
            "ratio": round(speed / before, 2),
        }


def _train(config: InversionConfig, latents: Latents, base: BaseModel) -> None:
    """A run with its looks at the fixed loss."""
    run = Run(config, latents, base)
    packing.step(base, [run])
    while not run.is_over():
        packing.step(base, [run])


def _config(steps: int, batch_size: int, *, seed: int = 0) -> InversionConfig:
    return InversionConfig(
        placeholder_token=TOKEN, kind="object", initialiser="thing", steps=steps, batch_size=batch_size, vectors=1,
        seed=seed, preview_at=(), preview_prompts=(), progress_every=steps,
    )  # fmt: skip


def _pictures(base: BaseModel) -> list[Image.Image]:
    side = base.resolution
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)) for _ in range(IMAGES)]


def _where(base: BaseModel) -> dict[str, Any]:
    """What the speed depends on besides the loop."""
    return {
        "base": base.name,
        "device": str(base.device),
        "dtype": str(base.pipeline.unet.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }


def _by_turns(base: BaseModel, ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of each, after one round of both to warm up."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for round_number in range(ROUNDS + 1):
        for run, kept in zip((ours, theirs), seconds, strict=True):
            begun = time.perf_counter()
            run()
            _wait(base)
            if round_number:
                kept.append(time.perf_counter() - begun)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def _wait(base: BaseModel) -> None:
    if base.device.type == "cuda":
        torch.cuda.synchronize(base.device)
