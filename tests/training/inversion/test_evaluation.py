"""What is measured of a learned word: it must tell a good word from a bad one, and a collapse from variety."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from training.inversion import receipt, session
from training.inversion import run as running
from training.inversion.callbacks import Callbacks
from training.inversion.config import HOLD_OUT_FROM, InversionConfig
from training.inversion.data import Latents
from training.inversion.diffusion import add_noise
from training.inversion.evaluation import evaluate
from training.inversion.loop import train
from training.inversion.replay import cosines, replay
from training.inversion.run import Run
from training.inversion.sampler import condition_on


def config_with(**settings):
    return InversionConfig(
        **{
            "placeholder_token": "<x>", "kind": "object", "initialiser": "star gear", "steps": 6, "batch_size": 2, "vectors": 2,
            "preview_steps": 2, "preview_at": (), "preview_prompts": ("a photo of a {}", "a large {} on a yellow background"),
            **settings,
        }
    )  # fmt: skip


def pictures_of(count):
    rng = np.random.default_rng(3)
    return [Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)) for _ in range(count)]


def finished(base, vectors, images=3, **settings):
    """A run whose result is these vectors [n, d]; None for those it started with."""
    run = Run(config_with(**settings), Latents(base, pictures_of(images)), base)
    start = run.track.seen[0].vectors
    run.track.recall(1, 0.0, start if vectors is None else np.asarray(vectors, dtype=np.float32))
    return run


def test_a_word_that_is_the_initialiser_has_gained_nothing_and_obeys_as_well(any_base):
    found = evaluate(finished(any_base, None), (), ())
    assert found["gain"] == pytest.approx(0, abs=2e-4)  # it was set on the vocabulary's median norm
    assert found["obedience"] == pytest.approx(1, abs=1e-3)
    assert found["cosine_to_start"] == pytest.approx([1, 1], abs=1e-4)


def test_a_word_that_drowns_its_prompt_obeys_less(base):
    words = base.encoders[0].splice.weight.detach()
    loud = words[20:22] * 300 / words[20:22].norm(dim=-1, keepdim=True)
    found = evaluate(finished(base, loud), (), ())
    assert found["obedience"] < 0.9
    assert max(found["cosine_to_start"]) < 0.9


def test_a_word_that_was_planted_gains_and_another_loses(base, monkeypatch):
    """The UNet's own answer for another word is the target: the loss at that word has a floor of nothing."""
    from training.inversion import fixed_loss

    caption = "a photo of a {}"
    with torch.no_grad():
        teacher = condition_on(base, [caption.format("red anchor")])

    def planted(kind, clean, noise, alphas, timesteps):
        with torch.no_grad():
            return base.denoise(add_noise(clean, noise, alphas, timesteps), timesteps, teacher[[0] * len(clean)])

    for module in (running, fixed_loss):
        monkeypatch.setattr(module, "target", planted)
    words = base.encoders[0].splice.weight.detach()
    right = words[[base.tokenizer.convert_tokens_to_ids(f"{word}</w>") for word in ("red", "anchor")]]
    settings = {"captions": (caption,) * 3}
    assert evaluate(finished(base, right, **settings), (), ())["gain"] > 0
    found = [evaluate(finished(base, vectors, **settings), (), ())["gain"] for vectors in (right, -right)]
    assert found[0] > 0 and found[0] > 2 * found[1]


def test_what_cannot_be_measured_is_none(base):
    found = evaluate(
        finished(base, None, preview_prompts=("a {}",), preview_seeds=(1,)), pictures_of(1), pictures_of(1)
    )
    assert (found["obedience"], found["diversity"], found["gain_held_out"]) == (None, None, None)


def test_previews_that_are_all_the_same_have_no_diversity(base):
    first, second, third, fourth = pictures_of(4)
    run = finished(base, None)
    found = evaluate(run, [first, first, second, second], [first, second, third, fourth])
    assert found["diversity"] == pytest.approx(0, abs=1e-5)
    assert found["diversity_of_initialiser"] > 0.1


def test_of_many_images_the_last_is_kept_from_training_and_measured_on(base):
    images = pictures_of(HOLD_OUT_FROM)
    whole = train(config_with(), images, base=base)
    without = train(config_with(), images[:-1], base=base)
    assert whole.vectors.tobytes() == without.vectors.tobytes()
    assert (whole.receipt["images"], whole.receipt["images_held_out"]) == (HOLD_OUT_FROM, 1)
    assert isinstance(whole.receipt["evaluation"]["gain_held_out"], float)
    assert without.receipt["images_held_out"] == 0 and without.receipt["evaluation"]["gain_held_out"] is None
    everything = train(config_with(hold_out=False), images, base=base)
    assert everything.vectors.tobytes() != whole.vectors.tobytes()
    again = replay(json.loads(json.dumps(whole.receipt)), images, base=base)
    assert min(cosines(whole.vectors, again.vectors)) > 0.99999


def test_a_word_is_handed_out_even_when_there_is_no_memory_to_measure_it(base, pictures, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    whole = train(config_with(), pictures, base=base)
    monkeypatch.setattr(session, "evaluate", full)
    monkeypatch.setattr(receipt, "per_picture", full)
    result = train(config_with(), pictures, base=base)
    assert result.receipt["evaluation"] is None and result.receipt["flop"] is None
    assert result.vectors.tobytes() == whole.vectors.tobytes()


def test_the_receipt_says_how_much_work_it_was(base, pictures):
    short = train(config_with(), pictures, base=base, callbacks=Callbacks()).receipt
    long = train(config_with(steps=60), pictures, base=base).receipt
    assert 0 < short["flop"] < long["flop"] < 10 * short["flop"]
    assert json.loads(json.dumps(short))["evaluation"] == short["evaluation"]
