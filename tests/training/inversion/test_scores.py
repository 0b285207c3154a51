"""Scores by networks that somebody placed: here tiny ones of the true structure, with random weights."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from transformers import (
    BitImageProcessorPil,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTextConfig,
    CLIPVisionConfig,
    Dinov2Config,
    Dinov2Model,
)

from training.inversion.config import InversionConfig
from training.inversion.errors import ScorerUnavailable
from training.inversion.loop import train
from training.inversion.quiet import quiet_libraries
from training.inversion.scores import Scorer, score
from training.pocket.tokenizer import MAX_TOKENS, make_tokenizer

SMALL = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("scorers")
    words = make_tokenizer(root / "clip")
    text = CLIPTextConfig(
        vocab_size=len(words), max_position_embeddings=MAX_TOKENS, projection_dim=16, bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id, pad_token_id=words.pad_token_id, **SMALL,
    )  # fmt: skip
    vision = CLIPVisionConfig(image_size=32, patch_size=8, projection_dim=16, **SMALL)
    with quiet_libraries():
        CLIPModel(
            CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=16)
        ).save_pretrained(root / "clip")
        CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=32).save_pretrained(root / "clip")
        Dinov2Model(Dinov2Config(image_size=32, patch_size=8, **SMALL)).save_pretrained(root / "dino")
        BitImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(
            root / "dino"
        )
    return root


def pictures_of(seed, count=2):
    rng = np.random.default_rng(seed)
    return [Image.fromarray(rng.integers(0, 256, (40, 36, 3), dtype=np.uint8)) for _ in range(count)]


@pytest.mark.parametrize("name", ["clip", "dino"])
def test_the_same_picture_is_as_alike_as_can_be_and_another_less(folders, name):
    scorer = Scorer(folders / name, device="cpu")
    one, other = pictures_of(0, 1), [Image.new("RGB", (40, 36), "red")]
    assert scorer.name == name and scorer.reads == (name == "clip")
    assert score(scorer, one, ["a star"], one)["image"] == pytest.approx(1, abs=1e-4)
    assert score(scorer, one, ["a star"], other)["image"] < 0.999


def test_text_counts_for_each_picture_its_own_prompt(folders):
    scorer = Scorer(folders / "clip", device="cpu")
    pictures, prompts = pictures_of(1), ["a photo of a star", "a red gear"]
    found = scorer.of_images(pictures) * scorer.of_texts(prompts)
    assert score(scorer, pictures, prompts, pictures)["text"] == pytest.approx(
        float(found.sum(dim=-1).mean()), abs=1e-4
    )
    assert "text" not in score(Scorer(folders / "dino", device="cpu"), pictures, prompts, pictures)


def test_a_run_is_scored_with_its_word_and_without(folders, base):
    config = InversionConfig(
        placeholder_token="<x>",
        kind="object",
        initialiser="star",
        steps=2,
        batch_size=2,
        preview_at=(),
        preview_steps=2,
    )
    scorers = [Scorer(folders / name, device="cpu") for name in ("clip", "dino")]
    scores = train(config, pictures_of(2), base=base, scorers=scorers).receipt["evaluation"]["scores"]
    assert set(scores) == {"clip", "dino"}
    assert set(scores["clip"]["learned"]) == set(scores["clip"]["initialiser"]) == {"image", "text"}
    assert set(scores["dino"]["learned"]) == {"image"}


@pytest.mark.parametrize("spoil", ["missing", "empty"])
def test_a_folder_that_holds_no_scorer_is_named(tmp_path, spoil):
    folder = tmp_path / "nothing"
    if spoil == "empty":
        folder.mkdir()
    with pytest.raises(ScorerUnavailable, match="scorer nothing could not be loaded") as refusal:
        Scorer(folder, device="cpu")
    assert str(tmp_path) not in refusal.value.message
