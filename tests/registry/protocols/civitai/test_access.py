"""Who may see and fetch what: by numbers, tokens, signed addresses, and after it was taken down."""

from __future__ import annotations

import time

from django.core import signing

from hub.accounts.models import ApiToken
from registry import services
from registry.models import Embedding, File, Version
from registry.moderation.services import hide, take_down
from registry.protocols.civitai import addresses
from tests.registry.protocols.civitai.shapes import API, local, names


def test_hidden_things_are_not_found_by_their_numbers(api, api_as, alice, bob, catalogue):
    for name in ("private", "unlisted"):
        embedding = catalogue[name]
        for path in (f"{API}/models/{embedding.pk}", f"{API}/model-versions/{embedding.latest.pk}"):
            assert api.get(path).status_code == api_as(bob).get(path).status_code == 404
            assert api_as(alice).get(path).status_code == 200
        download = f"/api/download/models/{embedding.latest.pk}"
        assert api.get(download).status_code == 404 and api_as(alice).get(download).status_code == 307
        assert api.get(f"{API}/images", {"modelId": embedding.pk, "nsfw": "X"}).json()["items"] == []
    answer = api_as(alice).get(f"{API}/models/{catalogue['private'].pk}")
    assert answer.json()["availability"] == "Private" and "public" not in answer["Cache-Control"]
    assert len(names(api_as(alice), username="alice")) == 4


def test_a_number_is_one_thing(api, catalogue):
    models = {embedding.pk for embedding in catalogue.values()}
    versions = set(Version.objects.values_list("pk", flat=True))
    assert not models & versions
    heart = catalogue["heart"]
    assert api.get(f"{API}/models/{heart.latest.pk}").status_code == 404
    assert api.get(f"{API}/model-versions/{heart.pk}").status_code == 404
    # A file's number is asked for with its version; one of another version, or a picture's, is no file of it.
    other = File.objects.filter(version__embedding=catalogue["big"]).first()
    assert api.get(f"/api/download/models/{heart.latest.pk}?fileId={other.pk}").status_code == 404


def test_a_token_is_taken_as_header_and_parameter_and_other_keys_are_nobodys(api, alice, catalogue):
    token, secret = ApiToken.issue(owner=alice, name="t", scopes=["read"])
    path = f"{API}/models/{catalogue['private'].pk}"
    assert api.get(path, {"token": secret}).status_code == 200
    assert api.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    for sent in ("Bearer 0123456789abcdef0123456789abcdef", "Bearer ", "Bearer", "Basic YTpi"):
        assert api.get(path, headers={"Authorization": sent}).status_code == 404
        assert api.get(f"{API}/models", headers={"Authorization": sent}).status_code == 200
    token.delete()
    answer = api.get(path, {"token": secret})
    assert answer.status_code == 401 and "revoked" in answer.json()["error"]
    _, writing = ApiToken.issue(owner=alice, name="w", scopes=["write"])
    assert api.get(f"{API}/models", {"token": writing}).status_code == 403


def test_what_was_taken_down_is_gone_with_its_mode(api, api_as, sam, alice, heart, catalogue):
    sha256 = heart.latest.blob
    version = heart.latest.pk
    pk = heart.pk
    hide(by=sam, embedding=catalogue["big"], reason="spam", text="Spam.")
    take_down(by=sam, embedding=heart, reason="spam", text="Spam.")
    assert api.get(f"{API}/models/{catalogue['big'].pk}").status_code == 404
    for path in (f"{API}/models/{pk}", f"{API}/model-versions/by-hash/{sha256.upper()}"):
        answer = api.get(path)
        assert answer.status_code == 410
        assert answer.json()["mode"] == "TakenDown" and answer.json()["tombstone"]["id"] == pk
        assert "not found" in answer.json()["error"]
    assert api.get(f"/api/download/models/{version}").status_code == 404
    take_down(by=sam, embedding=catalogue["private"], reason="spam", text="Spam.")
    gone = f"{API}/models/{catalogue['private'].pk}"
    assert api.get(gone).status_code == 404 and api_as(alice).get(gone).status_code == 410


def test_signed_addresses_are_of_one_file_one_reader_and_some_minutes(
    api, api_as, alice, bob, sam, catalogue, monkeypatch
):
    private = catalogue["private"]
    download = f"/api/download/models/{private.latest.pk}"
    address = local(api_as(alice).get(download)["Location"])
    assert api.get(address).status_code == 200
    assert Embedding.objects.get(pk=private.pk).downloads == 1
    for forged in (
        address.replace(".safetensors", ".exe"),
        address.replace("/files/", "/files/x"),
        address.replace("private-one", "ugly"),
    ):
        assert api.get(forged).status_code in (403, 404)
    for made_up in ("%00", "x:y:z", "é", "a" * 3000, signing.dumps([1], salt="other")):
        assert api.get(f"/api/download/files/{made_up}/x.pt").status_code == 403
        assert api.get(f"/api/download/pictures/{made_up}.webp").status_code == 403
    # It is good for who asked, and no longer when they may not see it.
    shared = local(api_as(bob).get(f"/api/download/models/{catalogue['heart'].latest.pk}")["Location"])
    services.update_embedding(embedding=catalogue["heart"], visibility="private")
    assert api.get(shared).status_code == 404
    alice.is_active = False
    alice.save()
    assert api.get(address).status_code == 404
    later = time.time() + addresses.SECONDS + 1
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    answer = api.get(address)
    assert answer.status_code == 403 and "15 minutes old" in answer.json()["error"]
