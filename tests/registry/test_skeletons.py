"""Names that look alike share a skeleton, and others do not."""

from __future__ import annotations

import pytest

from registry.skeletons import is_invisible, skeletons


@pytest.mark.parametrize(
    ("one", "other"),
    [("paypal", "pаypаl"), ("paypal", "paypa1"), ("paypal", "PaypaI"), ("koi", "k0i"), ("modern", "rnodern"), ("red-heart", "Red Heart"),
     ("scope", "ѕсоре"), ("<koi>", "koi"), ("koi", "ｋｏｉ"), ("koi", "k\u200boi"), ("koi", "K𝗈i"), ("naïve", "nai\u0308ve"), ("Ωmega", "ωmega")],
)  # fmt: skip
def test_look_alikes_share_a_skeleton(one, other):
    assert set(skeletons(one)) & set(skeletons(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("koi", "kei"), ("red", "read"), ("猫", "犬"), ("koi", "koi2"), ("naive", "naïve"), ("a", "b"), ("кот", "пёс")],
)
def test_different_names_do_not(one, other):
    assert skeletons(one) and skeletons(other)
    assert not set(skeletons(one)) & set(skeletons(other))


def test_a_name_of_marks_alone_looks_like_nothing():
    assert skeletons("***", "", "\u200b") == []


@pytest.mark.parametrize(
    "character", ["\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u3164", "\ufe0f", "\x00", "\u061c"]
)
def test_what_shows_nothing_is_known(character):
    assert is_invisible(character)


@pytest.mark.parametrize("character", "a猫ß 🐟́")
def test_what_shows_is_not_taken_for_it(character):
    assert not is_invisible(character)
