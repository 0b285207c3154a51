"""Requests that arrive at one time: of those that exclude each other one is done, of the others none is lost."""

from __future__ import annotations

import base64
import json

import pytest

from hub.accounts import models as accounts
from hub.accounts.models import ApiToken
from hub.webhooks import models as webhooks
from hub.webhooks.models import Webhook
from registry.models import Collection, Version
from tests.registry.samples import at_once, sd1_file

pytestmark = pytest.mark.django_db(transaction=True)


def statuses(answers):
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    return sorted(answer.status_code for answer in answers)


def commit(client, seed, parent=""):
    content = base64.b64encode(sd1_file(seed)).decode()
    lines = [
        {"key": "header", "value": {"summary": f"Numbers {seed}", "parentCommit": parent}},
        {"key": "file", "value": {"path": "koi.safetensors", "encoding": "base64", "content": content}},
    ]
    sent = "\n".join(json.dumps(line) for line in lines).encode()
    return client.generic("POST", "/api/models/alice/koi/commit/main", sent, content_type="application/x-ndjson")


def test_of_commits_on_one_parent_one_is_taken(api_as, alice):
    client = api_as(alice)
    made = at_once([lambda: client.post("/api/repos/create", {"name": "koi"}, format="json")] * 3)
    assert statuses(made) == [200, 409, 409]
    assert statuses(at_once([lambda seed=seed: commit(client, seed) for seed in range(3)])) == [200, 200, 200]
    assert list(Version.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]
    parent = client.get("/api/models/alice/koi").json()["sha"]
    answers = at_once([lambda seed=seed: commit(client, seed, parent) for seed in range(10, 13)])
    assert statuses(answers) == [200, 412, 412]
    assert Version.objects.count() == 4


def test_of_changes_of_one_state_one_is_done(api_as, alice, upload):
    upload(alice)
    client = api_as(alice)
    made = client.post("/api/hub/collections", {"title": "Fish"})["Location"]
    hook = client.post("/api/hub/webhooks", {"url": "https://example.org/", "events": ["published"]})["Location"]
    changes = {
        "/api/hub/embeddings/alice/red-heart": {"title": "{}"},
        made: {"title": "{}"},
        hook: {"url": "https://example.org/{}"},
    }
    for address, change in changes.items():
        tag = {"If-Match": client.get(address)["ETag"]}
        told = [{name: text.format(number) for name, text in change.items()} for number in range(3)]
        answers = at_once([lambda body=body: client.patch(address, body, headers=tag) for body in told])  # noqa: B023
        assert statuses(answers) == [200, 412, 412], address


def test_changes_of_different_fields_are_both_done(api_as, alice):
    client = api_as(alice)
    address = client.post("/api/hub/collections", {"title": "Fish"})["Location"]
    for number in range(5):
        changes = [{"title": f"Title {number}"}, {"description": f"Text {number}"}, {"visibility": "public"}]
        answers = at_once([lambda change=change: client.patch(address, change) for change in changes])
        assert statuses(answers) == [200, 200, 200]
        board = Collection.objects.get()
        assert (board.title, board.description) == (f"Title {number}", f"Text {number}")


def test_both_of_two_new_secrets_sign(alice):
    webhook, _ = Webhook.make(owner=alice, url="https://example.org/", events=["published"])
    copies = [Webhook.objects.get(pk=webhook.pk) for _ in range(2)]
    made = at_once([copy.rotate for copy in copies])
    assert {secret.decode() for secret in Webhook.objects.get().secrets()} == set(made)


def test_limits_hold_exactly(api_as, alice, monkeypatch):
    client = api_as(alice)  # the first of the tokens
    monkeypatch.setattr(accounts, "MAX_TOKENS", 2)
    monkeypatch.setattr(webhooks, "MAX_WEBHOOKS", 1)
    token = {"name": "x", "scopes": ["read"]}
    hook = {"url": "https://example.org/", "events": ["published"]}
    assert statuses(at_once([lambda: client.post("/api/hub/tokens", token)] * 4)) == [201, 409, 409, 409]
    assert statuses(at_once([lambda: client.post("/api/hub/webhooks", hook)] * 4)) == [201, 409, 409, 409]
    assert (ApiToken.objects.count(), Webhook.objects.count()) == (2, 1)
