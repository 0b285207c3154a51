"""A classifier of drawings: what says whether a generated picture shows the concept it should.

It sees drawings only, never a generated picture. Its classes are the unseen concepts, the vocabulary's nouns or styles,
and *something else*: anything of the family by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from training.pocket import chance
from training.pocket.concepts import OBJECTS, STYLES
from training.pocket.vae import to_tensor
from training.pocket.vocabulary import NOUN_LOOKS, STYLE_LOOKS
from training.pocket.world import Look, Style, draw

BATCH = 64
STEPS = {"object": 2200, "style": 900}
#: Share of training pictures that show something without a class of its own.
OTHER_SHARE = 0.25
#: Nouns among the classes; with all of them learning takes hours and says no more.
NOUN_CLASSES = 48


@dataclass(frozen=True)
class Judge:
    """A trained classifier. ``classes`` are names; the last is ``other``."""

    kind: str
    classes: tuple[str, ...]
    network: nn.Module
    accuracy: float  #: on unseen drawings of all classes but ``other``

    @torch.no_grad()
    def recognised(self, pictures: list[Image.Image], name: str) -> float:
        """The share of pictures that are taken for ``name`` rather than for any other class."""
        batch = to_tensor(np.stack([np.asarray(picture.convert("RGB")) for picture in pictures]))
        answers = self.network(batch).argmax(dim=-1)
        return float((answers == self.classes.index(name)).float().mean())


def _classes(kind: str) -> dict[str, Look | Style]:
    if kind == "object":
        known = {concept.name: concept.look for concept in OBJECTS if concept.look}
        return known | dict(list(NOUN_LOOKS.items())[:NOUN_CLASSES])
    known_styles = {concept.name: concept.style for concept in STYLES if concept.style}
    return known_styles | STYLE_LOOKS


def _network(outputs: int) -> nn.Module:
    def block(inputs: int, channels: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, channels, 3, stride=2, padding=1), nn.BatchNorm2d(channels), nn.ReLU()]

    layers = [*block(3, 32), *block(32, 64), *block(64, 96), *block(96, 128)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(128 * 16, outputs))


def _sample(classes: dict[str, Look | Style], kind: str, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """A drawing and its class number."""
    names = list(classes)
    label = len(names) if rng.uniform() < OTHER_SHARE else int(rng.integers(0, len(names)))
    shown = classes[names[label]] if label < len(names) else None
    place = str(rng.choice(list(chance.PLACES)))
    size = str(rng.choice(list(chance.SIZES)))
    if kind == "object":
        look = shown if isinstance(shown, Look) else chance.look(rng)
        return draw(chance.scene(rng, look, place=place, size=size)), label
    style = shown if isinstance(shown, Style) else chance.style(rng)
    return draw(chance.scene(rng, chance.look(rng), place=place, size=size, rendering=style)), label


def _soften(batch: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Blur and shift colours a little, as an autoencoder does, so that softness alone fools nobody."""
    if rng.uniform() < 0.6:
        batch = functional.interpolate(
            functional.avg_pool2d(batch, 2), scale_factor=2, mode="bilinear", align_corners=False
        )
    return batch + torch.randn(len(batch), 3, 1, 1) * 0.06 + torch.randn_like(batch) * 0.04


def train_judge(kind: str, work: Path) -> Judge:
    """Train the classifier for a kind, or load the one kept in ``work``."""
    classes = _classes(kind)
    network = _network(len(classes) + 1)
    path = work / f"judge-{kind}.pt"
    if path.exists():
        network.load_state_dict(torch.load(path, weights_only=True))
    else:
        _fit(network, classes, kind)
        work.mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), path)
    network.eval()
    names = (*classes, "other")
    return Judge(kind, names, network, _accuracy(network, classes, kind))


def _fit(network: nn.Module, classes: dict[str, Look | Style], kind: str) -> None:
    rng = np.random.default_rng(5)
    torch.manual_seed(5)
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=STEPS[kind])
    for _ in range(STEPS[kind]):
        pictures, labels = zip(*(_sample(classes, kind, rng) for _ in range(BATCH)), strict=True)
        loss = functional.cross_entropy(
            network(_soften(to_tensor(np.stack(pictures)), rng)), torch.tensor(labels), label_smoothing=0.05
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def _accuracy(network: nn.Module, classes: dict[str, Look | Style], kind: str) -> float:
    rng = np.random.default_rng(6)
    samples = [sample for sample in (_sample(classes, kind, rng) for _ in range(600)) if sample[1] < len(classes)]
    with torch.no_grad():
        answers = network(to_tensor(np.stack([picture for picture, _ in samples]))).argmax(dim=-1)
    return float((answers == torch.tensor([label for _, label in samples])).float().mean())
