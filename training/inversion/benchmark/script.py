"""The speed of somebody's own copy of diffusers' example script, run as its users run it, on the same model and pictures."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from training.inversion.errors import ScriptFailed
from training.inversion.models import BaseModel

#: Characters of what a script that failed has said last.
_SAID = 300


def measure_script(
    script: Path, model: str, base: BaseModel, pictures: Sequence[Image.Image], *, widths: Sequence[int], steps: int
) -> Iterator[dict[str, Any]]:
    """Yield one line for each width: pictures a second, from a run of ``steps`` and one of three times as many.

    What a run takes to start and to end is the same in both and falls out. Raises :class:`ScriptFailed`.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        for number, picture in enumerate(pictures):
            picture.save(data / f"{number}.png")
        for width in widths:
            short, long = (_seconds(script, model, base, data, width, count) for count in (steps, 3 * steps))
            if long <= short:
                raise ScriptFailed(
                    f"{script.name} took no longer for {3 * steps} steps than for {steps}: its start hides them. "
                    "Give more --steps."
                )
            yield {
                "bench": "reference-script",
                "base": base.name,
                "device": str(base.device),
                "threads": torch.get_num_threads(),
                "width": width,
                "images_per_second": round(2 * steps * width / (long - short), 2),
            }


def _seconds(script: Path, model: str, base: BaseModel, data: Path, width: int, steps: int) -> float:
    """How long a run takes from start to end."""
    options = {
        "pretrained_model_name_or_path": model,
        "train_data_dir": data,
        "output_dir": data.parent / "out",
        "placeholder_token": "<bench-word>",
        "initializer_token": "a",
        "learnable_property": "object",
        "resolution": base.resolution,
        "train_batch_size": width,
        "max_train_steps": steps,
        "save_steps": 10**6,
        "checkpointing_steps": 10**6,
        "mixed_precision": "bf16" if base.pipeline.unet.dtype == torch.bfloat16 else "no",
    }
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(script), *(str(word) for name, value in options.items() for word in (f"--{name}", value))],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())},
        check=False,
    )
    if done.returncode:
        raise ScriptFailed(f"{script.name} ended with status {done.returncode}: …{done.stderr.strip()[-_SAID:]}")
    return time.perf_counter() - begun
