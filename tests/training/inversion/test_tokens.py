"""The placeholder's vectors reach the text encoder exactly as those of a real, added word would."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from training.inversion.encoders import initial_vectors
from training.inversion.errors import BadConfig, TokenInVocabulary
from training.inversion.sampler import condition_on
from training.inversion.tokens import ORDINARY, as_read, check_new, tokenise, word_ids

PROMPTS = ["a photo of a <x>", "<x> on a yellow background", "a painting in the style of <x> , and a <x>"]


def vectors_like_words(base, count, seed=0):
    """Random vectors of the vocabulary's scale."""
    table = base.encoders[0].splice.weight
    return torch.randn(count, table.shape[1], generator=torch.Generator().manual_seed(seed)) * table.std()


@pytest.mark.parametrize("which", ["base", "velocity_base"])
@pytest.mark.parametrize("count", [1, 3])
def test_spliced_vectors_give_the_states_of_added_words(request, which, count):
    """Those of XL are compared with the loader's, which adds words in the same way."""
    any_base = request.getfixturevalue(which)
    vectors = vectors_like_words(any_base, count)
    names = [f"<x>{'_' * number}" for number in range(count)]
    tokenizer = copy.deepcopy(any_base.tokenizer)
    assert tokenizer.add_tokens(names) == count
    text_encoder = copy.deepcopy(any_base.pipeline.text_encoder)
    text_encoder.set_input_embeddings(text_encoder.get_input_embeddings().table)
    text_encoder.resize_token_embeddings(len(tokenizer))
    with torch.no_grad():
        text_encoder.get_input_embeddings().weight[-count:] = vectors
        ids = tokenizer(
            [prompt.replace("<x>", " ".join(names)) for prompt in PROMPTS],
            padding="max_length", max_length=tokenizer.model_max_length, return_tensors="pt",
        ).input_ids  # fmt: skip
        assert (ids >= len(any_base.tokenizer)).sum() == 4 * count
        torch.testing.assert_close(condition_on(any_base, PROMPTS, "<x>", vectors).states, text_encoder(ids)[0])


def test_the_pooled_state_is_taken_at_the_end_token(any_base):
    vectors = vectors_like_words(any_base, 3)
    prompts = tokenise(any_base.tokenizer, PROMPTS, "<x>", 3)
    assert int(prompts.ids.max()) < len(any_base.tokenizer)
    with torch.no_grad(), any_base.encoders[0].splice.using(prompts.rows, vectors):
        out = any_base.pipeline.text_encoder(prompts.ids)
    end = (prompts.ids == any_base.tokenizer.eos_token_id).int().argmax(dim=-1)
    assert (end > (prompts.rows != ORDINARY).int().argmax(dim=-1)).all()
    torch.testing.assert_close(out.pooler_output, out.last_hidden_state[torch.arange(len(PROMPTS)), end])


def test_each_occurrence_gets_all_vectors_in_order(base):
    prompts = tokenise(base.tokenizer, ["<x> on <x>"], "<x>", 2)
    assert prompts.rows[0, :7].tolist() == [ORDINARY, 0, 1, ORDINARY, 0, 1, ORDINARY]


def test_a_long_prompt_is_cut_and_still_ends(base):
    prompts = tokenise(base.tokenizer, ["a photo " * 100 + "<x>"], "<x>", 2)
    assert prompts.ids.shape == (1, base.tokenizer.model_max_length)
    assert prompts.ids[0, -1] == base.tokenizer.eos_token_id
    assert (prompts.rows == ORDINARY).all()


def test_fewer_words_than_vectors_are_repeated_in_order(base):
    red, star = (base.encoders[0].splice.weight[word_ids(base.tokenizer, word)[0]] for word in ("red", "star"))
    assert not torch.equal(red, star)
    rows = initial_vectors(base.encoders, "red star", 5)
    assert torch.equal(rows, torch.stack([red, red, red, star, star]))


def test_more_words_than_vectors_are_averaged_by_neighbours(base):
    words = base.encoders[0].splice.weight[torch.tensor(word_ids(base.tokenizer, "a large red star"))]
    assert len(words) == 4
    rows = initial_vectors(base.encoders, "a large red star", 2)
    torch.testing.assert_close(rows, torch.stack([words[:2].mean(dim=0), words[2:].mean(dim=0)]))


def test_a_word_of_the_vocabulary_cannot_be_the_placeholder(base):
    with pytest.raises(TokenInVocabulary, match="star is already a word"):
        check_new(base.tokenizer, "star")
    check_new(base.tokenizer, "<star>")


@pytest.mark.parametrize("token", ["<MyCat>", "<my  cat>", "<e\u0301te\u0301>"])
def test_a_token_that_the_tokenizer_rewrites_is_refused_with_its_spelling(base, token):
    """diffusers would find it, but only the first of its vectors."""
    with pytest.raises(BadConfig, match="Write the placeholder token that way") as refusal:
        check_new(base.tokenizer, token)
    assert refusal.value.field == "placeholder_token"
    check_new(base.tokenizer, as_read(base.tokenizer, token))


def test_plain_vectors_can_follow_trained_ones(base):
    names = {name for name, _ in base.pipeline.text_encoder.named_parameters()}
    trained = nn.Parameter(vectors_like_words(base, 2))
    states = condition_on(base, PROMPTS, "<x>", trained).states
    torch.testing.assert_close(condition_on(base, PROMPTS, "<x>", trained.detach().clone()).states, states.detach())
    assert {name for name, _ in base.pipeline.text_encoder.named_parameters()} == names
