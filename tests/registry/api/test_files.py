"""Downloads, likes, inspection and hashes over the native API."""

from __future__ import annotations

import io

import pytest

from registry.formats import hashes, inspect, safetensors, targets_for
from registry.models import Embedding, Hash
from tests.registry.samples import sd1_file, sdxl_file, vectors

AT = "/api/hub/embeddings/alice/red-heart"


def body_of(answer):
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize("target", [*targets_for(inspect(sd1_file()).encoders), "safetensors"])
def test_each_format_downloads_for_everyone(api, alice, upload, target):
    upload(alice)
    answer = api.get(f"{AT}/download", {"format": str(target)}, headers={"Accept": "application/octet-stream"})
    assert answer.status_code == 200
    assert inspect(body_of(answer)).digest == inspect(sd1_file()).digest
    assert Embedding.objects.get().downloads == 1


def test_a_download_without_parameters_is_the_newest_canonical_file(api, api_as, alice, upload):
    upload(alice)
    newer = io.BytesIO(sd1_file(8))
    newer.name = "b.safetensors"
    api_as(alice).post(f"{AT}/versions", {"file": newer}, format="multipart")
    assert body_of(api.get(f"{AT}/download")) == sd1_file(8)
    assert body_of(api.get(f"{AT}/download", {"version": 1})) == sd1_file()


def test_a_download_in_float16_is_half_as_large(api, alice, upload):
    upload(alice)
    whole, half = (body_of(api.get(f"{AT}/download", {"dtype": dtype})) for dtype in ("float32", "float16"))
    assert len(half) < len(whole) * 0.6
    (encoder,) = inspect(half).encoders
    assert (encoder.dtype, encoder.vectors.tolist()) == ("F16", vectors().astype("float16").astype("float32").tolist())


def test_ranges_etags_and_head_work(api, alice, upload):
    upload(alice)
    head = api.head(f"{AT}/download")
    assert (head.status_code, head["Content-Length"]) == (200, str(len(sd1_file())))
    part = api.get(f"{AT}/download", headers={"Range": "bytes=10-19"})
    assert (part.status_code, body_of(part)) == (206, sd1_file()[10:20])
    assert api.get(f"{AT}/download", headers={"If-None-Match": head["ETag"]}).status_code == 304
    assert api.get(f"{AT}/download", headers={"Range": "bytes=99999999-"}).status_code == 416
    for asked in ("bytes=10-19", "bytes=99999999-"):  # means nothing for HEAD, which tells of the whole
        whole = api.head(f"{AT}/download", headers={"Range": asked})
        assert (whole.status_code, whole["Content-Length"]) == (200, head["Content-Length"])
        assert "Content-Range" not in whole
    assert Embedding.objects.get().downloads == 0


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"format": "onnx"}, 400),
        ({"format": "diffusers-sdxl"}, 400),
        ({"dtype": "int8"}, 400),
        ({"version": 7}, 404),
        ({"version": "x"}, 400),
        ({"version": 2**40}, 400),
        ({"file": "x.pt"}, 400),
    ],
)
def test_what_cannot_be_downloaded_says_so_in_the_one_shape(api, alice, upload, asked, status):
    upload(alice)
    answer = api.get(f"{AT}/download", asked)
    assert answer.status_code == status
    assert set(answer.json()["error"]) >= {"code", "message"}


def test_a_private_file_is_for_its_owner_and_staff(api, api_as, alice, bob, sam, upload):
    upload(alice, visibility="private")
    statuses = [client.get(f"{AT}/download").status_code for client in (api, api_as(bob), api_as(alice), api_as(sam))]
    assert statuses == [404, 404, 200, 200]
    assert api_as(alice, ["write"]).get(f"{AT}/download").status_code == 403


def test_liking_is_idempotent_and_can_be_taken_back(api, api_as, alice, bob, upload):
    upload(alice)
    client = api_as(bob)
    assert client.post(f"{AT}/like").json() == {"liked": True, "likes": 1}
    assert client.post(f"{AT}/like").json() == {"liked": True, "likes": 1}
    assert api_as(alice).post(f"{AT}/like").json() == {"liked": True, "likes": 2}
    assert client.delete(f"{AT}/like").json() == {"liked": False, "likes": 1}
    assert client.delete(f"{AT}/like").json() == {"liked": False, "likes": 1}
    assert api.post(f"{AT}/like").status_code == 401
    assert api_as(bob, ["read"]).post(f"{AT}/like").status_code == 403


def test_what_may_not_be_seen_cannot_be_liked(api_as, alice, bob, upload):
    upload(alice, visibility="private")
    assert api_as(bob).post(f"{AT}/like").status_code == 404
    assert Embedding.objects.get().likes == 0


