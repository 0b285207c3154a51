"""How the engine speaks to whoever runs it: one class of no-op hooks. Imports no torch and no site code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from PIL import Image

T = TypeVar("T")


class Stage(StrEnum):
    """What the engine is busy with, in order."""

    LOADING = "loading"  #: reading the base model
    ENCODING = "encoding"  #: turning the images into latents
    TRAINING = "training"  #: optimising the vectors
    PREVIEWING = "previewing"  #: drawing the final previews


class Variant(StrEnum):
    """What stands for ``{}`` in a preview's prompt."""

    LEARNED = "learned"  #: the placeholder token
    INITIALISER = "initialiser"  #: the initialiser words, for comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A progress report, sent every ``progress_every`` steps."""

    step: int
    total_steps: int
    loss: float  #: mean noisy training loss since the last report
    steps_per_second: float
    seconds_left: float  #: estimate for training and previews together
    fixed_loss_curve: Sequence[tuple[int, float]] = ()  #: every look at the loss on fixed draws, as (step, loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One drawn preview."""

    step: int
    prompt: str  #: as drawn, the placeholder or initialiser filled in
    template: str  #: the prompt with ``{}``
    seed: int
    variant: Variant
    final: bool  #: drawn from the finished file, read back through the public loader
    guidance_scale: float
    sampler_steps: int
    image: Image.Image
    strength: float = 1.0  #: how far the vectors are from the initialiser's (0) to the learned ones (1), or beyond

    @property
    def settings(self) -> dict[str, Any]:
        """Plain JSON of how it was drawn; ``strength`` only where it is not the whole word."""
        drawn = {"guidance_scale": self.guidance_scale, "sampler_steps": self.sampler_steps}
        return drawn if self.strength == 1 else drawn | {"strength": self.strength}


class Callbacks:
    """Hooks that a caller overrides; every one of them may be left alone."""

    def on_stage(self, stage: Stage) -> None:
        """A new stage begins."""

    def on_progress(self, progress: Progress) -> None:
        """Training went on by some steps."""

    def on_preview(self, preview: Preview) -> None:
        """A preview was drawn."""

    def on_state(self, state: bytes, step: int) -> None:
        """Every ``checkpoint_every`` steps, and once more when the run is asked to stop: what ``resume`` goes on from."""

    def persist(self, store: Callable[[], T]) -> T:
        """Have something stored that needs room on a disk: whoever overrides it may wait for room and try again."""
        return store()

    def should_stop(self) -> bool:
        """Asked between steps and between previews; True ends the run with :class:`Cancelled`."""
        return False
