"""A whole run: it learns, it repeats itself bit for bit, it ends early when it must."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import ImageOps

from training.inversion import fingerprint, methods, models, run
from training.inversion.callbacks import Callbacks, Stage, Variant
from training.inversion.config import InversionConfig
from training.inversion.diffusion import add_noise
from training.inversion.encoders import initial_vectors
from training.inversion.errors import BadConfig, Cancelled, TokenInVocabulary, TrainingDiverged
from training.inversion.loop import train
from training.inversion.models import load_base
from training.inversion.sampler import condition_on, draw


def config_with(**settings):
    return InversionConfig(
        **{
            "placeholder_token": "<x>", "kind": "object", "initialiser": "thing", "steps": 6, "batch_size": 2,
            "progress_every": 2, "preview_steps": 2, **settings,
        }
    )  # fmt: skip


class Watcher(Callbacks):
    """Remembers everything; asks to stop at the ``stop_at``-th question."""

    def __init__(self, stop_at=None):
        self.stages, self.progress, self.previews, self.asked, self.stop_at = [], [], [], 0, stop_at

    def on_stage(self, stage):
        self.stages.append(stage)

    def on_progress(self, progress):
        self.progress.append(progress)

    def on_preview(self, preview):
        self.previews.append(preview)

    def should_stop(self):
        self.asked += 1
        return self.stop_at is not None and self.asked >= self.stop_at


def test_a_planted_word_is_found(any_base, pictures, monkeypatch):
    """The UNet's own answer for another word becomes the target: the loss has a floor of nothing, and is led to it."""
    caption = "a photo of a {}"
    with torch.no_grad():
        teacher = condition_on(any_base, [caption.format("star gear")])

    def planted(kind, clean, noise, alphas, timesteps):
        with torch.no_grad():
            noisy = add_noise(clean, noise, alphas, timesteps)
            return any_base.denoise(noisy, timesteps, teacher[[0] * len(clean)])

    monkeypatch.setattr(run, "target", planted)
    config = config_with(
        captions=(caption,) * len(pictures), steps=60, batch_size=4, vectors=2, progress_every=10, preview_prompts=()
    )
    watcher = Watcher()
    learned = train(config, pictures, base=any_base, callbacks=watcher)
    rows, curve = torch.from_numpy(learned.vectors), learned.receipt["loss_curve"]
    losses = [progress.loss for progress in watcher.progress]
    assert losses[0] > 0
    assert losses[-1] < 0.1 * losses[0]
    assert [step for step, _ in curve][-1] == 60
    learned = condition_on(any_base, [caption.format("<x>")], "<x>", rows).states
    start = condition_on(any_base, [caption.format("thing thing")]).states
    if any_base.family != "sdxl":  # among 2048 numbers others answer as well
        assert (learned - teacher.states).norm() < 0.5 * (start - teacher.states).norm()


def test_images_are_mirrored_as_often_as_is_asked(base, pictures):
    mirrored = [ImageOps.mirror(picture) for picture in pictures]
    curves = {
        (name, share): train(config_with(flip_probability=share), images, base=base).receipt["loss_curve"]
        for name, images in (("plain", pictures), ("mirrored", mirrored))
        for share in (0.0, 0.5, 1.0)
    }
    assert curves["plain", 1.0] == curves["mirrored", 0.0] != curves["plain", 0.0] == curves["mirrored", 1.0]
    assert curves["plain", 0.5] not in (curves["plain", 0.0], curves["plain", 1.0])
    with pytest.raises(BadConfig, match="mirrored"):
        config_with(flip_probability=1.5)


def test_the_same_seed_gives_the_same_bits_and_another_does_not(any_base, pictures):
    runs = []
    for seed in (3, 3, 4):
        torch.manual_seed(len(runs))  # the global generator must not matter
        runs.append(train(config_with(seed=seed), pictures, base=any_base))
    first, second, other = (run.vectors for run in runs)
    assert first.dtype == np.float32 and first.shape == (2, any_base.width)
    assert first.tobytes() == second.tobytes()
    assert not np.array_equal(first, other)


