"""Rates: of each token, exact, coming back evenly, and told in every answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import F
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from hub.requests import throttles
from hub.requests.models import Rate
from hub.requests.throttles import RequestThrottle, spend

pytestmark = pytest.mark.django_db


def test_each_token_has_its_own_and_every_answer_tells_what_is_left(api_as, alice, settings):
    settings.HUB_API_REQUESTS = 3
    one, other = api_as(alice), api_as(alice)
    answers = [one.get("/api/hub/me") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer["RateLimit"].partition(";t")[0] for answer in answers] == [f'"token";r={n}' for n in (2, 1, 0, 0)]
    assert answers[0]["RateLimit-Policy"] == '"token";q=3;w=3600'
    assert answers[3].json()["error"]["code"] == "throttled"
    assert 1190 < int(answers[3]["Retry-After"]) <= 1200
    assert other.get("/api/hub/me").status_code == 200


def test_what_was_spent_comes_back_evenly_and_is_then_forgotten():
    assert [spend("x", "token", 2).remaining for _ in range(3)] == [1, 0, 0]
    Rate.objects.update(spent_until=F("spent_until") - timedelta(minutes=30))
    assert [bool(spend("x", "token", 2).wait) for _ in range(2)] == [False, True]
    assert throttles.forget_full() == 0
    Rate.objects.update(spent_until=F("spent_until") - timedelta(hours=2))
    assert throttles.forget_full() == 1


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "counted"),
    [
        (0, "9.9.9.9", "10.0.0.1", "10.0.0.1"),
        (1, "6.6.6.6, 9.9.9.9", "10.0.0.1", "9.9.9.9"),
        (2, "9.9.9.9, 10.0.0.2", "10.0.0.1", "9.9.9.9"),
        (1, "2001:db8:1:2:3::4", "10.0.0.1", "2001:db8:1:2::"),
        (1, "::ffff:9.9.9.9", "10.0.0.1", "9.9.9.9"),
        (1, "x" * 500, "10.0.0.1", "x" * 60),
    ],
)
def test_who_has_no_account_is_counted_by_an_address_that_nobody_makes_up(
    monkeypatch, proxies, forwarded, remote, counted
):
    monkeypatch.setattr("rest_framework.throttling.api_settings.NUM_PROXIES", proxies, raising=False)
    request = APIRequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    request = APIView().initialize_request(request)
    request.user = AnonymousUser()
    assert RequestThrottle().allow_request(request, APIView())
    assert Rate.objects.get().key == f"address-{counted}"


def test_signed_in_people_are_counted_by_account(as_user, alice):
    answer = as_user(alice).get("/api/hub/me")
    assert answer["RateLimit"].startswith('"account";') and Rate.objects.get().key == f"account-{alice.pk}"
