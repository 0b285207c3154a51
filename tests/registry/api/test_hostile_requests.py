"""What no client means to send is refused with a sentence, in every dialect: nothing of it reaches a 500."""

from __future__ import annotations

import base64
import json
from itertools import product
from urllib.parse import urlencode

import pytest
from django.test import RequestFactory

from hub.charset import only_utf8
from hub.webhooks.models import Webhook

pytestmark = pytest.mark.django_db

DEEP = "[" * 50_000 + "]" * 50_000
#: Half of a character in every place that a refusal may repeat.
HALVES = json.dumps(
    {"\ud800": 1, "events": ["\ud800"], "scopes": ["\ud800"], "url": "https://example.org/"}
    | dict.fromkeys(("name", "visibility", "kind", "reason", "content", "type", "files", "token", "title"), "\ud800")
)
NUMBERS = json.dumps({"ids": [10**30, -(10**30)], "position": 10**30, "seed": 10**30, "steps": 10**30})


@pytest.fixture
def hub(api_as, alice, upload):
    """Alice's token, and an address of each route that reads JSON."""
    upload(alice)
    client = api_as(alice)
    client.raise_request_exception = False
    board = client.post("/api/hub/collections", {"title": "Fish"}).json()["id"]
    hook, _ = Webhook.make(owner=alice, url="https://example.org/", events=["published"])
    return client, [
        ("POST", "/api/hub/hashes"), ("POST", "/api/hub/infotext"), ("POST", "/api/hub/tokens"),
        ("POST", "/api/hub/webhooks"), ("PATCH", f"/api/hub/webhooks/{hook.pk}"), ("POST", "/api/hub/collections"),
        ("PATCH", f"/api/hub/collections/{board}"), ("PUT", f"/api/hub/collections/{board}/items/1"),
        ("PATCH", "/api/hub/embeddings/alice/red-heart"), ("POST", "/api/hub/embeddings/alice/red-heart/reports"),
        ("PATCH", "/api/hub/me"), ("POST", "/api/hub/jobs/check"), ("POST", "/api/hub/jobs"), ("POST", "/api/hub/notices/seen"), ("POST", "/api/validate-yaml"),
        ("POST", "/api/repos/create"), ("POST", "/api/models/alice/red-heart/preupload/main"),
        ("POST", "/api/models/alice/red-heart/commit/main"), ("POST", "/api/v1/model-versions/by-hash"),
        ("POST", "/api/v1/model-versions/by-hash/ids"),
    ]  # fmt: skip


def test_json_that_nobody_means(hub):
    client, routes = hub
    for (method, address), body in product(routes, [DEEP, HALVES, NUMBERS, "null", '"x"', "[]", "{", "", b"\xff"]):
        answer = client.generic(method, address, body, "application/json", headers={"Idempotency-Key": "a-key"})
        assert answer.status_code < 500, (method, address, body[:20], answer.content)
        assert answer.status_code < 400 or answer.json()["error"], (method, address, body[:20])


def test_another_charset_is_refused_and_not_tried():
    """Django decodes the query with it, and breaks on some before any middleware."""
    told = []
    for charset in ("idna", "punycode", "rot13", "zip", "utf-7", "iso-8859-1", "utf8", "UTF-8", "us-ascii", "nonsense"):
        environ = RequestFactory().generic("POST", "/?a=%3D", "x", content_type="text/plain").environ
        environ["CONTENT_TYPE"] = f'application/json; charset="{charset}"'
        body = only_utf8(lambda environ, start: [b"read"])(environ, lambda status, headers: told.append(status))
        assert list(body) == [b"read"] or b"Send text as UTF-8" in next(iter(body))
    assert told == ["400 Bad Request"] * 6


def test_too_much_is_told_in_the_shape_of_each_dialect(api):
    large = "[" + " " * 2**21 + "]"
    for address in ("/api/hub/hashes", "/api/v1/model-versions/by-hash", "/api/validate-yaml"):
        answer = api.post(address, large, content_type="application/json")
        error = answer.json()["error"]
        assert answer.status_code == 413
        assert "too large" in (error["message"] if address.startswith("/api/hub/") else error)
    fields = "&".join(f"a{number}=1" for number in range(1_500))
    answer = api.post("/api/hub/infotext", fields, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400 and "too many fields" in answer.json()["error"]["message"]


def test_cursors_that_were_made_up(hub):
    client, _ = hub
    lists = [
        "embeddings", "embeddings?sort=trending", "embeddings?q=red", "tokens", "notices", "collections", "jobs",
        "base-models", "webhooks", f"webhooks/{Webhook.objects.get().pk}/deliveries", "me/likes",
        "embeddings/alice/red-heart/versions",
    ]  # fmt: skip
    addresses = [*(f"/api/hub/{name}" for name in lists), "/api/models", "/api/models?sort=downloads", "/api/v1/models"]
    made_up = [("abc", {}), ("\0", {}), ("9" * 30, {"r": "1"}), ("2024-01-01", {"o": "9" * 25}), ("NaN", {"o": "-5"})]
    for address, (position, more) in product(addresses, made_up):
        cursor = base64.b64encode(urlencode({"p": position, **more}).encode()).decode()
        joined = f"{address}{'&' if '?' in address else '?'}{urlencode({'cursor': cursor})}"
        assert client.get(joined).status_code in (200, 400, 404), joined
