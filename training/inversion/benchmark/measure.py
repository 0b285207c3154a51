"""Pictures a second beside the classic loop, both in the same run and by turns, so that only their ratio matters.

The classic loop is :mod:`training.inversion.benchmark.reference`.
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
from torch import Tensor

from training.inversion import packing
from training.inversion.benchmark.reference import Recipe, ReferenceLoop
from training.inversion.config import InversionConfig
from training.inversion.data import Latents
from training.inversion.models import BaseModel
from training.inversion.run import Run
from training.inversion.work import per_picture

#: Training pictures, as many as people usually have.
IMAGES = 5
#: Rounds of each loop by turns; the middle one counts, since other programs also use the machine.
ROUNDS = 3
#: Side of the matrices, four times as long on a GPU, and how many products are timed together.
MATMUL_SIDE = 1024
MATMULS = 10
TOKEN = "<bench-word>"
#: One token of every vocabulary.
WORD = "a"


def measure(base: BaseModel, *, cases: Sequence[tuple[int, int]], steps: int) -> Iterator[dict[str, Any]]:
    """Yield one line for each case (jobs that share a pass, pictures of each): pictures a second of both loops.

    The classic loop knows one job at a time; it is measured with as many pictures as one of the jobs has.
    """
    pictures = pictures_for(base)
    latents = Latents(base, pictures)
    cost, best = per_picture(base).training, _matmul_rate(base) if cases else 0.0
    for jobs, width in cases:
        runs = [Run(_config(steps, width, seed=number), latents, base) for number in range(jobs)]
        classic = ReferenceLoop(base, pictures, Recipe(token=TOKEN, initialiser=WORD, batch_size=width))
        ours, theirs = _by_turns(base, partial(_step, base, runs, steps), partial(classic.run, steps))
        speed, before = steps * width * jobs / ours, steps * width / theirs
        yield {
            "bench": "steps",
            **_where(base),
            "jobs": jobs,
            "width": width,
            "images_per_second": round(speed, 2),
            "classic_images_per_second": round(before, 2),
            "ratio": round(speed / before, 2),
            "gflop_per_second": round(speed * cost / 1e9, 1),
            "share_of_matmul_rate": round(speed * cost / best, 3),
        }


def _matmul_rate(base: BaseModel) -> float:
    """Floating-point operations a second of large matrix products in the model's precision: what the device can do at best."""
    dtype = base.pipeline.unet.dtype
    side = MATMUL_SIDE if base.device.type == "cpu" else 4 * MATMUL_SIDE
    one, other = torch.randn(2, side, side).to(base.device, dtype)
    seconds = []
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        for _ in range(MATMULS):
            one @ other
        _wait(base)
        seconds.append(time.perf_counter() - begun)
    return MATMULS * 2 * side**3 / statistics.median(seconds[1:])


def measure_parts(base: BaseModel, *, widths: Sequence[int], steps: int) -> Iterator[dict[str, Any]]:
    """Yield one line for each width: the share of a step's time in each part, and the memory that its way back waits with."""
    latents = Latents(base, pictures_for(base))
    kept = {width: _kept_bytes(base, Run(_config(steps, width), latents, base)) for width in {1, *widths}}
    for width in widths:
        run = Run(_config(steps, width), latents, base)
        packing.step(base, [run])
        with _Stopwatch(base, run) as watch:
            for _ in range(steps):
                packing.step(base, [run])
        slots = kept[width] if width == 1 else (kept[width] - kept[1]) / (width - 1)
        yield {"bench": "parts", **_where(base), "width": width, **watch.shares(), "mb_per_slot": round(slots / 1e6, 2)}


def in_words(line: dict[str, Any]) -> str:
    """A line of any measurement for people."""
    if line["bench"] == "parts":
        shares = ", ".join(
            f"{name.removesuffix('_share')} {line[name]:.0%}" for name in line if name.endswith("_share")
        )
        return f"width {line['width']}: {shares}; {line['mb_per_slot']} MB for each slot"
    if line["bench"] == "reference-script":
        return f"the script, width {line['width']}: {line['images_per_second']} images/s"
    return (
        f"{line['jobs']} × {line['width']}: {line['images_per_second']} images/s, classic loop "
        f"{line['classic_images_per_second']} ({line['ratio']} times), "
        f"{line['gflop_per_second']} GFLOP/s, {line['share_of_matmul_rate']:.0%} of large matrix products"
    )


class _Stopwatch:
    """Where the time of steps goes. It waits for the device at every mark, so the whole is slower than it would be."""

    def __init__(self, base: BaseModel, run: Run) -> None:
        self.base, self.run = base, run
        self.seconds = {"draw": 0.0, "text": 0.0, "unet": 0.0, "update": 0.0}

    def __enter__(self) -> _Stopwatch:
        pairs = [("text", encoder.model) for encoder in self.base.encoders] + [("unet", self.base.pipeline.unet)]
        self.hooks = [hook for part, module in pairs for hook in self._watch(part, module)]
        self.run.draw = self._timed("draw", self.run.draw)  # type: ignore[method-assign]
        self.run.update = self._timed("update", self.run.update)  # type: ignore[method-assign]
        self.begun = self._now()
        return self

    def __exit__(self, *_: object) -> None:
        self.whole = self._now() - self.begun
        for hook in self.hooks:
            hook.remove()

    def shares(self) -> dict[str, float]:
        """The share of each part; the way back through UNet and text encoder is most of what is left."""
        shares = {f"{part}_share": seconds / self.whole for part, seconds in self.seconds.items()}
        shares["backward_share"] = 1 - sum(shares.values())
        return {part: round(share, 3) for part, share in shares.items()}

    def _watch(self, part: str, module: torch.nn.Module) -> list[Any]:
        def begin(*_: object) -> None:
            self.seconds[part] -= self._now()

        def end(*_: object) -> None:
            self.seconds[part] += self._now()

        return [module.register_forward_pre_hook(begin), module.register_forward_hook(end)]

    def _timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            begun = self._now()
            answer = call(*arguments)
            self.seconds[part] += self._now() - begun
            return answer

        return timed

    def _now(self) -> float:
        _wait(self.base)
        return time.perf_counter()


def _kept_bytes(base: BaseModel, run: Run) -> int:
    """Bytes that one pass keeps for its way back, besides the model's own weights: what a slot takes while it trains."""
    weights = {weight.untyped_storage().data_ptr() for module in _modules(base) for weight in module.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        packing.losses(base, [run])
    return sum(kept.values())


def _modules(base: BaseModel) -> list[torch.nn.Module]:
    return [base.pipeline.unet, *(encoder.model for encoder in base.encoders)]


def _step(base: BaseModel, runs: Sequence[Run], steps: int) -> None:
    for _ in range(steps):
        packing.step(base, runs)


def _config(steps: int, batch_size: int, *, seed: int = 0) -> InversionConfig:
    return InversionConfig(
        placeholder_token=TOKEN, kind="object", initialiser=WORD, steps=steps, batch_size=batch_size, vectors=1,
        seed=seed, preview_at=(), preview_prompts=(), progress_every=steps,
    )  # fmt: skip


def pictures_for(base: BaseModel) -> list[Image.Image]:
    """Pictures of noise, which cost as much as others."""
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
