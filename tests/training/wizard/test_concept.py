"""The word: how the base model reads it, what it starts from, and what every bad one is told."""

from __future__ import annotations

import pytest

from tests.training.wizard.conftest import drawings
from training.models import BaseModel
from training.wizard.reading import read, use_instead

pytestmark = pytest.mark.django_db
WORDS = {"kind": "object", "token": "<my-kite>", "initialiser": "thing", "vectors": "2", "name": ""}


@pytest.fixture
def draft(begin):
    return begin(drawings(3))


def test_a_token_is_shown_as_the_tokenizer_will_see_it(client, draft):
    page = client.post(f"/train/{draft.pk}/concept", WORDS | {"check": "1"}).content.decode()
    assert "1 new word." in page and "as 5 known pieces" in page
    assert "my-kite would be 3 known pieces" in page
    assert "is a word that Pocket knows already" not in page
    known = client.post(f"/train/{draft.pk}/concept", WORDS | {"token": "kite", "check": "1"}).content.decode()
    assert "kite is a word that Pocket knows already" in known


@pytest.mark.parametrize(("token", "told"), [("<my kite>", "holds a space"), ("<My-Kite>", "Write it in lower case")])
def test_a_token_that_will_be_refused_is_told_while_it_is_typed(client, draft, token, told):
    page = client.post(f"/train/{draft.pk}/concept", WORDS | {"token": token, "check": "1"}).content.decode()
    assert told in page and "1 new word." not in page
    refused = client.post(f"/train/{draft.pk}/concept", WORDS | {"token": token}).content.decode()
    assert refused.count(told) == 1


def test_words_are_looked_up_with_those_near_to_them(client, pocket, draft):
    reading = read(pocket, token="", initialiser="kite zzgrk")
    kite, unknown = reading.words
    assert kite.is_known and len(kite.neighbours) == 5 and "kite" not in {near.word for near in kite.neighbours}
    assert kite.neighbours[0].likeness >= kite.neighbours[-1].likeness > -1
    assert not unknown.is_known and unknown.neighbours == []
    page = client.post(
        f"/train/{draft.pk}/concept", WORDS | {"initialiser": "kite zzgrk", "check": "1"}
    ).content.decode()
    near = kite.neighbours[0].word
    assert f"Use {near} instead of kite" in page and "which mean little together" in page
    used = client.post(f"/train/{draft.pk}/concept", WORDS | {"initialiser": "kite zzgrk", "use": f"0 {near}"})
    assert f'value="{near} zzgrk"' in used.content.decode()
    assert draft.initialiser == ""  # nothing is kept of what was only looked at


@pytest.mark.parametrize("chosen", ["", "9 toy", "x toy", "0 <b>", "-1 toy", "0"])
def test_a_suggestion_that_makes_no_sense_changes_nothing(chosen):
    assert use_instead("red kite", chosen) == "red kite"


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"token": "kite"}, "token", "already a word"),
        ({"token": "<my kite>"}, "token", "space"),
        ({"token": "photo"}, "token", ""),
        ({"initialiser": ""}, "initialiser", "Give the initialiser words"),
        ({"vectors": "99"}, "vectors", "not offered"),
        ({"name": "Not A Name"}, "name", "cannot be used"),
        ({"token": "", "name": ""}, "token", "Give the placeholder token"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_what_was_typed_stays(client, draft, changes, field, told):
    answer = client.post(f"/train/{draft.pk}/concept", WORDS | changes)
    page = answer.content.decode()
    assert answer.status_code == 422 and f'id="id_{field}_error"' in page and told in page
    draft.refresh_from_db()
    assert draft.token == ""


def test_captions_hold_the_place_of_the_word_and_those_left_out_are_plain(client, draft):
    first = draft.images.first()
    wrong = client.post(f"/train/{draft.pk}/concept", WORDS | {f"caption-{first.pk}": "a red carpet"})
    assert wrong.status_code == 422 and "Write {} where the new word goes." in wrong.content.decode()
    assert client.post(f"/train/{draft.pk}/concept", WORDS | {f"caption-{first.pk}": "{} on red"}).status_code == 302
    assert [image.caption for image in draft.images.all()] == ["{} on red", "a photo of {}", "a photo of {}"]
    client.post(f"/train/{draft.pk}/concept", WORDS)
    assert [image.caption for image in draft.images.all()] == ["", "", ""]


def test_a_name_is_made_of_the_token_unless_one_is_given(client, draft):
    client.post(f"/train/{draft.pk}/concept", WORDS | {"token": "<Ünö>".lower()})
    draft.refresh_from_db()
    assert draft.name == "uno"
    answer = client.post(f"/train/{draft.pk}/concept", WORDS | {"token": "<龍の火>"})
    assert answer.status_code == 422 and "Nothing of the token could stand in an address" in answer.content.decode()


def test_a_base_model_that_is_elsewhere_is_said_to_be(client, draft):
    BaseModel.objects.update(source="/nowhere/at/all", slug="far", title="Far")
    page = client.post(f"/train/{draft.pk}/concept", WORDS | {"check": "1"}).content.decode()
    assert "The files of Far are not on this machine" in page and "cannot be told here" in page