def inspected(client, data, name="mine.safetensors"):
    file = io.BytesIO(data)
    file.name = name
    return client.post("/api/hub/inspect", {"file": file}, format="multipart")


def test_inspecting_tells_what_a_file_holds_and_stores_nothing(api_as, alice):
    answer = inspected(api_as(alice), sdxl_file())
    assert answer.status_code == 200
    body = answer.json()
    assert (body["file"], body["container"], body["vectors"]) == ("mine.safetensors", "safetensors", 2)
    assert {encoder["name"]: encoder["shape"] for encoder in body["encoders"]} == {
        "clip_l": [2, 768],
        "clip_g": [2, 1280],
    }
    assert [candidate["base"] for candidate in body["bases"]] == ["sdxl"]
    assert body["bases"][0]["reason"]
    assert body["sha256"] == hashes.sha256(sdxl_file())
    assert set(body) >= {"layout", "tokens", "warnings", "digest"}
    assert body["duplicates"] == []
    assert not Embedding.objects.exists()


def test_inspecting_names_what_is_here_already(api_as, bob, alice, upload):
    upload(alice)
    upload(alice, "secret-one", visibility="private")
    assert inspected(api_as(bob), sd1_file()).json()["duplicates"] == [
        {"owner": "alice", "name": "red-heart", "version": 1, "rounded": ""}
    ]


def test_inspecting_a_bad_file_says_what_is_wrong(api, db):
    answer = inspected(api, sd1_file()[:-1], "cut.safetensors")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "truncated"
    assert answer.json()["error"]["message"].startswith("cut.safetensors: ")


def test_inspecting_tells_of_a_rounded_copy(api, alice, upload):
    upload(alice)
    half = safetensors.write({"emb_params": vectors().astype("float16").astype("float32")}, None)
    assert inspected(api, half).json()["duplicates"] == [
        {"owner": "alice", "name": "red-heart", "version": 1, "rounded": "float16"}
    ]


def found(client, value):
    answer = client.get(f"/api/hub/hashes/{value}")
    return answer.status_code, [match["name"] for match in answer.json().get("results", [])]


def test_every_file_is_found_by_its_hash_or_the_beginning_of_it(api, alice, upload):
    upload(alice)
    upload(alice, "other-one", seed=1)
    for file in Embedding.objects.get(name="red-heart").latest.files.all():
        for length in (8, 10, 12, 64):
            assert found(api, file.sha256[:length]) == (200, ["red-heart"])
        assert found(api, file.sha256.upper()) == (200, ["red-heart"])
    canonical = Embedding.objects.get(name="red-heart").latest.files.get(target="canonical", dtype="float32")
    body = api.get(f"/api/hub/hashes/{canonical.sha256}").json()
    assert body["unique"] is True
    (match,) = body["results"]
    assert (match["owner"], match["version"], match["url"][-15:]) == ("alice", 1, "alice/red-heart")
    assert (match["matched"], match["uploaded"]) == (["sha256"], True)  # it was uploaded in canonical form
    assert {"target": "canonical", "dtype": "float32"}.items() <= match["files"][0].items()
    assert match["files"][0]["blake3"] == canonical.blake3


def test_hidden_files_are_found_by_who_may_know_of_them(api, api_as, alice, bob, upload):
    hidden = upload(alice, "hidden-one", visibility="private").latest.blob
    unlisted = upload(alice, "unlisted-one", visibility="unlisted", seed=1).latest.blob
    for client in (api, api_as(bob)):
        assert found(client, hidden)[0] == 404
        assert found(client, hidden[:12])[0] == 404
        assert found(client, unlisted)[0] == 200  # who has the whole hash has the file
        assert found(client, unlisted[:12])[0] == 404
    assert found(api_as(alice), hidden[:12])[0] == 200
    assert found(api_as(alice), unlisted[:12])[0] == 200


def test_digits_that_are_too_few_are_answered_with_the_candidates(api, alice, bob, upload):
    for owner, seed in ((alice, 0), (bob, 1)):
        version = upload(owner, seed=seed).latest
        Hash.objects.create(version=version, kind="blake3", value="12345678" + f"{seed}" * 56)
    body = api.get("/api/hub/hashes/12345678").json()
    assert (body["unique"], [match["owner"] for match in body["results"]]) == (False, ["alice", "bob"])
    assert api.get("/api/hub/hashes/123456781").json()["unique"] is True


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("abc", 400),
        ("g" * 64, 400),
        ("a" * 65, 400),
        ("a" * 64, 404),
        ("0" * 8, 404),
        ("e3b0c442", 404),
        ("e3b0c44298fc", 404),
    ],
)
def test_a_hash_that_is_none_or_unknown_says_so(api, alice, upload, value, status):
    upload(alice)
    answer = api.get(f"/api/hub/hashes/{value}")
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == ("bad_hash" if status == 400 else "not_found")
