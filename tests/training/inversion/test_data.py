"""Pictures, noise and captions become what the base model was trained on."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from training.inversion.config import InversionConfig
from training.inversion.data import Captions, Latents, check_captions, to_pixels
from training.inversion.diffusion import add_noise, stratified_timesteps, target
from training.inversion.errors import BadConfig, BadImages
from training.inversion.tokens import tokenise

ORIENTATION = 0x0112


def config_with(**settings):
    return InversionConfig(**{"placeholder_token": "<x>", "kind": "object", "initialiser": "thing", **settings})


def test_pixels_are_the_upright_middle_square():
    image = Image.new("RGB", (30, 10), "blue")
    image.paste("red", (10, 0, 20, 5))
    image.paste("lime", (10, 5, 20, 10))
    exif = Image.Exif()
    exif[ORIENTATION] = 3  # upside down
    turned = image.rotate(180)
    turned.info["exif"] = exif.tobytes()
    for picture in (image, turned):
        pixels = to_pixels(picture, 10)
        assert pixels.shape == (3, 10, 10)
        assert pixels[:, 0, 5].tolist() == [1, -1, -1]
        assert pixels[:, 9, 5].tolist() == [-1, 1, -1]


def test_transparency_becomes_white():
    assert to_pixels(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), 8).min() == 1


def test_latents_are_the_autoencoders_own_distribution_plain_and_mirrored(base, pictures):
    latents = Latents(base, pictures)
    assert latents.mean.shape == (3, 2, 4, 8, 8)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.stack([latents.sample(torch.tensor([2]), torch.tensor([1]), generator)[0] for _ in range(400)])
    pixels = to_pixels(pictures[2], base.resolution).flip(-1)[None]
    with torch.no_grad():
        posterior = base.pipeline.vae.encode(pixels).latent_dist
    scale = base.pipeline.vae.config.scaling_factor
    assert_close(latents.mean[2, 1], posterior.mean[0] * scale)
    assert_close(latents.deviation[2, 1], posterior.std[0] * scale)
    spread = drawn.std(dim=0) / latents.deviation[2, 1]
    assert 0.95 < float(spread.mean()) < 1.05


def test_no_picture_is_an_error(base):
    with pytest.raises(BadImages):
        Latents(base, [])


def test_timesteps_come_one_from_each_part_of_the_range():
    for seed in range(20):
        steps = stratified_timesteps(8, 1000, torch.Generator().manual_seed(seed))
        assert (steps // 125).tolist() == list(range(8))


def test_noise_and_targets_are_those_of_the_scheduler(velocity_base):
    generator = torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, 3, 4, 8, 8, generator=generator)
    timesteps = torch.tensor([0, 500, 999])
    scheduler = velocity_base.pipeline.scheduler
    alphas = velocity_base.alphas_cumprod
    assert_close(add_noise(clean, noise, alphas, timesteps), scheduler.add_noise(clean, noise, timesteps))
    assert_close(
        target("v_prediction", clean, noise, alphas, timesteps), scheduler.get_velocity(clean, noise, timesteps)
    )
    assert target("epsilon", clean, noise, alphas, timesteps) is noise


def test_each_picture_gets_its_own_caption(base):
    captions = Captions(config_with(captions=("a {} in snow", "two {}", "{} at night")), base)
    numbers = captions.draw(torch.tensor([2, 0, 2]), torch.Generator())
    assert [captions.texts[number] for number in numbers] == ["<x> at night", "a <x> in snow", "<x> at night"]
    expected = tokenise(base.tokenizer, ["<x> at night", "a <x> in snow"], "<x>", 2)
    chosen = captions.prompts[torch.tensor([2, 0])]
    assert torch.equal(chosen.ids, expected.ids) and torch.equal(chosen.rows, expected.rows)


def test_without_captions_templates_of_the_kind_are_drawn(base):
    captions = Captions(config_with(kind="style"), base)
    numbers = captions.draw(torch.zeros(50, dtype=torch.int64), torch.Generator().manual_seed(0))
    assert len(set(numbers.tolist())) > 10
    assert all("in the style of <x>" in captions.texts[number] for number in numbers)


@pytest.mark.parametrize("captions", [(), ("a {}",), ("a {}",) * 3])
def test_a_wrong_number_of_captions_is_a_bad_setting(base, captions):
    with pytest.raises(BadConfig, match=f"{len(captions)} captions for 2 images") as refusal:
        check_captions(config_with(captions=captions), 2, base)
    assert refusal.value.field == "captions"


def test_a_caption_that_pushes_the_word_out_of_the_prompt_is_a_bad_setting(base):
    config = config_with(captions=("a {}", "a " * 40 + "{}"))
    with pytest.raises(BadConfig, match=r"Caption 2 is too long: .* 32 tokens") as refusal:
        check_captions(config, 2, base)
    assert refusal.value.field == "captions"
    check_captions(config_with(captions=("a {}", "a " * 20 + "{}")), 2, base)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("placeholder_token", " "), ("kind", "negative"), ("initialiser", ""), ("vectors", 0), ("vectors", 17), ("steps", 0),
        ("steps", 20_001), ("learning_rate", 0), ("learning_rate", float("nan")), ("learning_rate", 1.5),
        ("batch_size", 0), ("captions", ("no place",)), ("preview_steps", 0), ("progress_every", 0), ("preview_seeds", ()),
    ],
)  # fmt: skip
def test_a_setting_out_of_range_is_named(field, value):
    with pytest.raises(BadConfig) as refusal:
        config_with(**{field: value})
    assert refusal.value.field == field


def test_settings_survive_json_and_unknown_ones_are_refused():
    config = config_with(captions=("a {}",), preview_at=(0.5,))
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in config.to_dict().items()}
    assert InversionConfig.from_dict(values) == config
    with pytest.raises(BadConfig) as refusal:
        InversionConfig.from_dict({**values, "stpes": 3})
    assert refusal.value.field == "stpes"
