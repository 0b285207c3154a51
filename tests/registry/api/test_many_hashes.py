"""Looking up many hashes with one request."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db


def test_many_hashes_cost_as_many_queries_as_few_and_find_what_each_alone_finds(
    api, api_as, alice, upload, django_assert_num_queries
):
    versions = [upload(alice, f"word-{number}", seed=number).latest for number in range(3)]
    hidden = upload(alice, "hidden-one", visibility="private", seed=9).latest.files.first().sha256
    whole = [version.files.first().sha256 for version in versions]
    begun = [value[:10] for value in whole] + [versions[0].files.first().crc32]
    asked = [*whole, *begun, hidden, "f" * 64, "e3b0c442", whole[0].upper()]
    answer = api.post("/api/hub/hashes", {"hashes": asked}).json()
    found = {entry["hash"]: entry for entry in answer["results"]}
    assert list(found) == [*whole, *begun] and answer["taken_down"] == []
    assert answer["not_found"] == [hidden, "f" * 64, "e3b0c442"]
    for value in found:
        alone = api.get(f"/api/hub/hashes/{value}").json()
        assert found[value] == {"hash": value, "unique": alone["unique"], "matches": alone["results"]}
    assert hidden in str(api_as(alice).post("/api/hub/hashes", {"hashes": [hidden]}).json()["results"])
    for values in (whole + begun, whole[:1] + begun[:1]):
        with django_assert_num_queries(1 + 2 + 2):
            api.post("/api/hub/hashes", {"hashes": values})


@pytest.mark.parametrize(
    "hashes",
    [[], ["x" * 10], ["abc"], ["0" * 65], [None], "0" * 64, ["0" * 64] * 1_001],
    ids=lambda value: str(value)[:12],
)
def test_hashes_that_make_no_sense_are_refused(api, db, hashes):
    answer = api.post("/api/hub/hashes", {"hashes": hashes})
    assert answer.status_code == 400 and list(answer.json()["error"]["fields"]) == ["hashes"]


def test_what_is_no_hash_is_named_among_the_others(api):
    answer = api.post("/api/hub/hashes", {"hashes": ["0" * 10, "kite.pt", "1" * 10]})
    assert answer.json()["error"]["message"].startswith("hashes: “kite.pt” is no hash")
