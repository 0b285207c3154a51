"""What an embedding's page tells beside the embedding: its likes, why it is hidden, its changes, its uses."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.collections.services import create_collection, put_item
from registry.formats import NamedFile
from registry.moderation.services import hide
from registry.services import add_version, like
from tests.registry.samples import sd1_file

pytestmark = pytest.mark.django_db

KOI = "/api/hub/embeddings/alice/koi"


def add(embedding, seed, rows=2, **fields):
    add_version(embedding=embedding, files=[NamedFile("x.safetensors", sd1_file(seed, rows))], **fields)


def cost(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_whether_one_likes_it_can_be_asked_without_changing_it(api, api_as, alice, bob, upload):
    like(user=bob, embedding=upload(alice, "koi"))
    assert api.get(f"{KOI}/like").json() == {"liked": False, "likes": 1}
    assert api_as(bob).get(f"{KOI}/like").json() == {"liked": True, "likes": 1}
    assert api_as(alice).get(f"{KOI}/like").json() == {"liked": False, "likes": 1}


def test_an_owner_hears_why_it_is_hidden_and_nobody_else(api, api_as, alice, sam, upload):
    embedding = upload(alice, "koi")
    assert api.get(KOI).json()["hidden"] is None
    hide(embedding=embedding, by=sam, reason="rights", text="It is somebody else's.")
    told = api_as(alice).get(KOI).json()["hidden"]
    assert (told["reason"], told["text"]) == ("rights", "It is somebody else's.") and told["since"]
    assert api.get(KOI).status_code == 404


def test_changes_are_those_of_the_page(api, alice, upload):
    embedding = upload(alice, "koi", data=sd1_file(1, 2), receipt={"steps": 500, "base": {"fingerprint": "a"}})
    add(embedding, 2, 4, receipt={"steps": 900, "base": {"fingerprint": "b"}})
    answer = api.get(f"{KOI}/changes").json()
    second, first = answer["results"]
    assert answer["next"] is None and (second["version"], second["before"], first["before"]) == (2, 1, None)
    assert second["vectors"] == {"before": 2, "now": 4} and second["steps"] == {"before": 500, "now": 900}
    assert -1 < second["cosine"] < 1 and second["other_base"] and second["images"] is None
    assert (first["vectors"], first["cosine"], first["other_base"]) == (None, None, False)


def test_uses_name_a_file_that_there_is_and_text_for_it(api, api_as, alice, upload):
    add(upload(alice, "koi"), 1)
    files = {
        (file["target"], file["filename"]) for version in api.get(KOI).json()["versions"] for file in version["files"]
    }
    for number in (1, 2):
        told = api.get(f"{KOI}/uses", {"version": number}).json()
        assert told["version"] == number and {use["tool"] for use in told["results"]} >= {
            "diffusers",
            "ComfyUI",
            "curl",
        }
        assert {(use["target"], use["filename"]) for use in told["results"]} <= files
        curl = next(use for use in told["results"] if use["tool"] == "curl")
        assert f"http://testserver/alice/koi/v{number}/canonical" in curl["code"] and not curl["needs_token"]
    assert api.get(f"{KOI}/uses").json()["version"] == 2
    assert api.get(f"{KOI}/uses", {"version": 3}).status_code == 404
    alice.embeddings.update(visibility="private")
    private = api_as(alice).get(f"{KOI}/uses").json()["results"]
    assert any(use["needs_token"] and "STARWORD_TOKEN" in use["code"] for use in private)


def test_both_cost_as_many_statements_for_many_versions(api, alice, upload):
    embedding = upload(alice, "koi")
    few = [cost(api, f"{KOI}/{what}") for what in ("changes", "uses")]
    for seed in range(1, 6):
        add(embedding, seed)
    assert [cost(api, f"{KOI}/{what}") for what in ("changes", "uses")] == few


def test_the_collections_that_hold_an_embedding_are_those_whose_reader_finds_it_there(api, api_as, alice, bob, upload):
    koi, secret = upload(alice, "koi"), upload(alice, "secret", seed=1, visibility="unlisted")
    for owner, title, visibility in ((alice, "Hers", "private"), (bob, "His", "public"), (bob, "Other", "public")):
        board = create_collection(owner=owner, title=title, visibility=visibility)
        for embedding in (koi, secret):
            if title != "Other":
                put_item(collection=board, embedding=embedding)

    def holding(client, embedding):
        found = client.get("/api/hub/collections", {"embedding": embedding.pk}).json()["results"]
        return {board["title"]: board["count"] for board in found}

    assert (holding(api, koi), holding(api, secret)) == ({"His": 1}, {})
    assert (holding(api_as(alice), koi), holding(api_as(alice), secret)) == (
        {"Hers": 2, "His": 2},
        {"Hers": 2, "His": 2},
    )
    assert holding(api_as(bob), secret) == {"His": 1}
    assert api.get("/api/hub/collections", {"embedding": 2**31}).status_code == 400