def test_a_base_in_half_precision_is_trained_with_vectors_in_full_precision(tiny_folder, pictures, monkeypatch):
    """What a GPU does, on a processor."""
    monkeypatch.setattr(models, "model_dtype", lambda device: torch.bfloat16)
    half = load_base(str(tiny_folder), device="cpu")
    assert half.pipeline.unet.dtype == half.encoders[0].splice.weight.dtype == torch.bfloat16
    watcher = Watcher()
    result = train(config_with(steps=4), pictures, base=half, callbacks=watcher)
    assert result.vectors.dtype == np.float32
    assert (result.vectors != torch.from_numpy(result.vectors).bfloat16().float().numpy()).any()
    assert len({np.asarray(preview.image).tobytes() for preview in watcher.previews}) == len(watcher.previews)


def test_a_run_leaves_the_base_as_it_was(base, pictures):
    before, words = fingerprint.of_weights(base.pipeline), len(base.tokenizer)
    result = train(config_with(preview_at=(0.5,)), pictures, base=base)
    assert fingerprint.of_weights(base.pipeline) == before
    assert len(base.tokenizer) == words
    start = base.encoders[0].splice.weight[base.tokenizer.convert_tokens_to_ids("thing</w>")]
    assert not np.allclose(result.vectors[0], start.detach().numpy(), atol=1e-3)


def test_vectors_stay_on_the_vocabularys_shell(base, pictures):
    result = train(config_with(vectors=3, learning_rate=0.1), pictures, base=base)
    np.testing.assert_allclose(np.linalg.norm(result.vectors, axis=1), base.encoders[0].median_norm, rtol=1e-5)


def test_the_run_is_reported_in_order(base, pictures):
    watcher = Watcher()
    config = config_with(
        steps=7,
        preview_at=(0.5,),
        preview_prompts=("a photo of {}", "a star"),
        preview_seeds=(1, 5),
        initialiser="red star",
    )
    train(config, pictures, base=base, callbacks=watcher)
    assert watcher.stages == [Stage.ENCODING, Stage.TRAINING, Stage.PREVIEWING]
    assert [progress.step for progress in watcher.progress] == [2, 4, 6, 7]
    assert all(np.isfinite(progress.loss) and progress.seconds_left >= 0 for progress in watcher.progress)
    early = [preview for preview in watcher.previews if not preview.final]
    assert [(preview.step, preview.prompt) for preview in early] == [(4, "a photo of <x>"), (4, "a star")]
    final = [(preview.prompt, preview.seed, preview.variant) for preview in watcher.previews if preview.final]
    assert final == [
        (prompt, seed, variant)
        for words in ("a photo of {}", "a star")
        for seed in (1, 5)
        for prompt, variant in (
            (words.replace("{}", "<x>"), Variant.LEARNED),
            (words.replace("{}", "red star"), Variant.INITIALISER),
        )
    ]


def test_final_previews_show_the_finished_vectors_and_the_initialiser(any_base, pictures):
    watcher = Watcher()
    config = config_with(preview_at=(), preview_prompts=("a photo of {}",), preview_seeds=(7, 8))
    result = train(config, pictures, base=any_base, callbacks=watcher)
    rows = torch.from_numpy(result.vectors)
    for preview in watcher.previews:
        with torch.no_grad():
            states = condition_on(any_base, [preview.prompt], "<x>", rows)
        alone = next(draw(any_base, states, [preview.seed], steps=2, guidance_scale=config.guidance_scale))
        difference = np.abs(np.asarray(alone, dtype=int) - np.asarray(preview.image, dtype=int))
        assert difference.max() <= 1, preview
    images = [np.asarray(preview.image).tobytes() for preview in watcher.previews]
    assert len(set(images)) == 4


def test_a_word_is_drawn_by_steps_of_its_strength_after_the_grid(any_base, pictures):
    watcher = Watcher()
    config = config_with(
        preview_at=(), preview_prompts=("a {}", "{}"), preview_seeds=(7,), preview_strengths=(0.5, 1.5)
    )
    result = train(config, pictures, base=any_base, callbacks=watcher)
    *grid, half, more = watcher.previews
    assert [preview.strength for preview in watcher.previews] == [1, 1, 1, 1, 0.5, 1.5]
    assert half.settings["strength"] == 0.5 and "strength" not in grid[0].settings
    start = initial_vectors(any_base.encoders, "thing", 2)
    for preview in (half, more):
        assert (preview.prompt, preview.seed, preview.variant) == ("a <x>", 7, Variant.LEARNED)
        rows = start + preview.strength * (torch.from_numpy(result.vectors) - start)
        with torch.no_grad():
            states = condition_on(any_base, [preview.prompt], "<x>", rows)
        alone = next(draw(any_base, states, [7], steps=2, guidance_scale=config.guidance_scale))
        difference = np.abs(np.asarray(alone, dtype=int) - np.asarray(preview.image, dtype=int))
        assert difference.max() <= 1, preview
    lone = train(config_with(preview_prompts=()), pictures, base=any_base)
    assert result.vectors.tobytes() == lone.vectors.tobytes()


