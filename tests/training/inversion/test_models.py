"""Which base models are taken, and what is known of them."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DPMSolverMultistepScheduler

from tests.support.tiny_sd import make_tiny_sd, make_tiny_sdxl
from training.inversion import fingerprint, models
from training.inversion.device import send
from training.inversion.encoders import nearest_words
from training.inversion.errors import BaseUnavailable
from training.inversion.models import load_base
from training.inversion.sampler import condition_on, draw


def test_a_tiny_model_is_described(base, velocity_base):
    assert (base.family, base.width, base.name) == ("pocket", 128, "tiny-sd")
    assert (base.latent_size, base.resolution) == (8, 16)
    assert (base.prediction_type, velocity_base.prediction_type) == ("epsilon", "v_prediction")
    assert base.encoders[0].median_norm == pytest.approx(float(base.encoders[0].splice.weight.norm(dim=-1).median()))
    parts = (base.pipeline.unet, base.pipeline.vae, base.pipeline.text_encoder)
    assert not any(weight.requires_grad for part in parts for weight in part.parameters())


@pytest.mark.parametrize(("width", "family"), [(768, "sd1"), (1024, "sd2")])
def test_the_family_follows_the_width(tmp_path, width, family):
    assert load_base(str(make_tiny_sd(tmp_path / "wide", width=width)), device="cpu").family == family


def test_xl_is_a_family_of_its_own_with_two_encoders(xl_base):
    assert (xl_base.family, xl_base.width) == ("sdxl", 768 + 1280)
    assert [encoder.width for encoder in xl_base.encoders] == [768, 1280]
    weights = [weight for encoder in xl_base.encoders for weight in encoder.model.parameters()]
    assert not any(weight.requires_grad for weight in weights)


def test_what_xl_is_told_of_a_prompt_is_what_its_own_pipeline_tells_it(xl_base):
    prompts = ["a photo of a star", ""]
    with torch.no_grad():
        ours = condition_on(xl_base, prompts)
        states, _, pooled, _ = xl_base.pipeline.encode_prompt(prompts, do_classifier_free_guidance=False)
    torch.testing.assert_close(ours.states, states)
    torch.testing.assert_close(ours.pooled, pooled)


def test_a_picture_of_xl_is_the_one_that_its_own_pipeline_draws(xl_base):
    """With the same solver, the same noise and the same guidance: time ids, pooled states and all."""
    prompt, seed = "a photo of a red star", 3
    with torch.no_grad():
        ours = next(draw(xl_base, condition_on(xl_base, [prompt]), [seed], steps=4, guidance_scale=5.0))
    pipeline = copy.copy(xl_base.pipeline)
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    noise = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(seed))
    theirs = pipeline(
        prompt, num_inference_steps=4, guidance_scale=5.0, latents=noise, height=16, width=16,
        original_size=(16, 16), target_size=(16, 16),
    ).images[0]  # fmt: skip
    assert np.abs(np.asarray(ours, dtype=int) - np.asarray(theirs, dtype=int)).max() <= 1


def test_an_xl_model_whose_unet_is_not_one_of_xl_is_refused(tmp_path):
    folder = make_tiny_sdxl(tmp_path / "mixed")
    shutil.rmtree(folder / "unet")
    shutil.copytree(make_tiny_sd(tmp_path / "plain") / "unet", folder / "unet")
    with pytest.raises(BaseUnavailable, match="attends to 128 numbers a token, and text encoders give 2048"):
        load_base(str(folder), device="cpu")


def test_the_fingerprint_of_xl_covers_its_second_text_encoder(xl_base, tmp_path):
    folder = make_tiny_sdxl(tmp_path / "again")
    assert fingerprint.of_folder(folder) == xl_base.fingerprint
    weights = folder / "text_encoder_2" / "model.safetensors"
    stored = bytearray(weights.read_bytes())
    stored[-1] ^= 1
    weights.write_bytes(stored)
    assert fingerprint.of_folder(folder) != xl_base.fingerprint
    (folder / "text_encoder_2" / "model.safetensors").unlink()
    assert fingerprint.of_folder(folder) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 768, "attended": 2048}, "attends to 2048 numbers a token, and text encoders give 768"),
        ({"unet_channels": 9}, "9 channels instead of 4, as inpainting models do"),
        ({"width": 64}, "its input vectors are 64 wide"),
        ({"prediction_type": "sample"}, "predicts sample"),
    ],
)
def test_a_model_of_another_family_is_refused(tmp_path, options, message):
    folder = make_tiny_sd(tmp_path / "other", **options)
    with pytest.raises(BaseUnavailable, match=message) as refusal:
        load_base(str(folder), device="cpu")
    assert refusal.value.message.startswith("other cannot be trained on") and str(tmp_path) not in refusal.value.message


def test_a_folder_that_holds_no_model_is_refused_in_one_sentence(tmp_path, tiny_folder):
    damaged = shutil.copytree(tiny_folder, tmp_path / "damaged")
    (damaged / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"cut off")
    (tmp_path / "empty").mkdir()
    for folder in (damaged, tmp_path / "empty", tmp_path / "missing"):
        with pytest.raises(BaseUnavailable, match=f"{folder.name} could not be loaded") as refusal:
            load_base(str(folder), device="cpu")
        assert str(tmp_path) not in refusal.value.message


def test_an_oblong_sample_size_is_read_as_its_shorter_side(tmp_path):
    oblong = load_base(str(make_tiny_sd(tmp_path / "oblong", latents=[8, 12])), device="cpu")
    assert (oblong.latent_size, oblong.resolution) == (8, 16)


def test_the_fingerprint_is_that_of_the_stored_weights(tiny_folder, base, tmp_path, monkeypatch):
    assert base.fingerprint == fingerprint.of_folder(tiny_folder)
    monkeypatch.setattr(models, "model_dtype", lambda device: torch.bfloat16)
    elsewhere = shutil.copytree(tiny_folder, tmp_path / "elsewhere")
    narrow = load_base(str(elsewhere), device="cpu")
    assert narrow.pipeline.unet.dtype == torch.bfloat16
    assert narrow.fingerprint == base.fingerprint
    weights = elsewhere / "vae" / "diffusion_pytorch_model.safetensors"
    stored = bytearray(weights.read_bytes())
    stored[-1] ^= 1
    weights.write_bytes(stored)
    assert fingerprint.of_folder(elsewhere) != base.fingerprint


def test_weights_stored_otherwise_are_hashed_before_any_cast(tiny_folder, tmp_path, monkeypatch):
    folder = shutil.copytree(tiny_folder, tmp_path / "pickled")
    stored = folder / "unet" / "diffusion_pytorch_model.safetensors"
    from safetensors.torch import load_file

    torch.save(load_file(stored), stored.with_suffix(".bin"))
    stored.unlink()
    assert fingerprint.of_folder(folder) is None
    wide = load_base(str(folder), device="cpu")
    monkeypatch.setattr(models, "model_dtype", lambda device: torch.bfloat16)
    narrow = load_base(str(folder), device="cpu")
    assert narrow.pipeline.unet.dtype == torch.bfloat16
    assert narrow.fingerprint == wide.fingerprint
    assert fingerprint.of_weights(narrow.pipeline) != wide.fingerprint


def test_a_hub_name_is_kept_whole_and_a_folder_gives_its_last_part(tiny_folder, monkeypatch):
    assert (
        models._public_name("stable-diffusion-v1-5/stable-diffusion-v1-5")
        == "stable-diffusion-v1-5/stable-diffusion-v1-5"
    )
    assert models._public_name(str(tiny_folder)) == "tiny-sd"
    monkeypatch.chdir(tiny_folder.parent.parent)
    assert models._public_name(str(Path(tiny_folder.parent.name) / "tiny-sd")) == "tiny-sd"
    monkeypatch.chdir(tiny_folder)
    assert models._public_name(".") == "tiny-sd"


def test_nearest_words_of_a_word_begin_with_itself(base):
    star = base.tokenizer.convert_tokens_to_ids("star</w>")
    rows = base.encoders[0].splice.weight[star : star + 1] * 3
    assert nearest_words(base.encoders, rows)[0][0] == "star"


def test_loading_prints_nothing(tiny_folder):
    script = f"from training.inversion.models import load_base; load_base({str(tiny_folder)!r}, device='cpu')"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_tokenizer_that_knows_no_length_takes_that_of_its_encoder(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder, tmp_path / "endless")
    settings = folder / "tokenizer" / "tokenizer_config.json"
    values = json.loads(settings.read_text())
    del values["model_max_length"]
    settings.write_text(json.dumps(values))
    assert load_base(str(folder), device="cpu").tokenizer.model_max_length == 32


class Sent:
    """What a tensor is asked for on its way to a device."""

    def __init__(self):
        self.asked = []

    def pin_memory(self):
        self.asked.append("pin")
        return self

    def to(self, device, **how):
        self.asked.append((device.type, how))
        return self


def test_nothing_waits_for_a_gpu_that_numbers_are_sent_to():
    """Copies from other memory wait until the device has done all it was told before."""
    sent = Sent()
    send(sent, torch.device("cuda"))
    assert sent.asked == ["pin", ("cuda", {"non_blocking": True})]
