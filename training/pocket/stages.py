"""What every stage of the build shares: a budget of minutes, atomic checkpoints to go on from, an average of the weights."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

#: Seconds between two checkpoints: what a killed build loses at most.
CHECKPOINT_SECONDS = 120.0


@dataclass
class Stage:
    """One stage's folder, clock and log. ``seconds`` counts over all the times it was resumed."""

    name: str
    folder: Path
    minutes: float
    seconds: float = 0.0
    step: int = 0
    log: list[dict[str, float]] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """Where the stage's checkpoint lies."""
        return self.folder / f"{self.name}.pt"

    @property
    def done(self) -> float:
        """Share of the stage's minutes that are spent, 0..1: what schedules follow."""
        return min(self.seconds / (self.minutes * 60), 1.0) if self.minutes else 1.0

    def resume(self, **parts: Any) -> None:
        """Load the checkpoint, if there is one, into modules, optimisers and averages."""
        if not self.path.exists():
            return
        saved = torch.load(self.path, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        self.seconds, self.step, self.log = saved["seconds"], saved["step"], saved["log"]

    def save(self, **parts: Any) -> None:
        """Write the checkpoint under another name and move it into place, so that no half file is ever read."""
        state = {name: part.state_dict() for name, part in parts.items()}
        state |= {"seconds": self.seconds, "step": self.step, "log": self.log}
        temporary = self.path.with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.replace(self.path)

    def steps(self, **parts: Any) -> Iterator[int]:
        """Yield step numbers until the minutes are spent; checkpoint now and then and at the end."""
        saved = time.monotonic()
        while self.seconds < self.minutes * 60:
            begun = time.monotonic()
            yield self.step
            now = time.monotonic()
            self.seconds += now - begun
            self.step += 1
            if now - saved > CHECKPOINT_SECONDS:
                self.save(**parts)
                saved = now
        self.save(**parts)

    def report(self, **values: float) -> None:
        """Append a line to the log and print it."""
        line = {
            "step": self.step,
            "seconds": round(self.seconds),
            **{key: round(value, 5) for key, value in values.items()},
        }
        self.log.append(line)
        print(json.dumps({"stage": self.name, **line}), flush=True)


class Average:
    """Exponential moving average of a module's weights (Polyak averaging), shorter while training is young."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the module's weights as they are now."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        state = module.state_dict()
        averaged = [name for name, value in state.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.values[name] for name in averaged], [state[name] for name in averaged], 1 - decay)

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values, "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.values, self.updates = state["values"], state["updates"]

    def copy_to(self, module: nn.Module) -> None:
        """Give a module the averaged weights."""
        module.load_state_dict(self.values)


def warm_cosine(done: float, step: int, *, warm_steps: int = 200) -> float:
    """Learning rate factor: a linear warm-up over steps, then a cosine to 2 % over the share of time that is done."""
    decay = 0.02 + 0.98 * 0.5 * (1 + float(torch.cos(torch.tensor(done * torch.pi))))
    return min((step + 1) / warm_steps, 1.0) * decay


def set_rate(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Scale each group's learning rate from the one it was made with."""
    for group in optimiser.param_groups:
        group["lr"] = group.setdefault("full_lr", group["lr"]) * factor
