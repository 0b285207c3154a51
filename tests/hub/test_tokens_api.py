"""Tokens: shown once, stored hashed, never stronger than what made them."""

from __future__ import annotations

import pytest
from django.test import Client

from hub.accounts.models import ApiToken


def test_a_token_says_who_it_belongs_to(api_as, alice):
    answer = api_as(alice, ["read"]).get("/api/hub/me")
    assert answer.status_code == 200
    assert answer.json()["login"] == "alice"
    assert answer.json()["scopes"] == ["read"]


def test_without_a_token_there_is_no_me(api, db):
    answer = api.get("/api/hub/me")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_authenticated"
    assert "“Authorization: Bearer sw_…”" in answer.json()["error"]["message"]
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer sw_wrong", "Bearer", "Bearer a b"])
def test_a_wrong_token_is_refused_with_what_to_do(api, db, header):
    answer = api.get("/api/hub/embeddings", HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert "token" in answer.json()["error"]["message"].lower()


def test_the_secret_is_shown_once_and_stored_hashed(api_as, alice):
    client = api_as(alice)
    made = client.post("/api/hub/tokens", {"name": "laptop", "scopes": ["read"]})
    assert made.status_code == 201
    secret = made.json()["token"]
    assert secret.startswith("sw_")
    assert secret not in str(client.get("/api/hub/tokens").json())
    assert not ApiToken.objects.filter(digest__contains=secret).exists()
    assert ApiToken.objects.get(name="laptop").digest == ApiToken.digest_of(secret)


def test_a_token_cannot_make_a_stronger_one(api_as, alice):
    answer = api_as(alice, ["read", "admin"]).post("/api/hub/tokens", {"name": "more", "scopes": ["train"]})
    assert answer.status_code == 403
    assert not ApiToken.objects.filter(name="more").exists()


def test_a_token_that_ends_makes_none_that_lasts_longer(api_as, alice):
    client = api_as(alice, ["read", "admin"])
    ApiToken.objects.update(expires="2100-01-01T00:00:00Z")
    for expires, status in (
        (None, 403), ("2100-01-01T00:00:01Z", 403), ("2100-01-01T00:00:00Z", 201), ("2099-01-01T00:00:00+02:00", 201),
    ):  # fmt: skip
        asked = {"name": "more", "scopes": ["read"], "expires": expires}
        assert client.post("/api/hub/tokens", asked).status_code == status, expires


def test_a_token_that_is_not_for_tokens_neither_sees_nor_makes_nor_revokes_any(api_as, alice):
    client = api_as(alice, ["read", "write", "train"])
    token = ApiToken.objects.get(owner=alice)
    for answer in (
        client.get("/api/hub/tokens"),
        client.post("/api/hub/tokens", {"name": "more", "scopes": ["read"]}),
        client.delete(f"/api/hub/tokens/{token.pk}"),
    ):
        assert answer.status_code == 403
        assert "admin" in answer.json()["error"]["message"]
    assert ApiToken.objects.filter(owner=alice).get() == token


def test_a_browser_session_manages_tokens_only_with_its_secret_against_forgery(alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    wanted = {"name": "laptop", "scopes": ["read"]}
    forged = browser.post("/api/hub/tokens", wanted, content_type="application/json")
    assert (forged.status_code, ApiToken.objects.count()) == (403, 0)
    browser.get("/accounts/tokens/")
    secret = {"X-CSRFToken": browser.cookies["csrftoken"].value}
    assert browser.post("/api/hub/tokens", wanted, content_type="application/json", headers=secret).status_code == 201


def test_a_revoked_token_stops_working_at_once(api_as, alice):
    client = api_as(alice)
    [token] = client.get("/api/hub/tokens").json()["results"]
    assert client.delete(f"/api/hub/tokens/{token['id']}").status_code == 204
    assert client.get("/api/hub/me").status_code == 401


def test_nobody_revokes_anothers_token(api_as, alice, bob):
    theirs, _ = ApiToken.issue(owner=alice, name="hers", scopes=["read"])
    assert api_as(bob).delete(f"/api/hub/tokens/{theirs.pk}").status_code == 404
    assert ApiToken.objects.filter(pk=theirs.pk).exists()


def test_an_account_that_is_closed_has_no_working_token(api_as, alice):
    client = api_as(alice)
    alice.is_active = False
    alice.save()
    assert client.get("/api/hub/me").status_code == 401


def test_an_unknown_scope_is_named(api_as, alice):
    answer = api_as(alice).post("/api/hub/tokens", {"name": "x", "scopes": ["fly"]})
    assert answer.status_code == 400
    assert "scopes" in answer.json()["error"]["fields"]


def test_neither_api_nor_page_gives_more_tokens_than_an_account_may_have(api_as, as_user, alice, monkeypatch):
    monkeypatch.setattr("hub.accounts.models.MAX_TOKENS", 1)
    answer = api_as(alice).post("/api/hub/tokens", {"name": "more", "scopes": ["read"]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "too_many")
    page = as_user(alice).post("/accounts/tokens/new", {"name": "more", "scopes": ["read"]})
    assert page.status_code == 422
    assert "Revoke one" in page.content.decode()
    assert not ApiToken.objects.filter(name="more").exists()


def test_a_token_ends_when_it_was_told_to(api_as, api, alice):
    past = api_as(alice).post("/api/hub/tokens", {"name": "x", "scopes": ["read"], "expires": "2020-01-01T00:00:00Z"})
    assert past.status_code == 400 and list(past.json()["error"]["fields"]) == ["expires"]
    made = api_as(alice).post("/api/hub/tokens", {"name": "x", "scopes": ["read"], "expires": "2100-01-01T00:00:00Z"})
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {made.json()['token']}")
    assert api.get("/api/hub/me").status_code == 200
    ApiToken.objects.filter(pk=made.json()["id"]).update(expires="2020-01-01T00:00:00Z")
    refused = api.get("/api/hub/me")
    assert refused.status_code == 401 and "has expired" in refused.json()["error"]["message"]


def test_a_token_of_the_page_ends_when_it_was_chosen_to(as_user, alice):
    client = as_user(alice)
    for days in ("30", ""):
        client.post("/accounts/tokens/new", {"name": f"for {days}", "scopes": ["read"], "days": days})
    lasting, ending = ApiToken.objects.get(name="for"), ApiToken.objects.get(name="for 30")
    assert lasting.expires is None and 29 <= (ending.expires - ending.created).days <= 30
