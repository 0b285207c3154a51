"""On the built-in base model the engine learns what the model was never shown."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from training.inversion.config import InversionConfig
from training.inversion.data import Captions, Latents
from training.inversion.diffusion import add_noise, target
from training.inversion.fixed_loss import FixedLoss
from training.inversion.loop import train
from training.inversion.models import load_base
from training.inversion.probe import best_word
from training.inversion.sampler import condition_on
from training.pocket.concepts import CONCEPTS, Concept, draw
from training.pocket.info import DEFAULTS, NAME
from training.pocket.planted import gap_closed
from training.pocket.vocabulary import NOUN_LOOKS, STYLE_LOOKS

#: Pictures that the loss is measured on; the word is learned from others.
HELD_OUT = 16
STEPS = 40


@pytest.fixture(scope="module")
def pocket():
    return load_base(NAME, device="cpu")


@torch.no_grad()
def loss_on_pictures_not_trained_on(base, concept, words, rows=None):
    """The denoising loss with fixed noise and timesteps, which says more than the noisy loss of training."""
    generator = torch.Generator().manual_seed(7)
    latents = Latents(base, draw(concept, HELD_OUT, seed=2))
    indices = torch.arange(HELD_OUT)
    clean = latents.sample(indices, torch.zeros_like(indices), generator)
    noise = torch.randn(clean.shape, generator=generator)
    timesteps = ((indices + 0.5) * (len(base.alphas_cumprod) / HELD_OUT)).long()[
        torch.randperm(HELD_OUT, generator=generator)
    ]
    caption = "a photo of a {}" if concept.kind == "object" else "a painting in the style of {}"
    told = condition_on(base, [caption.replace("{}", words)], words if rows is not None else None, rows)
    noisy = add_noise(clean, noise, base.alphas_cumprod, timesteps)
    answer = base.denoise(noisy, timesteps, told[[0] * HELD_OUT])
    return float(
        functional.mse_loss(answer, target(base.prediction_type, clean, noise, base.alphas_cumprod, timesteps))
    )


@pytest.mark.parametrize("name", ["cobalt-heart", "ember-etching"])
def test_a_learned_word_explains_unseen_pictures_better_than_its_initialiser(pocket, name):
    concept = CONCEPTS[name]
    settings = {**DEFAULTS, "steps": STEPS, "preview_prompts": []}
    config = InversionConfig.from_dict(
        {**settings, "placeholder_token": concept.token, "kind": concept.kind, "initialiser": concept.initialiser}
    )
    result = train(config, draw(concept, 5, seed=0), base=pocket)
    before = loss_on_pictures_not_trained_on(pocket, concept, concept.initialiser)
    after = loss_on_pictures_not_trained_on(pocket, concept, concept.token, torch.from_numpy(result.vectors))
    assert after < 0.95 * before
    np.testing.assert_allclose(np.linalg.norm(result.vectors, axis=1), pocket.encoders[0].median_norm, rtol=1e-5)


@pytest.mark.parametrize(("kind", "word"), [("object", "anchor"), ("style", "alpine")])
def test_the_probe_recognises_a_word_that_the_model_knows_from_pictures_of_it(pocket, kind, word):
    look, style = (NOUN_LOOKS[word], None) if kind == "object" else (None, STYLE_LOOKS[word])
    known = Concept(
        name=word, title=word, kind=kind, initialiser="thing", tags=(), description="", look=look, style=style
    )
    start = {"object": "thing", "style": "style"}[kind]
    config = InversionConfig(placeholder_token="<x>", kind=kind, initialiser=start, vectors=1)
    loss = FixedLoss(config, pocket, Latents(pocket, draw(known, 5, seed=0)), Captions(config, pocket))
    assert best_word(pocket, loss, start, 1) == word


def test_what_the_model_draws_of_a_word_teaches_a_new_word_as_much(pocket):
    assert gap_closed(pocket, "object", "anchor", "thing", steps=STEPS) >= 0.95
