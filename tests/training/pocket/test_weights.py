"""The committed weights: small, safe, readable by the public loaders, and obedient."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline
from safetensors.torch import load_file
from transformers import AutoTokenizer

from training.pocket import info, unet
from training.pocket.build import MAX_BYTES
from training.pocket.chance import COLOURS
from training.pocket.vocabulary import words

PLAIN = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}


@pytest.fixture(scope="module")
def pipeline():
    """As a person would load it, without naming a dtype."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        loaded = StableDiffusionPipeline.from_pretrained(info.WEIGHTS, **PLAIN)
    loaded.set_progress_bar_config(disable=True)
    return loaded


def pictures(pipeline, prompt, count=4):
    """Pictures [count, H, W, 3] in 0..1."""
    generators = [torch.Generator().manual_seed(seed) for seed in range(count)]
    return pipeline(
        [prompt] * count, num_inference_steps=16, guidance_scale=3.0, generator=generators, output_type="np"
    ).images


def test_the_weights_are_half_precision_safetensors_and_nothing_else():
    files = [path for path in info.WEIGHTS.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".txt", ".safetensors"}
    stored = [path for path in files if path.suffix == ".safetensors"]
    assert sorted(path.parent.name for path in stored) == ["text_encoder", "unet", "vae"]
    assert sum(path.stat().st_size for path in stored) <= MAX_BYTES
    for path in stored:
        assert {tensor.dtype for tensor in load_file(path).values()} == {torch.float16}
        assert all(torch.isfinite(tensor).all() for tensor in load_file(path).values())


def test_all_parts_load_in_one_dtype(pipeline):
    parts = (pipeline.vae, pipeline.unet, pipeline.text_encoder)
    assert {part.dtype for part in parts} == {torch.float32}
    assert pipeline.scheduler.config.prediction_type == unet.SCHEDULE["prediction_type"]


def test_the_published_tokenizer_is_the_one_of_this_world(pipeline):
    tokenizer = AutoTokenizer.from_pretrained(info.WEIGHTS / "tokenizer")
    known = [word for word in words() if word.isalpha()]
    assert {len(tokenizer(word, add_special_tokens=False).input_ids) for word in known} == {1}
    assert len(tokenizer) == pipeline.text_encoder.config.vocab_size
    config = pipeline.text_encoder.config
    assert (config.bos_token_id, config.eos_token_id) == (tokenizer.bos_token_id, tokenizer.eos_token_id)


def test_every_word_lies_on_one_shell(pipeline):
    norms = pipeline.text_encoder.get_input_embeddings().weight.norm(dim=-1)
    assert norms.min() > 0.98 * norms.median() and norms.max() < 1.02 * norms.median()


@pytest.mark.parametrize("colour", ["blue", "yellow", "green"])
def test_the_ground_has_the_colour_that_the_prompt_names(pipeline, colour):
    drawn = pictures(pipeline, f"a photo of a small thing on a {colour} background")
    corners = drawn[:, [1, 1, -2, -2], [1, -2, 1, -2]].reshape(-1, 3)
    distances = {name: float(np.abs(np.median(corners, axis=0) - value).mean()) for name, value in COLOURS.items()}
    assert min(distances, key=distances.get) == colour, distances


def test_another_sampler_draws_the_same_things(pipeline):
    ordinary = pictures(pipeline, "a photo of a small thing on a blue background")
    before = pipeline.scheduler
    try:
        pipeline.scheduler = DPMSolverMultistepScheduler.from_config(before.config)
        other = pictures(pipeline, "a photo of a small thing on a blue background")
    finally:
        pipeline.scheduler = before
    assert np.isfinite(other).all()
    assert np.abs(ordinary[:, 1, 1] - other[:, 1, 1]).mean() < 0.1
