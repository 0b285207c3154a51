"""What inversion could reach at best: pictures from the vectors that the word maker itself gives an unseen look.

Where these are not recognised it is the base model that must learn more; where they are, it is inversion. The word maker
is in the build's checkpoint only, never in what is published.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import torch

from training.inversion.models import load_base
from training.inversion.sampler import condition_on, draw
from training.pocket.concepts import OBJECTS
from training.pocket.evaluate import PROMPTS
from training.pocket.info import DEFAULTS
from training.pocket.judge import train_judge
from training.pocket.text import WordMaker
from training.pocket.world import STYLE_WIDTH, look_vector

#: The two of a made word's vectors that stand together.
_PAIR = slice(1, 3)
TOKEN = "<made>"


def ceiling(model: Path, work: Path, *, pictures: int) -> float:
    """Print for each object how often it is recognised from made vectors; return the mean share."""
    base, judge = load_base(str(model)), train_judge("object", work)
    saved = torch.load(work / "unet.pt", weights_only=True)["average"]["values"]
    maker = WordMaker()
    maker.load_state_dict(
        {name.removeprefix("maker."): value for name, value in saved.items() if name.startswith("maker.")}
    )
    guidance = float(str(DEFAULTS["guidance_scale"]))
    prompts = [PROMPTS["object"][index % len(PROMPTS["object"])].replace("{}", TOKEN) for index in range(pictures)]
    shares = []
    for concept in OBJECTS:
        looks = torch.from_numpy(look_vector(concept.look)).unsqueeze(0)
        with torch.no_grad():
            states = condition_on(base, prompts, TOKEN, maker(looks, torch.zeros(1, STYLE_WIDTH))[_PAIR])
        drawn = list(draw(base, states, list(range(1000, 1000 + pictures)), steps=20, guidance_scale=guidance))
        shares.append(judge.recognised(drawn, concept.name))
        print(
            json.dumps({"concept": concept.name, "new_outline": concept.has_new_outline, "made": round(shares[-1], 3)}),
            flush=True,
        )
    print(json.dumps({"mean": round(statistics.mean(shares), 3), "pictures": pictures}))
    return statistics.mean(shares)
