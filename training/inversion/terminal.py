"""A run watched from a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Self

from training.inversion.callbacks import Callbacks, Preview, Progress, Stage
from training.inversion.files import write_whole
from training.inversion.provenance import save_drawn


class ToTerminal(Callbacks):
    """Progress on standard error, previews into a folder, the run's state into a file.

    Used as a context, after which the next output begins on a line of its own.
    """

    def __init__(self, folder: Path | None = None, state: Path | None = None) -> None:
        self.folder, self.state = folder, state
        self.is_live = sys.stderr.isatty()
        self.is_open = False  #: whether the line that was written last is to be written over

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def on_stage(self, stage: Stage) -> None:
        self._close()
        print(f"{stage.value} …", file=sys.stderr, flush=True)

    def on_progress(self, progress: Progress) -> None:
        if self.is_live:
            text = (
                f"step {progress.step}/{progress.total_steps}, loss {progress.loss:.4f}, "
                f"{progress.steps_per_second:.1f} steps/s, {progress.seconds_left:.0f} s left"
            )
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
            self.is_open = True

    def on_preview(self, preview: Preview) -> None:
        if self.folder is not None:
            words = "".join(letter if letter.isalnum() else "-" for letter in preview.template.replace("{}", "x"))
            strength = "" if preview.strength == 1 else f"-strength-{preview.strength:g}"
            save_drawn(
                preview.image,
                self.folder / f"{preview.step:05}-{preview.variant}-{words}-{preview.seed}{strength}.png",
                prompt=preview.prompt,
                seed=preview.seed,
                steps=preview.sampler_steps,
                guidance_scale=preview.guidance_scale,
            )

    def on_state(self, state: bytes, step: int) -> None:
        if self.state is not None:
            write_whole(self.state, state)

    def _close(self) -> None:
        if self.is_open:
            print(file=sys.stderr)
            self.is_open = False
