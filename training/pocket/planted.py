"""A planted teacher: pictures that the model itself draws of a word it knows, taught to a new word from another start.

What the known word's own vectors would gain over the start is the gap; how much of it the learned vectors close says whether
inversion finds what is there to be found.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from training.inversion.config import InversionConfig
from training.inversion.data import Captions, Latents
from training.inversion.encoders import initial_vectors
from training.inversion.fixed_loss import FixedLoss
from training.inversion.loop import train
from training.inversion.models import BaseModel, load_base
from training.inversion.sampler import condition_on, draw
from training.pocket.info import DEFAULTS

#: Words of the model's vocabulary, with the words that learning starts from.
WORDS = {
    "object": (("anchor", "thing"), ("lantern", "thing"), ("badge", "thing"), ("kite", "thing")),
    "style": (("gothic", "style"), ("frost", "style")),
}
PROMPTS = {"object": "a photo of a {}", "style": "a painting in the style of {}"}
#: Pictures that the teacher draws.
PICTURES = 8
#: Sets of fixed draws that the gap is measured on; none of them chose the vectors.
GAP_SETS = 8


def planted(model: Path) -> Iterator[dict[str, object]]:
    """Yield one line for each word, and one over all."""
    base = load_base(str(model))
    closed = []
    for kind, pairs in WORDS.items():
        for word, start in pairs:
            share = gap_closed(base, kind, word, start)
            closed.append(share)
            yield {"bench": "planted", "word": word, "from": start, "gap_closed": round(share, 3)}
    yield {
        "bench": "planted",
        "words": len(closed),
        "mean": round(statistics.mean(closed), 3),
        "least": round(min(closed), 3),
    }


def gap_closed(base: BaseModel, kind: str, word: str, start: str, **settings: object) -> float:
    """The share of the known word's gain over ``start`` that vectors learned from its pictures gain; it may be above 1."""
    prompt = PROMPTS[kind].replace("{}", word)
    with torch.no_grad():
        told = condition_on(base, [prompt] * PICTURES)
    guidance = float(str(DEFAULTS["guidance_scale"]))
    pictures = list(draw(base, told, list(range(PICTURES)), steps=20, guidance_scale=guidance))
    config = InversionConfig.from_dict(
        {
            **DEFAULTS,
            "placeholder_token": "<planted>",
            "kind": kind,
            "initialiser": start,
            "vectors": 1,
            "preview_prompts": [],
            "hold_out": False,
            **settings,
        }
    )
    learned = torch.from_numpy(train(config, pictures, base=base).vectors).to(base.device)
    latents = Latents(base, pictures)
    captions = Captions(config, base)
    sets = [FixedLoss(config, base, latents, captions, seed=100 + number) for number in range(GAP_SETS)]

    def loss(rows: Tensor) -> float:
        return statistics.mean(one(rows.to(base.device)) for one in sets)

    of_start, of_word = (loss(initial_vectors(base.encoders, name, 1)) for name in (start, word))
    return (of_start - loss(learned)) / (of_start - of_word)
