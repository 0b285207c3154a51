"""The about page says what the settings say."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db


def test_it_tells_who_runs_the_hub_and_by_which_rules(client, settings):
    settings.HUB_OPERATOR_NAME = "Ateliers <of> Testing"
    settings.HUB_OPERATOR_CONTACT = "hub@example.org"
    settings.HUB_RULES = "Be **kind**. <script>alert(1)</script>"
    settings.HUB_TRAINING_IMAGES_DAYS = 1
    page = client.get("/about").content.decode()
    assert "Ateliers &lt;of&gt; Testing" in page
    assert 'href="mailto:hub@example.org"' in page
    assert "<strong>kind</strong>" in page
    assert "<script>alert" not in page
    assert "Until 1 day after" in page
    assert settings.VERSION in page


@pytest.mark.parametrize("contact", ["Box 7, Ghent", "javascript:alert(1)"])
def test_a_contact_that_is_no_address_leads_nowhere(client, settings, contact):
    settings.HUB_OPERATOR_CONTACT = contact
    page = client.get("/about").content.decode()
    assert contact in page
    assert f'href="{contact}' not in page


def test_nothing_set_is_said_plainly(client, settings):
    settings.HUB_OPERATOR_NAME = settings.HUB_OPERATOR_CONTACT = settings.HUB_RULES = ""
    assert "has not said who they are" in client.get("/about").content.decode()


def test_programs_are_told_the_same(api, settings):
    settings.HUB_OPERATOR_CONTACT, settings.HUB_RULES, settings.HUB_SIGNUP_OPEN = (
        "hub@example.org",
        "Be **kind**.",
        False,
    )
    told = api.get("/api/hub/about").json()
    assert (told["contact"], told["rules"], told["version"]) == ("hub@example.org", "Be **kind**.", settings.VERSION)
    assert told["limits"]["megabytes"] == settings.HUB_ACCOUNT_MEGABYTES and not told["signup_open"]
    assert "spam" in told["reasons"] and "de" in told["languages"] and told["embeddings"] == 0