def test_without_preview_prompts_nothing_is_drawn(base, pictures):
    watcher = Watcher()
    train(config_with(preview_prompts=()), pictures, base=base, callbacks=watcher)
    assert watcher.previews == []
    assert watcher.stages[-1] is Stage.PREVIEWING


def test_the_receipt_is_plain_json_without_paths(base, pictures, tiny_folder):
    result = train(config_with(), pictures, base=base)
    text = json.dumps(result.receipt)
    assert str(tiny_folder.parent) not in text + json.dumps(result.metadata)
    assert result.receipt["base"] == {"name": "tiny-sd", "family": "pocket", "fingerprint": base.fingerprint}
    assert result.receipt["loss_curve"][-1] == [6, result.receipt["loss"]]
    assert (result.receipt["images"], len(result.receipt["nearest_words"])) == (3, 2)
    assert InversionConfig.from_dict(json.loads(text)["config"]) == config_with()
    assert result.metadata["token"] == "<x>" and result.metadata["base_fingerprint"] == base.fingerprint


@pytest.mark.parametrize("stop_at", [1, 3])
def test_a_run_stops_between_steps(base, pictures, stop_at):
    watcher = Watcher(stop_at=stop_at)
    with pytest.raises(Cancelled):
        train(config_with(preview_at=()), pictures, base=base, callbacks=watcher)
    assert watcher.asked == stop_at and watcher.previews == []


def test_a_run_stops_within_and_between_previews(base, pictures):
    whole = Watcher()
    train(config_with(preview_at=()), pictures, base=base, callbacks=whole)
    assert whole.asked == 6 + 2 + 8  # steps, solver steps of one batch, previews of two prompts and two seeds
    for stop_at, previews in ((7, 0), (11, 2)):
        watcher = Watcher(stop_at=stop_at)
        with pytest.raises(Cancelled):
            train(config_with(preview_at=()), pictures, base=base, callbacks=watcher)
        assert len(watcher.previews) == previews


def test_a_damaged_base_fails_at_the_first_step(tiny_folder, pictures):
    damaged = load_base(str(tiny_folder), device="cpu")
    with torch.no_grad():
        damaged.pipeline.unet.conv_in.weight[0] = float("nan")
    with pytest.raises(TrainingDiverged, match="gradient stopped being a number at step 1"):
        train(config_with(), pictures, base=damaged)


def test_a_base_that_ignores_the_prompt_fails_at_the_first_step(tiny_folder, pictures):
    deaf = load_base(str(tiny_folder), device="cpu")
    with torch.no_grad():
        for name, weight in deaf.pipeline.unet.named_parameters():
            if "attn2.to_v" in name:
                weight.zero_()
    with pytest.raises(TrainingDiverged, match="no gradient at step 1"):
        train(config_with(), pictures, base=deaf)


@pytest.mark.parametrize(("bad", "spoiled_after"), [(float("nan"), 3), (float("nan"), 6), (float("inf"), 6), (0.0, 6)])
def test_vectors_that_are_not_numbers_are_never_handed_out(base, pictures, monkeypatch, bad, spoiled_after):
    """Even when only the last step spoils them, when every loss was a number."""
    hold, calls = methods.hold_norms, []

    def spoil(rows, norm):
        hold(rows, norm)
        calls.append(norm)
        if len(calls) == spoiled_after + 1:  # once before the first step
            rows.data[1] = bad

    monkeypatch.setattr(methods, "hold_norms", spoil)
    watcher = Watcher()
    with pytest.raises(TrainingDiverged, match="lower learning rate"):
        train(config_with(progress_every=6, preview_at=()), pictures, base=base, callbacks=watcher)
    assert len(calls) == 7 and watcher.previews == [] and watcher.progress == []


def test_bad_settings_are_told_before_any_work(base, pictures):
    watcher = Watcher()
    for settings, error in (
        ({"captions": ("a {}",)}, BadConfig),
        ({"placeholder_token": "star"}, TokenInVocabulary),
    ):
        with pytest.raises(error):
            train(config_with(**settings), pictures, base=base, callbacks=watcher)
    assert watcher.stages == []
