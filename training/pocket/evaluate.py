"""Teach the pocket model things it has never seen, and count how often they are recognised. One JSON object a line."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from training.inversion.config import InversionConfig
from training.inversion.loop import train
from training.inversion.models import BaseModel, load_base
from training.inversion.sampler import condition_on
from training.inversion.sampler import draw as sample
from training.pocket.concepts import CONCEPTS, Concept, draw
from training.pocket.info import DEFAULTS
from training.pocket.judge import Judge, train_judge

#: Prompts that the judged pictures are drawn from, by turns.
PROMPTS = {
    "object": ("a photo of a {}", "a photo of the {}", "a rendering of a {}", "a good photo of a {}"),
    "style": ("a painting in the style of {}", "a picture in the style of {}", "a rendering in the style of {}"),
}
#: Training images of each concept.
IMAGES = 5


def _share(base: BaseModel, judge: Judge, concept: Concept, words: str, rows: torch.Tensor | None, count: int) -> float:
    prompts = PROMPTS[concept.kind]
    filled = [prompts[index % len(prompts)].replace("{}", words) for index in range(count)]
    with torch.no_grad():
        states = condition_on(base, filled, concept.token if rows is not None else None, rows)
    seeds = range(1000, 1000 + count)
    pictures = sample(base, states, list(seeds), steps=20, guidance_scale=float(str(DEFAULTS["guidance_scale"])))
    return judge.recognised(list(pictures), concept.name)


def evaluate(
    model: Path,
    work: Path,
    *,
    seeds: int,
    pictures: int,
    names: Sequence[str] | None,
    settings: dict[str, object] | None = None,
) -> dict[str, float]:
    """Measure every concept (or those named) with the default settings; return the mean share by kind."""
    base = load_base(str(model))
    concepts = [CONCEPTS[name] for name in names] if names else list(CONCEPTS.values())
    judges = {kind: train_judge(kind, work) for kind in {concept.kind for concept in concepts}}
    shares: dict[str, list[float]] = {}
    for concept in concepts:
        judge = judges[concept.kind]
        learned, begun = [], time.monotonic()
        for seed in range(seeds):
            config = InversionConfig.from_dict(
                {
                    "placeholder_token": concept.token,
                    "kind": concept.kind,
                    "initialiser": concept.initialiser,
                    "seed": seed,
                    "preview_at": [],
                    "preview_seeds": [1],
                    "preview_prompts": [PROMPTS[concept.kind][0]],
                    **DEFAULTS,
                    **(settings or {}),
                }
            )
            result = train(config, draw(concept, IMAGES, seed), base=base)
            rows = torch.from_numpy(result.vectors)
            learned.append(_share(base, judge, concept, concept.token, rows, pictures))
        line = {
            "concept": concept.name,
            "kind": concept.kind,
            "recognised": round(statistics.mean(learned), 3),
            "by_seed": [round(share, 3) for share in learned],
            "initialiser_words": round(_share(base, judge, concept, concept.initialiser, None, pictures), 3),
            "chance": round(1 / len(judge.classes), 3),
            "judge_accuracy": round(judge.accuracy, 3),
            "seconds": round((time.monotonic() - begun) / seeds, 1),
        }
        print(json.dumps(line), flush=True)
        shares.setdefault(concept.kind, []).append(line["recognised"])
    means = {kind: round(statistics.mean(values), 3) for kind, values in shares.items()}
    print(json.dumps({"mean": means, "seeds": seeds, "pictures": pictures}))
    return means
