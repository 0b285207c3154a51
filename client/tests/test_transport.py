"""Requests to a hub that is away, busy, broken or hostile."""

from __future__ import annotations

import time

import pytest

from starword import BadAnswer, Hub, NotAllowed, NotFound, Refused, StarwordError, TakenDown, Unreachable, transport

ME = {"id": 1, "login": "alice", "email": "", "scopes": ["read"], "date_joined": "2026-01-01", "new": {"field": 1}}


def error(code="x", message="No.", **more):
    return {"error": {"code": code, "message": message, **more}}


def test_what_is_read_is_asked_for_again_while_the_hub_is_busy(server, hub):
    server.will(error(), 503, Retry_After="0").will(b"bad gateway", 502).will(error(), 429).will(ME)
    assert hub.me().login == "alice"
    assert len(server.asked) == 4 and {asked.headers["Authorization"] for asked in server.asked} == {"Bearer sw_secret"}


def test_what_a_hub_asks_to_wait_is_waited_and_what_is_too_long_is_told(server, hub):
    server.will(error(), 429, Retry_After="1").will(ME)
    begun = time.monotonic()
    hub.me()
    assert time.monotonic() - begun >= 1
    server.answers.clear()
    server.will(error("throttled", "Too many requests."), 429, Retry_After="3000")
    with pytest.raises(Unreachable, match=r"Too many requests\.") as told:
        hub.me()
    assert told.value.retry_after == 3000 and len(server.asked) == 3


def test_what_changes_something_is_sent_again_under_one_key(server, hub):
    server.will(error(), 503, Retry_After="0").will(b"bad gateway", 502)
    server.will(error("in_progress"), 409, Retry_After="0").will(error("invalid"), 422)
    for _ in range(2):
        with pytest.raises(Refused):
            hub.cancel(1)
    keys = [asked.headers["Idempotency-Key"] for asked in server.asked]
    assert len(keys) == 5 and len(set(keys[:4])) == 1 and len(set(keys)) == 2


@pytest.mark.parametrize("status", [409, 500])
def test_what_was_refused_or_broke_is_sent_once(server, hub, status):
    server.will(error(), status)
    with pytest.raises(StarwordError):
        hub.cancel(1)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (409, Refused),
        (413, Refused),
        (401, NotAllowed),
        (403, NotAllowed),
        (404, NotFound),
        (410, TakenDown),
    ],
)
def test_refusals_keep_the_words_of_the_hub(server, hub, status, kind):
    server.will(error("some_code", "Some words.", fields={"name": ["Other words."]}), status)
    with pytest.raises(kind) as told:
        hub.me()
    assert (told.value.code, told.value.message, told.value.fields) == (
        "some_code",
        "Some words.",
        {"name": ["Other words."]},
    )
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"error": 1}', b'{"error": {"code": 1, "message": 2, "fields": 3}}']
)
def test_errors_of_another_shape_are_errors_all_the_same(server, hub, body):
    server.will(body, 404)
    with pytest.raises(NotFound):
        hub.me()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"<html>Sign in to the hotel's network</html>", {}),
        (b"[" * 100_000, {}),
        (b"{}", {}),
        (b"null", {}),
        (b'{"id": "x", "login": 1, "scopes": 3}', {}),
        (b"\x1f\x8b", {"Content_Encoding": "gzip"}),
        (b" " * 2000, {}),
    ],
)
def test_an_answer_that_is_none_is_told(server, hub, monkeypatch, body, headers):
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1000 if body[:1] == b" " else transport.MAX_ANSWER_BYTES)
    server.will(body, **headers)
    with pytest.raises(BadAnswer):
        hub.me()


def test_redirects_are_followed_within_the_hub_only(scripted, server, hub):
    other = scripted().will(ME)
    server.will(b"", 302, Location="/api/hub/me/").will(ME)
    assert hub.me().login == "alice" and server.asked[1].path == "/api/hub/me/"
    for place in (
        f"{other.url}/api/hub/me",
        other.url.replace("http://", "https://"),
        other.url[5:],
        "file:///etc/passwd",
    ):
        server.answers.clear()
        server.will(b"", 307, Location=place)
        with pytest.raises(BadAnswer, match="sends on to"):
            hub.me()
        with pytest.raises(BadAnswer):
            hub.cancel(1)
    server.answers.clear()
    server.will(b"", 302, Location="/api/hub/me")
    with pytest.raises(BadAnswer, match="circles"):
        hub.me()
    assert other.asked == []


def test_of_the_next_page_only_the_cursor_is_taken(scripted, server, hub):
    base = {"name": "pocket", "title": "", "family": "pocket", "vectors": 2, "steps": {}}
    other = scripted().will({"results": [base], "next": None})
    server.will({"results": [base], "next": f"{other.url}/elsewhere?limit=3&cursor=a%2Bb"}).will(
        {"results": [base], "next": None}
    )
    assert len(list(hub.base_models())) == 2
    assert server.asked[1].path == "/api/hub/base-models?limit=100&cursor=a%2Bb" and other.asked == []
    server.will({"results": [base], "next": "?cursor=same"}).answers.pop(0)
    with pytest.raises(BadAnswer, match="circles"):
        list(hub.base_models())


def test_a_hub_that_is_away(server, hub):
    server.server.server_close()
    with pytest.raises(Unreachable, match="cannot be reached"):
        hub.me()


@pytest.mark.parametrize("token", ["sw_a\r\nX: y", "sw_é", "sw_\x1b[31m"])
def test_a_token_that_is_none_is_not_sent(token):
    with pytest.raises(NotAllowed):
        Hub("http://127.0.0.1:9", token)


@pytest.mark.parametrize("owner", ["", ".", ".."])
def test_names_that_would_be_another_address(hub, server, owner):
    server.will(ME)
    with pytest.raises(NotFound):
        hub.embedding(owner, "koi")
    assert server.asked == []
