"""What people prefer: kept in the browser, taken along with the account, and nothing foreign believed."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.utils.translation import get_language

from hub.preferences import Preferences, in_language_of
from hub.templatetags.sensitive import veil

pytestmark = pytest.mark.django_db

CHOSEN = {"language": "de", "theme": "dark", "sensitive": "show", "explicit": "on"}


def test_a_browser_without_an_account_keeps_them(client):
    answer = client.post("/preferences", CHOSEN | {"next": "/about"})
    assert (answer.status_code, answer["Location"]) == (302, "/about")
    page = client.get("/about")
    assert page.context["preferences"] == Preferences("de", "dark", "show", True)
    assert page.headers["Content-Language"] == "de"
    assert client.get("/preferences").context["form"].initial["theme"] == "dark"
    client.post("/preferences", {"sensitive": "blur"})
    assert client.get("/about").context["preferences"] == Preferences()


def test_an_account_takes_them_along(client, alice):
    client.force_login(alice)
    client.post("/preferences", CHOSEN)
    client.logout()
    client.cookies.clear()
    assert client.get("/about").context["preferences"] == Preferences()
    client.post("/accounts/login/", {"login": "alice", "password": "wonderland"})
    assert client.get("/about").context["preferences"] == Preferences("de", "dark", "show", True)
    alice.refresh_from_db()
    with in_language_of(alice):
        assert get_language() == "de"


def test_who_leaves_the_language_to_the_browser_is_written_to_in_that_of_the_last_sign_in(client, alice):
    client.cookies["preferences"] = "theme=dark"
    client.post("/accounts/login/", {"login": "alice", "password": "wonderland"}, headers={"Accept-Language": "de-AT"})
    alice.refresh_from_db()
    with in_language_of(alice):
        assert get_language() == "de"
    assert client.get("/about").context["preferences"].theme == "dark"  # what this browser had is not taken away
    client.post("/preferences", {"sensitive": "blur", "language": "en-gb"})
    alice.refresh_from_db()
    with in_language_of(alice):
        assert get_language() == "en-gb"


@pytest.mark.parametrize(
    "value", ["", "theme=../../x&sensitive=<b>&explicit=yes", "a" * 4000, "&".join("a=b" for _ in range(50)), "%ff=%ff"]
)
def test_what_makes_no_sense_in_a_cookie_counts_as_not_chosen(client, value):
    client.cookies["preferences"] = value
    client.cookies["django_language"] = "xx"
    page = client.get("/about")
    assert (page.status_code, page.context["preferences"]) == (200, Preferences())


def test_a_choice_that_is_not_offered_is_refused_and_nobody_is_sent_elsewhere(client):
    assert client.post("/preferences", CHOSEN | {"theme": "pink"}).status_code == 422
    for elsewhere in ("https://example.org/", "//example.org", "javascript:alert(1)"):
        assert client.post("/preferences", CHOSEN | {"next": elsewhere})["Location"] == "/preferences"


def test_a_veil_is_as_it_was_chosen():
    request = HttpRequest()
    assert veil("general", Preferences.of(request)) == ""
    assert veil("suggestive", Preferences.of(request)) == veil("explicit", "") == "blurred"
    assert veil("explicit", Preferences(sensitive="hide")) == "withheld"
    assert veil("explicit", Preferences(sensitive="show")) == ""
