"""Names are safe in every tool's prompt, titles may be in any language, and what looks like somebody else's is told."""

from __future__ import annotations

import re

import pytest

from registry import services
from registry.errors import RegistryError
from registry.infotext import parse
from registry.lookup import find_lookalikes
from registry.models import Embedding
from registry.validation import check_name, check_title, suggest_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Paper Boat", "paper-boat"),
        ("<koi>", "koi"),
        ("EasyNegative", "easynegative"),
        ("bad_prompt_version2", "bad_prompt_version2"),
        ("Crème Brûlée (v2)", "creme-brulee-v2"),
        ("ab", "ab-word"),
        ("CON", "con-word"),
        ("com7", "com7-word"),
        ("--x--", "x-word"),
        ("ｋｏｉ", "koi"),
        ("猫", ""),
        ("a" * 80, "a" * 64),
        ("taken", "taken-2"),
        ("more", "more-3"),
    ],
)
def test_a_name_is_suggested_that_will_be_taken(text, name):
    assert suggest_name(text, {"taken", "more", "more-2"}) == name
    assert not name or check_name(name) == name


@pytest.mark.parametrize("name", ["Koi", "koi fish", "koi:2", "koi,fish", "(koi)", "<koi>", "koi[1]", "koi|x", "koi.pt", "../koi", "кoi", "-koi", "koi-", "nul", "com9", "lpt0"])  # fmt: skip
def test_a_name_that_a_prompt_or_a_file_system_would_break_is_refused(name):
    with pytest.raises(RegistryError):
        check_name(name)


def test_a_name_survives_every_prompt_grammar_that_is_read_here():
    for name in ("koi", "koi-fish_2", "0x0"):
        for prompt in (f"embedding:{name}", f"(embedding:{name}:1.2),", f"a embedding:{name}, b"):
            assert [reference.name for reference in parse(prompt)] == [name]
        assert re.fullmatch(r"[a-zA-Z0-9., _-]+", name)  # InvokeAI's trigger


@pytest.mark.parametrize(
    ("title", "stored"),
    [
        ("Red heart", "Red heart"),
        ("赤い心", "赤い心"),
        ("ｋｏｉ", "koi"),
        ("ﬁsh", "fish"),
        ("Cafe\u0301", "Café"),
        ("a\u00a0b  c\n d", "a b c d"),
        ("❤\ufe0f heart", "❤ heart"),
        ("قلب أحمر", "قلب أحمر"),
        ("🐟", "🐟"),
    ],
)
def test_a_title_in_any_language_is_stored_in_one_form(title, stored):
    assert check_title(title) == stored


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u061c", "\u00ad", "\u3164", "\u115f", "\U000e0041"]
)
def test_a_title_with_what_cannot_be_seen_is_refused(hidden):
    with pytest.raises(RegistryError, match=r"cannot be seen|control") as refused:
        check_title(f"Red{hidden}heart")
    assert refused.value.field == "title"


def test_a_title_that_grows_in_its_one_form_is_measured_there():
    with pytest.raises(RegistryError, match="120"):
        check_title("\ufdfa" * 10)  # a ligature that stands for 18 characters


@pytest.mark.parametrize(
    ("name", "title", "token"),
    [
        ("red-heart", "Something", "<x>"),
        ("redheart", "Something", "<x>"),
        ("red_heart", "Something", "<x>"),
        ("other-one", "Rеd Неаrt", "<x>"),
        ("other-one", "Something", "<rеd-heart>"),
        ("other-one", "RED HEART", "<x>"),
    ],
)
def test_a_look_alike_of_somebody_elses_is_found(alice, bob, upload, name, title, token):
    theirs = upload(alice)
    assert find_lookalikes(bob, name, title, token) == [theirs]
    assert find_lookalikes(alice, name, title, token) == []


def test_what_is_not_public_is_not_given_away(alice, bob, upload):
    upload(alice, visibility="private")
    upload(alice, "red-heart-2", visibility="unlisted", seed=1)
    assert find_lookalikes(bob, "red-heart", "Red heart", "<red-heart>") == []


def test_a_different_name_is_no_look_alike(alice, bob, upload):
    upload(alice)
    assert find_lookalikes(bob, "blue-heart", "Blue heart", "<blue-heart>") == []
    assert find_lookalikes(bob, "***", "", "") == []


def test_a_new_title_is_compared_from_then_on(alice, bob, upload):
    embedding = upload(alice)
    services.update_embedding(embedding=embedding, title="Green leaf")
    assert find_lookalikes(bob, "x", "Grееn lеаf", "y") == [embedding]
    assert find_lookalikes(bob, "x", "Red heart", "y") == [embedding]  # by its name, which stays


def test_a_look_alike_is_a_warning_and_no_refusal(alice, bob, upload):
    upload(alice)
    upload(bob)
    assert Embedding.objects.count() == 2
