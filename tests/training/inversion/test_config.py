"""Settings from strangers: a receipt or a form may hold anything, and each wrong thing is named."""

from __future__ import annotations

import pytest

from training.inversion.config import MAX_SEED, InversionConfig
from training.inversion.errors import BadConfig


def config_with(**settings):
    return InversionConfig(**{"placeholder_token": "<x>", "kind": "object", "initialiser": "thing", **settings})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("placeholder_token", 5), ("initialiser", ("red",)), ("kind", ("object",)), ("method", {}), ("vectors", 1.0),
        ("vectors", True), ("steps", 2.5), ("batch_size", "8"), ("seed", None), ("seed", 1e300), ("learning_rate", True),
        ("learning_rate", "0.1"), ("probe", "yes"), ("hold_out", 1), ("captions", "a {}"), ("captions", (1,)),
        ("preview_at", 0.5), ("preview_at", ("x",)), ("preview_prompts", "a {}"), ("preview_seeds", 1),
        ("preview_seeds", (1.5,)), ("guidance_scale", float("inf")), ("progress_every", 1.5),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_named(field, value):
    with pytest.raises(BadConfig) as refusal:
        config_with(**{field: value})
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", -1), ("seed", MAX_SEED + 1), ("batch_size", 129), ("preview_steps", 251), ("guidance_scale", 101),
        ("preview_at", (2.0,)), ("preview_strengths", (1.0,)), ("preview_strengths", (0.0,)), ("preview_seeds", (2**64,)), ("preview_prompts", ("a \udcff {}",)), ("initialiser", "\udcff"),
        ("captions", ("a {} \udcff",)), ("placeholder_token", "x" * 81),
    ],
)  # fmt: skip
def test_a_value_beyond_its_limits_is_named(field, value):
    with pytest.raises(BadConfig) as refusal:
        config_with(**{field: value})
    assert refusal.value.field == field


@pytest.mark.parametrize("token", ["my cat", " <x>", "<x\x1b[31m>", "\u200b", "\udcff", "<{}>"])
def test_a_token_that_cannot_be_typed_as_one_word_is_refused(token):
    with pytest.raises(BadConfig, match="cannot be seen"):
        config_with(placeholder_token=token)


@pytest.mark.parametrize(("token", "kind"), [("ph", "object"), ("style", "style"), ("beach", "object")])
def test_a_token_inside_of_ordinary_words_is_refused(token, kind):
    """It would be spliced into them: “photo” would begin with the vectors of “ph”."""
    with pytest.raises(BadConfig, match=rf"occurs inside .*<{token}>"):
        config_with(placeholder_token=token, kind=kind, preview_prompts=("a {} on a beach",))


def test_captions_in_any_language_may_hold_any_space():
    captions = ("a\N{NO-BREAK SPACE}{}", "写真\N{IDEOGRAPHIC SPACE}{}", "a {} 👩\N{ZERO WIDTH JOINER}🚀")
    assert config_with(captions=captions, initialiser="le\N{NO-BREAK SPACE}chat").captions == captions


def test_whole_numbers_may_stand_for_others():
    assert config_with(learning_rate=1, guidance_scale=3, seed=MAX_SEED).seed == MAX_SEED
