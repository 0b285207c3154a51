"""Pages of an account: in the words of the rest of the site, and promising nothing that does not exist."""

from __future__ import annotations

import re

import pytest

from hub.accounts.models import User

pytestmark = pytest.mark.django_db

ANONYMOUS = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]
SIGNED_IN = ["/accounts/password/change/", "/accounts/email/", "/accounts/logout/"]
MAIL = "django.core.mail.backends.locmem.EmailBackend"
CONSOLE = "django.core.mail.backends.console.EmailBackend"


@pytest.fixture(autouse=True)
def without_mail(settings):
    settings.EMAIL_BACKEND = CONSOLE


def shown(client, address):
    """What the page's own part says."""
    return re.search(r"<main.*</main>", client.get(address).content.decode(), re.DOTALL)[0]


@pytest.mark.parametrize("address", [*ANONYMOUS, *SIGNED_IN])
def test_pages_speak_in_sentence_case_and_nothing_is_said_twice(client, alice, address):
    if address in SIGNED_IN:
        client.force_login(alice)
    page = shown(client, address)
    heading = re.search("<h1>(.*)</h1>", page)[1]
    assert heading == heading.capitalize()
    assert "placeholder" not in page
    assert not re.search(r":\s*</label>", page)


def test_sign_up_tells_the_rule_of_user_names_beforehand(client):
    assert "3 to 64 lower-case letters, digits, hyphens or underscores." in shown(client, "/accounts/signup/")


def test_a_sign_up_makes_an_account_and_a_bad_name_is_refused_in_the_page(client):
    values = {
        "username": "Carol C",
        "password1": "white-rabbit-7",
        "password2": "white-rabbit-7",
        "email": "",
    }
    refused = client.post("/accounts/signup/", values)
    assert "Use 3 to 64 lower-case letters" in refused.content.decode()
    assert client.post("/accounts/signup/", values | {"username": "carol"}).status_code == 302
    assert User.objects.get().username == "carol"


def test_no_page_promises_mail_where_none_is_sent(client, alice):
    assert "/accounts/password/reset/" not in shown(client, "/accounts/login/")
    assert "<form" not in shown(client, "/accounts/password/reset/")
    client.force_login(alice)
    added = client.post(
        "/accounts/email/", {"action_add": "", "email": "alice@example.org"}, follow=True
    ).content.decode()
    assert "alice@example.org" in added
    assert not re.search("verif|confirm|notif", re.search(r"<body.*</body>", added, re.DOTALL)[0], re.IGNORECASE)


def test_a_hub_with_mail_offers_a_link_for_a_forgotten_password(client, settings):
    settings.EMAIL_BACKEND = MAIL
    assert 'href="/accounts/password/reset/"' in shown(client, "/accounts/login/")
    assert 'name="email"' in shown(client, "/accounts/password/reset/")


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(client, settings, alice, mailoutbox):
    settings.EMAIL_BACKEND = MAIL
    User.objects.filter(pk=alice.pk).update(email="alice@example.org")
    sent = client.post("/accounts/password/reset/", {"email": "alice@example.org"}, follow=True).content.decode()
    assert "Look into your mail" in sent
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mailoutbox[0].body)[1]
    page = client.get(link, follow=True)
    assert "<h1>Choose a new password</h1>" in page.content.decode()
    form = re.search(r'<main.*action="([^"]+)"', page.content.decode(), re.DOTALL)[1]
    new = {"password1": "white-rabbit-7", "password2": "white-rabbit-7"}
    assert "Give the new password." in client.post(form, {}).content.decode()
    done = client.post(form, new, follow=True).content.decode()
    assert "Your password is changed" in done
    assert client.login(username="alice", password="white-rabbit-7")
    client.logout()
    assert "This link no longer works" in client.get(link, follow=True).content.decode()


def test_whether_an_address_has_an_account_is_not_told(client, settings, mailoutbox):
    settings.EMAIL_BACKEND = MAIL
    page = client.post("/accounts/password/reset/", {"email": "nobody@example.org"}, follow=True).content.decode()
    assert "Look into your mail" in page


def test_an_account_that_was_made_without_a_password_chooses_one(client, alice):
    client.force_login(alice)
    alice.set_unusable_password()
    alice.save()
    client.force_login(alice)
    assert "<h1>Choose a password</h1>" in shown(client, "/accounts/password/set/")
    assert (
        "Use 8 characters or more."
        in client.post("/accounts/password/set/", {"password1": "x1", "password2": "x1"}).content.decode()
    )


def test_nothing_says_that_a_mail_was_sent_to_confirm_an_address(client):
    assert "Nothing to confirm" in shown(client, "/accounts/confirm-email/")


REFUSED = [
    ("signup", {"username": "carol", "password1": "123", "password2": "123"}, ["Use 8 characters or more.", "among the first that are guessed"]),
    ("signup", {"username": "carol-the-first", "password1": "carol-the-first", "password2": "carol-the-first"}, ["less like your user name"]),
    ("signup", {"username": "alice", "password1": "white-rabbit-7", "password2": "white-rabbit-7"}, ["This user name is taken; choose another."]),
    ("signup", {"username": "carol", "email": "carol", "password1": "white-rabbit-7", "password2": "white-rabbit-7"}, ["Give a whole address"]),
    ("login", {"login": "alice", "password": "wrong"}, ["do not belong together. Check both."]),
]  # fmt: skip


@pytest.mark.parametrize(("page", "values", "told"), REFUSED)
def test_a_refused_sign_up_or_sign_in_says_what_to_do(client, alice, page, values, told):
    answer = client.post(f"/accounts/{page}/", values).content.decode()
    assert all(sentence in answer for sentence in told)


def test_a_closed_account_and_an_old_link_are_told_in_our_words(client):
    assert "This account is closed" in shown(client, "/accounts/inactive/")
    assert "This link no longer works" in shown(client, "/accounts/confirm-email/made-up/")
