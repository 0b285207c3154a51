"""What a learned word is worth, measured with nothing but the base model itself.

Gain: by how much the word explains the images better than the initialiser's words do, as a diffusion classifier would say it.
Obedience: whether words around it change the answer as they change it around the initialiser's words; a word that overpowers
its prompt ignores them. Diversity: how much previews of one prompt differ; little beside the initialiser's means a collapse.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from training.inversion.config import MAX_VECTORS
from training.inversion.data import Captions, Latents
from training.inversion.encoders import initial_vectors
from training.inversion.fixed_loss import FixedLoss
from training.inversion.run import Run
from training.inversion.sampler import condition_on
from training.inversion.scores import Scorer, score
from training.inversion.tokens import word_ids

#: Draws that obedience is measured on: each is answered once for every prompt, with the word and without.
_CONTEXT_DRAWS = 8
#: Added to the job's seed, so that the draws are none of those that chose the vectors.
_SEED_OFFSET = 1


@torch.no_grad()
def evaluate(
    run: Run,
    learned: Sequence[Image.Image],
    plain: Sequence[Image.Image],
    *,
    shown: Sequence[Image.Image] = (),
    scorers: Sequence[Scorer] = (),
) -> dict[str, Any]:
    """Plain JSON about a finished run; ``learned`` and ``plain`` are its final previews, with the word and without.

    Both are in the order of prompts, then seeds; ``shown`` are the training images, which only ``scorers`` look at. What
    cannot be measured is None: the gain on a held-out image without one, obedience with fewer than two preview prompts,
    diversity with one seed.
    """
    base, config, latents = run.base, run.config, run.latents
    rows = torch.from_numpy(run.track.best.vectors).to(base.device)
    words = min(MAX_VECTORS, len(word_ids(base.tokenizer, config.initialiser)))
    before = initial_vectors(base.encoders, config.initialiser, words).to(base.device)
    held_out = range(latents.count, latents.total)
    return {
        "gain": round(_gain(run, rows, before, range(latents.count)), 5),
        "gain_held_out": round(_gain(run, rows, before, held_out), 5) if held_out else None,
        "obedience": _rounded(_obedience(run, rows, before)),
        "diversity": _rounded(_diversity(run, learned)),
        "diversity_of_initialiser": _rounded(_diversity(run, plain)),
        "cosine_to_start": [_rounded(value) for value in _cosine_to_start(run, rows)],
        "scores": {scorer.name: _scores(run, scorer, learned, plain, shown) for scorer in scorers if learned},
    }


def _scores(
    run: Run, scorer: Scorer, learned: Sequence[Image.Image], plain: Sequence[Image.Image], shown: Sequence[Image.Image]
) -> dict[str, dict[str, float]]:
    """Another network's scores of the previews with the word, and of those with the initialiser's words beside them."""
    config = run.config
    prompts = [
        prompt.replace("{}", config.initialiser) for prompt in config.preview_prompts for _ in config.preview_seeds
    ]
    return {
        "learned": score(scorer, learned, prompts, shown),
        "initialiser": score(scorer, plain, prompts, shown),
    }


def _gain(run: Run, rows: Tensor, before: Tensor, images: range) -> float:
    """How much lower the loss is with the word than with the initialiser's words; below 0 the word is worse."""
    return _loss(run, images, before)(before) - _loss(run, images, rows)(rows)


def _loss(run: Run, images: range, rows: Tensor) -> FixedLoss:
    """Fixed draws of images, with captions for as many vectors; the draws are the same for any number."""
    config = dataclasses.replace(run.config, vectors=len(rows))
    captions, seed = Captions(config, run.base), config.seed + _SEED_OFFSET
    return FixedLoss(config, run.base, run.latents, captions, seed=seed, images=images)


def _obedience(run: Run, rows: Tensor, before: Tensor) -> float | None:
    """Mean cosine of the changes that each further preview prompt brings about in the answer, with the word and without.

    After the idea of Wu et al. (2024, arXiv 2408.15914), that words around the concept should act as around its class.
    """
    config, base = run.config, run.base
    prompts, token = config.preview_prompts, config.placeholder_token
    if len(prompts) < 2:
        return None
    draws = run.track.loss
    noisy, timesteps = draws.noisy[:_CONTEXT_DRAWS], draws.timesteps[:_CONTEXT_DRAWS]

    def answers(vectors: Tensor) -> list[Tensor]:
        told = condition_on(base, [prompt.replace("{}", token) for prompt in prompts], token, vectors)
        return [base.denoise(noisy, timesteps, told[[number] * len(noisy)]) for number in range(len(prompts))]

    with_word, with_words = answers(rows), answers(before)
    cosines = [
        functional.cosine_similarity(
            (with_word[number] - with_word[0]).flatten(1), (with_words[number] - with_words[0]).flatten(1)
        )
        for number in range(1, len(prompts))
    ]
    return float(torch.stack(cosines).mean())


def _diversity(run: Run, pictures: Sequence[Image.Image]) -> float | None:
    """Root mean squared distance between the latents of two pictures of one prompt, over all pairs."""
    seeds = len(run.config.preview_seeds)
    if seeds < 2 or not pictures:
        return None
    latents = Latents(run.base, pictures).mean[:, 0].flatten(1)
    prompts = latents.split(seeds)
    distances = [
        float((first - second).square().mean().sqrt())
        for prompt in prompts
        for first, second in combinations(prompt, 2)
    ]
    return statistics.mean(distances)


def _cosine_to_start(run: Run, rows: Tensor) -> list[float]:
    start = torch.from_numpy(run.track.seen[0].vectors).to(rows.device)
    return functional.cosine_similarity(rows, start, dim=-1).tolist()


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 5)
