"""ETags: 304 for what is known, 412 for a change of what somebody else changed meanwhile."""

from __future__ import annotations

import pytest

from hub.webhooks.models import Webhook
from registry.services import upload_embedding
from tests.registry import samples

pytestmark = pytest.mark.django_db


def test_what_is_known_is_not_sent_again_until_it_changes(api_as, api, alice):
    client = api_as(alice)
    for path in ("/api/hub/me", "/api/hub/tokens", "/api/hub/embeddings"):
        first = client.get(path)
        known = client.get(path, headers={"If-None-Match": first["ETag"]})
        assert (first.status_code, known.status_code, known.content) == (200, 304, b"")
        assert known["ETag"] == first["ETag"] and "RateLimit" in known
        assert first["Cache-Control"] == "private, no-cache"
        assert {"Authorization", "Cookie"} <= {name.strip() for name in first["Vary"].split(",")}
    tag = client.get("/api/hub/collections")["ETag"]
    client.post("/api/hub/collections", {"title": "x"})
    assert client.get("/api/hub/collections", headers={"If-None-Match": tag}).status_code == 200
    assert "ETag" not in api.get("/api/hub/me")


@pytest.fixture
def address(api_as, alice):
    made = api_as(alice).post("/api/hub/webhooks", {"url": "https://example.org/", "events": ["published"]})
    return made["Location"]


def test_a_change_of_what_was_changed_meanwhile_is_refused(api_as, alice, address):
    client = api_as(alice)
    tag = client.get(address)["ETag"]
    assert client.patch(address, {"active": False}, headers={"If-Match": f'"other", {tag}'}).status_code == 200
    for change in (client.patch, client.delete):
        refused = change(address, {"active": True}, headers={"If-Match": tag})
        assert (refused.status_code, refused.json()["error"]["code"]) == (412, "changed")
    assert not Webhook.objects.get().active
    assert client.patch(address, {"active": True}, headers={"If-Match": "*"}).status_code == 200
    assert client.delete(address, headers={"If-Match": client.get(address)["ETag"]}).status_code == 204


def test_an_embedding_and_a_collection_are_guarded_alike(api_as, alice):
    upload_embedding(
        owner=alice, filename="x.safetensors", data=samples.sd1_file(), name="koi", title="Koi", token="<koi>",
        kind="object", base="sd1", license="cc0-1.0", visibility="public",
    )  # fmt: skip
    client = api_as(alice)
    made = client.post("/api/hub/collections", {"title": "Fish"})
    for guarded in ("/api/hub/embeddings/alice/koi", made["Location"]):
        tag = {"If-Match": client.get(guarded)["ETag"]}
        assert client.patch(guarded, {"title": "Carp"}, headers=tag).status_code == 200
        assert client.patch(guarded, {"title": "Cod"}, headers=tag).status_code == 412
        assert client.delete(guarded, headers=tag).status_code == 412
        assert client.get(guarded).json()["title"] == "Carp"
        assert client.delete(guarded, headers={"If-Match": client.get(guarded)["ETag"]}).status_code == 204
