"""What a run may be told besides its images and words: masks, weights of timesteps, a running mean, another start."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from training.inversion import diffusion, fixed_loss, packing, state
from training.inversion.callbacks import Callbacks
from training.inversion.config import InversionConfig
from training.inversion.data import Captions, Latents
from training.inversion.diffusion import add_noise, min_snr_weights, target, weighted_loss
from training.inversion.encoders import initial_vectors
from training.inversion.errors import BadConfig, BadReceipt
from training.inversion.fixed_loss import FixedLoss
from training.inversion.loop import train
from training.inversion.probe import best_word
from training.inversion.replay import replay
from training.inversion.run import Run
from training.inversion.sampler import condition_on
from training.pocket.vocabulary import words


def config_with(**settings):
    return InversionConfig(
        **{
            "placeholder_token": "<x>", "kind": "object", "initialiser": "thing", "steps": 6, "batch_size": 2, "vectors": 2,
            "preview_prompts": (), **settings,
        }
    )  # fmt: skip


@pytest.fixture
def cut_outs():
    """Three pictures of 16 pixels; in two of them only the left half is not transparent."""
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (16, 16, 4), dtype=np.uint8) for _ in range(3)]
    for number, picture in enumerate(pixels):
        picture[..., 3] = 255
        if number:
            picture[:, 8:, 3] = 0
    return [Image.fromarray(picture) for picture in pixels]


def test_a_cut_out_is_weighed_inside_and_little_outside(base, cut_outs):
    latents = Latents(base, cut_outs)
    plain, turned = torch.zeros(3, dtype=torch.int64), torch.ones(3, dtype=torch.int64)
    numbers = torch.arange(3)
    weights = latents.weights(numbers, plain, 0.1)
    assert weights.shape == (3, 1, 8, 8)
    assert_close(weights.mean(dim=(1, 2, 3)), torch.ones(3))
    assert_close(weights[0], torch.ones(1, 8, 8))
    assert_close(weights[1, 0, :, 4:] / weights[1, 0, :, :4], torch.full((8, 4), 0.1))
    assert_close(latents.weights(numbers, turned, 0.1), weights.flip(-1))
    assert latents.weights(numbers, plain, 1.0) is None
    assert Latents(base, [image.convert("RGB") for image in cut_outs]).weights(numbers, plain, 0.1) is None


def test_what_is_transparent_does_not_matter_where_it_weighs_nothing(base, cut_outs):
    weight = Latents(base, cut_outs[1:]).weights(torch.arange(2), torch.zeros(2, dtype=torch.int64), 0.0)
    answer, wanted = torch.randn(2, 2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    elsewhere = wanted.clone()
    elsewhere[..., 4:] += 100
    assert weighted_loss(answer, wanted, weight) == weighted_loss(answer, elsewhere, weight)
    inside = ((answer - wanted)[..., :4] ** 2).mean()
    assert_close(weighted_loss(answer, wanted, weight), inside)


def test_cut_outs_are_learned_otherwise_than_the_same_on_white(base, cut_outs):
    whole = train(config_with(outside_weight=1.0), cut_outs, base=base)
    cut = train(config_with(), cut_outs, base=base)
    assert not np.allclose(whole.vectors, cut.vectors)
    again = replay(json.loads(json.dumps(cut.receipt)), cut_outs, base=base)
    assert again.vectors.tobytes() == cut.vectors.tobytes()
    opaque = [image.convert("RGB") for image in cut_outs]
    with pytest.raises(BadReceipt, match="not the images of the receipt"):
        replay(json.loads(json.dumps(cut.receipt)), opaque, base=base)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("limit", [1.0, 5.0])
def test_timesteps_weigh_as_the_signal_allows_whatever_is_asked_for(base, kind, limit):
    """The loss is then the error of the picture behind the noise times the limited ratio, for both."""
    generator = torch.Generator().manual_seed(0)
    clean, noise, guess = torch.randn(3, 5, 4, 8, 8, generator=generator)
    alphas, timesteps = base.alphas_cumprod, torch.tensor([1, 100, 300, 600, 990])
    alpha = alphas[timesteps].view(-1, 1, 1, 1)
    noisy = add_noise(clean, noise, alphas, timesteps)
    guessed_noise = (noisy - alpha.sqrt() * guess) / (1 - alpha).sqrt()
    answer = target(kind, guess, guessed_noise, alphas, timesteps)
    weight = min_snr_weights(kind, alphas, timesteps, limit)
    ratio = alpha / (1 - alpha)
    expected = (ratio.clamp(max=limit) * (guess - clean) ** 2).mean()
    assert_close(
        weighted_loss(answer, target(kind, clean, noise, alphas, timesteps), weight), expected, rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize(("kind", "weights"), [("epsilon", [5 / 9, 1, 1]), ("v_prediction", [0.5, 0.5, 0])])
def test_a_schedule_that_ends_in_nothing_but_noise_has_weights_too(kind, weights):
    """Zero terminal SNR (Lin et al. 2023, arXiv 2305.08891): the ratio is 0 there, and was divided by."""
    alphas = torch.tensor([0.9, 0.5, 0.0])
    found = min_snr_weights(kind, alphas, torch.arange(3), limit=5.0).flatten()
    assert_close(found, torch.tensor(weights))


def test_a_run_uses_the_weights_of_its_timesteps(any_base, pictures):
    limited = Run(config_with(min_snr=1.0), Latents(any_base, pictures), any_base)
    draw = limited.draw()
    assert_close(draw.weight, min_snr_weights(any_base.prediction_type, any_base.alphas_cumprod, draw.timesteps, 1.0))
    assert Run(config_with(), Latents(any_base, pictures), any_base).draw().weight is None


def test_the_running_mean_is_looked_at_and_handed_out(base, pictures):
    run = Run(config_with(average=0.9, steps=40, learning_rate=0.2), Latents(base, pictures), base)
    mean, path = run.rows.detach().clone(), []
    for step in range(30):
        packing.step(base, [run])
        path.append(run.rows.detach().clone())
        decay = min(0.9, (1 + step) / (10 + step))
        mean = decay * mean + (1 - decay) * path[-1]
    assert_close(run.mean, mean)
    norm = base.encoders[0].median_norm
    assert_close(run.vectors, mean * norm / mean.norm(dim=-1, keepdim=True))
    result = train(config_with(average=0.9, learning_rate=0.2), pictures, base=base)
    plain = train(config_with(learning_rate=0.2), pictures, base=base)
    assert result.receipt["loss_curve"] == plain.receipt["loss_curve"]  # the vectors themselves move as ever
    assert not np.allclose(result.vectors, plain.vectors)


class Keeping(Callbacks):
    def __init__(self):
        self.states = {}

    def on_state(self, data, step):
        self.states[step] = data


@pytest.mark.parametrize("option", [{"average": 0.9}, {"min_snr": 5.0}, {"probe": True}, {"outside_weight": 0.5}])
def test_a_run_goes_on_with_them_bit_for_bit(base, cut_outs, option):
    config, kept = config_with(checkpoint_every=2, **option), Keeping()
    whole = train(config, cut_outs, base=base, callbacks=kept)
    again = train(config, cut_outs, base=base, resume=kept.states[4])
    assert again.vectors.tobytes() == whole.vectors.tobytes()


@pytest.mark.parametrize("which", ["base", "velocity_base"])
def test_the_probe_finds_a_word_near_the_one_that_was_planted(request, which, pictures, monkeypatch):
    """The UNet's own answer for a word is the target; the probe starts from another one."""
    any_base = request.getfixturevalue(which)
    caption = "a photo of a {}"
    with torch.no_grad():
        teacher = condition_on(any_base, [caption.format("anchor")])

    def planted(kind, clean, noise, alphas, timesteps):
        with torch.no_grad():
            return any_base.denoise(add_noise(clean, noise, alphas, timesteps), timesteps, teacher[[0] * len(clean)])

    monkeypatch.setattr(fixed_loss, "target", planted)
    config = config_with(vectors=1, captions=(caption,) * 3)
    loss = FixedLoss(config, any_base, Latents(any_base, pictures), Captions(config, any_base))
    found = best_word(any_base, loss, "thing", 1)
    of_found, of_thing = (loss(initial_vectors(any_base.encoders, word, 1)) for word in (found, "thing"))
    of_all = [loss(initial_vectors(any_base.encoders, word, 1)) for word in words()[::4]]
    assert of_found < of_thing
    assert sum(other < of_found for other in of_all) <= len(of_all) // 5
    assert best_word(any_base, loss, "anchor", 1) == "anchor"
    monkeypatch.setattr(fixed_loss, "target", diffusion.target)
    result = train(config_with(probe=True), pictures, base=any_base)
    assert result.receipt["start_words"].isalpha() and result.receipt["config"]["initialiser"] == "thing"


