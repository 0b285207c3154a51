"""A run watched from a terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from training.inversion.callbacks import Callbacks, Preview, Progress, Stage


class ToTerminal(Callbacks):
    """Progress on standard error, previews into a folder, the run's state into a file."""

    def __init__(self, folder: Path | None, state: Path | None = None) -> None:
        self.folder, self.state = folder, state
        self.live = sys.stderr.isatty()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def on_stage(self, stage: Stage) -> None:
        self._say(f"{stage.value} …")

    def on_progress(self, progress: Progress) -> None:
        if self.live:
            self._say(
                f"step {progress.step}/{progress.total_steps}, loss {progress.loss:.4f}, "
                f"{progress.steps_per_second:.1f} steps/s, {progress.seconds_left:.0f} s left"
            )

    def on_preview(self, preview: Preview) -> None:
        if self.folder is not None:
            words = "".join(letter if letter.isalnum() else "-" for letter in preview.template.replace("{}", "x"))
            preview.image.save(self.folder / f"{preview.step:05}-{preview.variant}-{words}-{preview.seed}.png")

    def on_state(self, state: bytes, step: int) -> None:
        if self.state is not None:
            temporary = self.state.with_name(self.state.name + ".tmp")
            temporary.write_bytes(state)
            temporary.replace(self.state)

    def _say(self, text: str) -> None:
        print(
            f"\r\033[K{text}" if self.live else text,
            end="" if self.live else "\n",
            file=sys.stderr,
            flush=True,
        )
