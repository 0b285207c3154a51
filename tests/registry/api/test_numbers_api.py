"""What is computed from the numbers, over the API."""

from __future__ import annotations

from tests.registry.samples import sd1_file


def test_similar_embeddings_come_whole_with_their_cosines(api, alice, upload):
    upload(alice, "own")
    upload(alice, "copy", data=sd1_file())
    upload(alice, "hidden", data=sd1_file(), visibility="private")
    answer = api.get("/api/hub/embeddings/alice/own/similar").json()
    (found,) = answer["results"]
    assert answer["next"] is None and found["nearly_the_same"] and found["cosine"] > 0.999
    assert found["embedding"]["name"] == "copy" and found["embedding"]["versions"][0]["files"]


def test_a_limit_that_makes_no_sense_is_refused(api, alice, upload):
    upload(alice, "own")
    for limit in ("0", "25", "many"):
        assert api.get("/api/hub/embeddings/alice/own/similar", {"limit": limit}).status_code == 400
