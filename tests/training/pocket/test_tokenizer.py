"""The pocket tokenizer: a token for each word of the world, bytes for all else."""

from __future__ import annotations

import pytest
from transformers import CLIPTokenizer

from training.inversion.templates import OBJECT_TEMPLATES, STYLE_TEMPLATES
from training.pocket.tokenizer import MAX_TOKENS, make_tokenizer
from training.pocket.vocabulary import words


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("tokenizer")
    make_tokenizer(path)
    return path


@pytest.fixture(scope="module")
def tokenizer(folder):
    return CLIPTokenizer.from_pretrained(folder)


def test_every_word_of_the_world_is_one_token_of_its_own(tokenizer):
    ids = [tokenizer(word, add_special_tokens=False).input_ids for word in words() if word.isalpha()]
    assert len(ids) > 250
    assert {len(pieces) for pieces in ids} == {1}
    assert len({pieces[0] for pieces in ids}) == len(ids)


@pytest.mark.parametrize("text", ["a photo of a zeppelin", "pre-columbian, no. 7!", "naïve café", "日本", "🦊 fox"])
def test_any_text_has_tokens_and_comes_back(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False).input_ids
    assert tokenizer.eos_token_id not in ids
    assert tokenizer.decode(ids).replace(" ", "") == text.replace(" ", "")


def test_a_caption_with_three_vectors_fits_every_template(tokenizer):
    for template in (*OBJECT_TEMPLATES, *STYLE_TEMPLATES):
        caption = template.replace("{}", "small thing thing thing") + " at the bottom on a purple background"
        assert len(tokenizer(caption).input_ids) <= MAX_TOKENS


def test_the_two_older_files_alone_say_the_same(folder, tokenizer, tmp_path):
    older = CLIPTokenizer(
        vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"), unk_token=tokenizer.eos_token
    )
    text = "a rendering of a small checkered gear on the left, and a zeppelin"
    assert older(text, add_special_tokens=False).input_ids == tokenizer(text, add_special_tokens=False).input_ids


def test_the_ends_of_a_prompt_are_marked_and_the_rest_is_filled(tokenizer):
    ids = tokenizer("a thing", padding="max_length").input_ids
    assert len(ids) == MAX_TOKENS == tokenizer.model_max_length
    assert ids[0] == tokenizer.bos_token_id and ids[3:] == [tokenizer.eos_token_id] * (MAX_TOKENS - 3)
    assert tokenizer.pad_token_id == tokenizer.eos_token_id != tokenizer.bos_token_id
