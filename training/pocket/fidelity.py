"""``make fidelity``: our loop beside the classic one on twelve unseen concepts, at equal work and at a tenth of it.

For each concept: by how much the vectors lower the loss on fixed draws, of the training pictures and of others, and how
often generated pictures are recognised as the concept, among all others, by a classifier that saw drawings only.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from training.inversion import packing
from training.inversion.benchmark.reference import STEPS, Recipe, ReferenceLoop
from training.inversion.config import InversionConfig
from training.inversion.data import Captions, Latents
from training.inversion.encoders import initial_vectors
from training.inversion.fixed_loss import DRAWS, FixedLoss
from training.inversion.models import BaseModel, load_base
from training.inversion.run import Run
from training.inversion.sampler import condition_on
from training.inversion.sampler import draw as sample
from training.inversion.work import Work, per_picture
from training.pocket.concepts import CONCEPTS, Concept, draw
from training.pocket.evaluate import IMAGES, PROMPTS
from training.pocket.info import DEFAULTS
from training.pocket.judge import Judge, train_judge

#: Eight objects and four styles, chosen before any of them was trained: every outline, pattern and texture at most twice.
NAMES = (
    "candy-heart", "mint-cross", "koi", "tabby", "royal-crown", "winter-tree", "toadstool", "autumn-leaf",
    "acid-print", "blueprint", "night-scan", "rose-ripple",
)  # fmt: skip
#: Sets of fixed draws that the gain is measured on.
GAIN_SETS = 8
#: Seeds of the pictures that the gain is measured on: never those of training pictures.
UNSEEN_SEED = 9000
#: Pictures of a row of the grid.
COLUMNS = 6


@dataclass(frozen=True, slots=True)
class Learned:
    """What a loop made of a concept."""

    vectors: Tensor
    seconds: float
    flop: int


def fidelity(model: Path, work: Path, out: Path, *, pictures: int, steps: int = STEPS) -> Iterator[dict[str, object]]:
    """Yield one line for each concept and one over all, and save a grid; ``steps`` are those of the classic loop."""
    base = load_base(str(model))
    costs = per_picture(base)
    judges = {kind: train_judge(kind, work) for kind in ("object", "style")}
    rows, lines = [], []
    for name in NAMES:
        concept = CONCEPTS[name]
        shown = draw(concept, IMAGES, 0)
        tries = {"reference": _reference(base, concept, shown, steps, costs)}
        work_of_reference = tries["reference"].flop
        tries["ours"] = _ours(base, concept, shown, costs, work_of_reference)
        tries["ours_tenth"] = _ours(base, concept, shown, costs, work_of_reference // 10)
        seen, unseen = _Gain(base, concept, shown), _Gain(base, concept, draw(concept, DRAWS, UNSEEN_SEED))
        line: dict[str, object] = {"bench": "fidelity", "concept": name, "kind": concept.kind}
        drawn = {}
        for label, learned in tries.items():
            drawn[label] = list(_draw(base, concept, learned.vectors, pictures))
            line[label] = {
                "gain": round(seen(learned.vectors), 5),
                "gain_unseen": round(unseen(learned.vectors), 5),
                "recognised": judges[concept.kind].recognised(drawn[label], name),
                "seconds": round(learned.seconds, 1),
                "gflop": round(learned.flop / 1e9, 1),
            }
        line["start"] = {"recognised": _recognised_before(base, concept, judges[concept.kind], pictures)}
        lines.append(line)
        rows.append([*shown[:2], *(picture for each in drawn.values() for picture in each[:COLUMNS])])
        yield line
    _grid(rows, base.resolution).save(out)
    yield _summary(lines)


def _reference(base: BaseModel, concept: Concept, shown: list[Image.Image], steps: int, costs: Work) -> Learned:
    """The README's recipe, except that nothing is mirrored: that is worse for both loops where a thing has a left and a right."""
    recipe = Recipe(
        token=concept.token, kind=concept.kind, initialiser=concept.initialiser, flip_probability=0.0, seed=1
    )  # fmt: skip
    loop, begun = ReferenceLoop(base, shown, recipe), time.monotonic()
    loop.run(steps)
    flop = costs.of_reference(steps=steps, batch_size=recipe.batch_size)
    return Learned(loop.vectors, time.monotonic() - begun, flop)


