"""Look-ups by hash, of one file and of many."""

from __future__ import annotations

import pytest

from registry.formats import hashes
from registry.models import File, Hash
from tests.registry.protocols.civitai.shapes import API, body, local


def test_lookups_by_hash(api, alice, bob, upload, catalogue, files):
    heart = catalogue["heart"]
    own = heart.latest.blob
    for value in (
        own,
        own.upper(),
        own[:10],
        own[:12],
        hashes.autov3(files["heart"]),
        hashes.blake3_hex(files["heart"]),
        hashes.crc32(files["heart"]),
    ):
        found = api.get(f"{API}/model-versions/by-hash/{value}").json()
        assert (found["id"], found["modelId"]) == (heart.latest.pk, heart.pk)
        assert [file["primary"] for file in found["files"]] == [True, False]
    # Who has the whole hash has the file; a beginning finds what lists show.
    unlisted = catalogue["unlisted"].latest.blob
    assert api.get(f"{API}/model-versions/by-hash/{unlisted}").status_code == 200
    assert api.get(f"{API}/model-versions/by-hash/{unlisted[:12]}").status_code == 404
    assert api.get(f"{API}/model-versions/by-hash/{hashes.sha256(b'')}").status_code == 404
    # The same file uploaded again leads to who had it first; other numbers under the same beginning to nobody.
    upload(bob, "copy", title="Copy", data=files["heart"])
    assert api.get(f"{API}/model-versions/by-hash/{own}").json()["modelId"] == heart.pk
    Hash.objects.create(version=catalogue["big"].latest, kind="sha256", value=own[:10] + "0" * 54)
    assert api.get(f"{API}/model-versions/by-hash/{own[:10]}").status_code == 404


@pytest.mark.parametrize("target", ["a1111-pt", "diffusers", "diffusers-bin", "canonical"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_file_that_somebody_has_is_the_primary_one(api, heart, target, dtype):
    row = File.objects.get(version=heart.latest, target=target, dtype=dtype)
    (posted,) = api.post(f"{API}/model-versions/by-hash", [row.sha256.upper()], format="json").json()
    got = api.get(f"{API}/model-versions/by-hash/{row.sha256}").json()
    assert posted == got
    (primary,) = [file for file in got["files"] if file["primary"]]
    assert primary == got["files"][0] and primary["hashes"]["SHA256"] == row.sha256.upper()
    sent = api.get(local(api.get(local(primary["downloadUrl"]))["Location"]))
    assert hashes.sha256(body(sent)) == row.sha256


def test_many_hashes_at_once(api, catalogue):
    own = [catalogue[name].latest.blob for name in ("big", "heart", "unlisted", "private")]
    asked = [own[0].upper(), "0" * 64, *own[1:], own[0], hashes.sha256(b"")]
    found = api.post(f"{API}/model-versions/by-hash", asked, format="json").json()
    assert [item["model"]["name"] for item in found] == ["Big one", "Red heart", "Hidden"]
    ids = api.post(f"{API}/model-versions/by-hash/ids", asked, format="json").json()
    expected = {"modelVersionId": catalogue["big"].latest.pk, "modelId": catalogue["big"].pk, "hash": own[0].upper()}
    assert ids[0] == expected and len(ids) == 3
    for bad in ({}, ["abc"], [1], "x", [["0" * 64]], ["0" * 64] * 101):
        answer = api.post(f"{API}/model-versions/by-hash", bad, format="json")
        assert answer.status_code == 400 and isinstance(answer.json()["error"], str)
    assert api.post(f"{API}/model-versions/by-hash/ids", ["0" * 64] * 10_001, format="json").status_code == 400
    assert api.post(f"{API}/model-versions/by-hash", "[", content_type="application/json").status_code == 400
    deep = api.post(f"{API}/model-versions/by-hash", "[" * 100_000, content_type="application/json")
    assert deep.status_code == 400
    large = "[" + " " * 2**21 + "]"
    assert api.post(f"{API}/model-versions/by-hash", large, content_type="application/json").status_code == 413