def test_a_run_goes_on_from_vectors_that_were_learned_before(base, pictures):
    first = train(config_with(), pictures, base=base)
    second = train(config_with(seed=1), pictures, base=base, initial=first.vectors)
    np.testing.assert_allclose(second.snapshots[0].vectors, first.vectors, rtol=1e-5)
    assert second.snapshots[0].step == 0
    assert len(second.receipt["continued_from"]) == 64 and second.receipt["start_words"] is None
    assert first.receipt["continued_from"] is None and first.receipt["start_words"] == "thing"
    with pytest.raises(BadReceipt, match="earlier one"):
        replay(second.receipt, pictures, base=base)
    with pytest.raises(BadConfig, match="2 of width 128; these settings and tiny-sd take 3 of width 128"):
        train(config_with(vectors=3), pictures, base=base, initial=first.vectors)


def test_a_state_of_a_run_from_other_vectors_is_another_jobs(base, pictures):
    first = train(config_with(), pictures, base=base)
    run = Run(config_with(), Latents(base, pictures), base, first.vectors)
    other = Run(config_with(), Latents(base, pictures), base)
    with pytest.raises(state.BadState):
        state.restore(other, state.dump(run))


@pytest.mark.parametrize(
    "option", [{"min_snr": -1}, {"min_snr": float("nan")}, {"average": 1.0}, {"outside_weight": 1.5}]
)
def test_what_makes_no_sense_is_refused(option):
    with pytest.raises(BadConfig):
        config_with(**option)