def _ours(base: BaseModel, concept: Concept, shown: list[Image.Image], costs: Work, flop: int) -> Learned:
    """Our loop with its default settings, in as many steps as the work allows."""
    config = InversionConfig.from_dict(
        {
            **DEFAULTS,
            "placeholder_token": concept.token,
            "kind": concept.kind,
            "initialiser": concept.initialiser,
            "seed": 1,
            "preview_prompts": [],
            "steps": 1,
        }
    )
    size, every = config.batch_size, config.evaluate_every
    afforded = flop - 2 * len(shown) * costs.encoding
    steps = int(afforded / (size * costs.training + DRAWS * costs.looking / every))
    config = InversionConfig.from_dict({**config.to_dict(), "steps": steps})
    begun = time.monotonic()
    run = Run(config, Latents(base, shown), base)
    packing.step(base, [run])
    while not run.is_over():
        packing.step(base, [run])
    looked_at = len(run.track.seen) * DRAWS
    done = costs.of_ours(steps=run.step, batch_size=size, looked_at=looked_at, images=len(shown))
    return Learned(torch.from_numpy(run.track.best.vectors), time.monotonic() - begun, done)


class _Gain:
    """How much lower the loss is than with the initialiser's words, on fixed draws that neither loop has seen."""

    def __init__(self, base: BaseModel, concept: Concept, pictures: list[Image.Image]) -> None:
        self.base, self.concept, self.latents = base, concept, Latents(base, pictures)
        self.before = self._loss(initial_vectors(base.encoders, concept.initialiser, 1))

    def __call__(self, vectors: Tensor) -> float:
        return self.before - self._loss(vectors)

    def _loss(self, vectors: Tensor) -> float:
        """Mean over sets of draws, the same for words of one or several vectors, which differ in their captions only."""
        config = InversionConfig(
            placeholder_token=self.concept.token, kind=self.concept.kind, initialiser=self.concept.initialiser,
            vectors=len(vectors),
        )  # fmt: skip
        captions, rows = Captions(config, self.base), vectors.to(self.base.device)
        sets = (FixedLoss(config, self.base, self.latents, captions, seed=100 + number) for number in range(GAIN_SETS))
        return statistics.mean(loss(rows) for loss in sets)


def _draw(base: BaseModel, concept: Concept, vectors: Tensor, count: int) -> Iterator[Image.Image]:
    prompts = PROMPTS[concept.kind]
    filled = [prompts[index % len(prompts)].replace("{}", concept.token) for index in range(count)]
    with torch.no_grad():
        states = condition_on(base, filled, concept.token, vectors.to(base.device))
    guidance = float(str(DEFAULTS["guidance_scale"]))
    return sample(base, states, list(range(1000, 1000 + count)), steps=20, guidance_scale=guidance)


def _recognised_before(base: BaseModel, concept: Concept, judge: Judge, count: int) -> float:
    start = initial_vectors(base.encoders, concept.initialiser, 1)
    return judge.recognised(list(_draw(base, concept, start, count)), concept.name)


def _summary(lines: list[dict[str, object]]) -> dict[str, object]:
    """Means, and on how many concepts ours is at least as good at a tenth of the work."""
    means, better = {}, {}
    for label in ("reference", "ours", "ours_tenth"):
        each = [line[label] for line in lines]
        means[label] = {
            key: round(statistics.mean(one[key] for one in each), 4)  # type: ignore[index]
            for key in ("gain", "gain_unseen", "recognised", "seconds", "gflop")
        }
    for key in ("gain", "gain_unseen", "recognised"):
        better[key] = sum(line["ours_tenth"][key] >= line["reference"][key] for line in lines)  # type: ignore[index]
    return {"bench": "fidelity", "concepts": len(lines), "mean": means, "tenth_as_good_on": better}


def _grid(rows: list[list[Image.Image]], side: int) -> Image.Image:
    """A row for each concept: two training pictures, then the classic loop's, ours, and ours with a tenth of the work."""
    margin = 2
    step = side + margin
    sheet = Image.new("RGB", (max(map(len, rows)) * step, len(rows) * step), "white")
    for line, row in enumerate(rows):
        for column, picture in enumerate(row):
            sheet.paste(picture.resize((side, side)), (column * step, line * step))
    return sheet
