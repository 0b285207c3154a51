"""``POST infotext``: which embeddings a picture was made with, and how each was recognised."""

from __future__ import annotations

import pytest

from registry.formats import hashes
from registry.infotext import MAX_CHARACTERS, MAX_REFERENCES, MAX_VALUES
from tests.registry.samples import vectors

AT = "/api/hub/infotext"


def asked(client, text):
    answer = client.post(AT, {"text": text}, format="json")
    assert answer.status_code == 200, answer.content
    body = answer.json()
    found = [
        (item["name"], item["recognised"], [match["owner"] for match in item["matches"]]) for item in body["embeddings"]
    ]
    return found, body["not_found"]


@pytest.fixture
def koi(alice, upload):
    return upload(alice, "koi-fish").latest


def test_a_picture_made_with_a_downloaded_file_leads_to_its_page(api, koi):
    for file in koi.files.all():
        text = f'a koi\nSteps: 20, Seed: 1, TI hashes: "renamed: {file.sha256[:12]}, gone: 0123456789ab", Version: v1.6'
        assert asked(api, text) == ([("renamed", "sha256", ["alice"]), ("gone", "", [])], ["gone"])


def test_every_way_of_naming_is_answered_with_how_it_was_recognised(api, koi):
    checksum = hashes.checksum16(vectors())
    short = koi.blob[:10]
    assert asked(api, f'Hashes: {{"embed:x": "{short}", "model": "{short}"}}')[0] == [("x", "sha256", ["alice"])]
    assert asked(api, f"Used embeddings: koi-fish [{checksum}]")[0] == [("koi-fish", "checksum", ["alice"])]
    assert asked(api, "a photo of embedding:Koi-Fish.pt")[0] == [("Koi-Fish", "name", ["alice"])]


def test_a_checksum_alone_says_nothing(api, koi):
    checksum = hashes.checksum16(vectors())
    assert asked(api, f"Used embeddings: other-name [{checksum}]") == ([("other-name", "", [])], ["other-name"])
    wrong = f"{int(checksum, 16) ^ 1:04x}"
    assert asked(api, f"Used embeddings: koi-fish [{wrong}]")[0] == [("koi-fish", "name", ["alice"])]


def test_the_answer_says_what_and_where(api, koi):
    text = f'TI hashes: "koi: {koi.blob[:12]}"\nembedding:koi'
    (item,) = api.post(AT, {"text": text}, format="json").json()["embeddings"]
    assert (item["found"], item["unique"], item["hashes"], item["sources"]) == (
        True,
        True,
        [koi.blob[:12]],
        ["ti_hashes", "prompt"],
    )
    (match,) = item["matches"]
    assert (match["name"], match["token"], match["version"], match["base"]) == ("koi-fish", "<koi-fish>", 1, "sd1")
    assert match["url"].endswith("/alice/koi-fish")
    assert "canonical" in {file["target"] for file in match["files"]}


def test_of_several_with_one_name_the_hash_tells_which(api, alice, bob, upload, koi):
    theirs = upload(bob, "koi-fish", seed=4).latest
    assert asked(api, "embedding:koi-fish")[0] == [("koi-fish", "name", ["alice", "bob"])]
    assert asked(api, f'TI hashes: "koi-fish: {theirs.blob[:12]}"')[0] == [("koi-fish", "sha256", ["bob"])]


def test_hashes_of_nothing_are_not_recognised(api, koi):
    assert asked(api, 'TI hashes: "x: e3b0c44298fc"')[0] == [("x", "", [])]


def test_only_what_the_asker_may_see_is_named(api, api_as, alice, bob, upload):
    hidden = upload(alice, "hidden-one", visibility="private").latest
    text = f'TI hashes: "hidden-one: {hidden.blob[:12]}"\nUsed embeddings: hidden-one [{hashes.checksum16(vectors())}]'
    for client in (api, api_as(bob)):
        assert asked(client, text)[0] == [("hidden-one", "", [])]
    assert asked(api_as(alice), text)[0] == [("hidden-one", "sha256", ["alice"])]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid"),
        ({"text": ""}, "invalid"),
        ({"text": "a" * (MAX_CHARACTERS + 1)}, "invalid"),
        ({"text": " ".join(f"embedding:w{n}" for n in range(MAX_REFERENCES + 1))}, "too_many"),
        ({"text": f'TI hashes: "{", ".join(f"a: {n:08x}" for n in range(MAX_VALUES + 1))}"'}, "too_many"),
        ({"text": ["a"]}, "invalid"),
    ],
    ids=["none", "empty", "long", "many", "many hashes", "list"],
)
def test_what_cannot_be_read_is_refused(api, db, body, code):
    answer = api.post(AT, body, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert list(answer.json()["error"]["fields"]) == ["text"]


def test_a_text_without_embeddings_names_none(api, db):
    assert asked(api, "just a prompt\nSteps: 20") == ([], [])


def test_many_names_and_hashes_cost_as_many_queries_as_one(api, koi, alice, bob, upload, django_assert_num_queries):
    checksum = hashes.checksum16(vectors())

    def text(count):
        other = ", ".join(f"w{number}: {number:012x}" for number in range(count))
        used = ", ".join(f"koi-fish-{number} [{checksum}]" for number in range(count))
        return f'TI hashes: "koi-fish: {koi.blob[:12]}, {other}"\nUsed embeddings: koi-fish [{checksum}], {used}'

    for count in (1, 30):
        upload(bob, f"koi-fish-{count - 1}", seed=count)
        # The throttle, what begins so with its files, what is called so with newest versions and files, checksums with files.
        with django_assert_num_queries(1 + 2 + 3 + 2):
            found, _ = asked(api, text(count))
        assert found[0] == ("koi-fish", "sha256", ["alice"])
        assert found[-1] == (f"koi-fish-{count - 1}", "name", ["bob"])
