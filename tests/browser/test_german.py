"""The site in German on a phone: from the catalogue to an upload, and back to English by choice."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_registry_pages import share
from tests.registry.test_embedding_page import grid

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fits(axe, keep):
    """Check that a page says its language, fits the window and is accessible; keep a picture of it."""

    def check(page, name):
        expect(page.locator("html")).to_have_attribute("lang", "de")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        axe(page)
        keep(page, f"german-{name}")

    return check


def test_from_the_catalogue_to_an_upload(open_page, transactional_db, alice, fits):
    share(alice, "lantern", tags=["paper"], previews=grid(), description="A *lantern*.")
    page = open_page(width=360, locale="de-DE")
    page.goto("/")
    fits(page, "browse")
    page.get_by_role("link", name="lantern").first.click()
    expect(page.get_by_role("heading", name="Verwenden in")).to_be_visible()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "50\u00a0% mit dem Embedding")
    fits(page, "embedding")

    page.get_by_role("link", name="Anmelden", exact=True).click()
    page.get_by_label("Benutzername").fill("alice")
    page.get_by_label("Passwort", exact=True).fill("rabbit hole")
    page.get_by_role("main").get_by_role("button", name="Anmelden").click()
    expect(page.get_by_text("Benutzername und Passwort passen nicht zusammen.")).to_be_visible()
    fits(page, "sign-in")
    page.get_by_label("Passwort", exact=True).fill("wonderland")
    page.get_by_role("main").get_by_role("button", name="Anmelden").click()
    page.locator("details.menu summary").click()
    page.get_by_role("link", name="Hochladen").click()
    expect(page.get_by_role("heading", name="Embeddings hochladen")).to_be_visible()
    fits(page, "upload")


def test_somebody_chooses_a_language(open_page, transactional_db, alice):
    page = open_page(width=360, locale="en-GB", user=alice)
    page.goto("/preferences")
    page.get_by_label("Language").select_option(label="Deutsch")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Einstellungen")).to_be_visible()
    expect(page.get_by_text("Gespeichert.")).to_be_visible()
    page.get_by_label("Sprache").select_option(label="English")
    page.get_by_role("button", name="Speichern").click()
    expect(page.locator("html")).to_have_attribute("lang", "en-gb")
