"""The site in a browser that runs no scripts: find, look, take, sign in, like, give."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from hub.accounts.models import User
from registry.models import Embedding
from tests.browser import world
from tests.registry import samples

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shared(transactional_db, alice):
    bob = User.objects.create_user("bob")
    for number in range(30):
        kind = "style" if number % 10 == 0 else "object"
        world.share(bob, f"kettle-{number}", 20 + number, previews=[], kind=kind)
    pictures = [world.drawn("a {}", seed, variant) for seed in (1, 2) for variant in ("learned", "initialiser")]
    world.share(bob, "lantern", 1, previews=pictures)


def test_finding_taking_and_giving(open_page, shared, alice):
    page = open_page(scripts=False, width=360)
    page.goto("/")
    expect(page.locator(".card")).to_have_count(24)
    page.get_by_role("link", name="Show more").click()
    expect(page.locator(".card")).to_have_count(7)
    page.locator("#facet-panel summary").click()
    page.get_by_role("checkbox", name=re.compile("^Style")).check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".card")).to_have_count(3)
    page.get_by_role("link", name="Remove the filter Kind: Style").click()
    page.get_by_role("searchbox").fill("lantern")
    page.get_by_role("searchbox").press("Enter")
    page.locator(".card").get_by_role("link", name="Lantern").first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == samples.sd1_file(1)

    page.get_by_role("link", name="Sign in to like this").click()
    page.get_by_label("User name or email").fill("alice")
    page.get_by_label("Password").fill("wonderland")
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/bob/lantern")
    page.get_by_role("button", name="Like").click()
    expect(page.get_by_role("button", name="Like")).to_contain_text("1")
    assert Embedding.objects.get(name="lantern").likes == 1

    page.goto("/upload")
    page.get_by_label("Embedding files and pictures").set_input_files(
        {"name": "Paper Kite.safetensors", "mimeType": "", "buffer": samples.sd1_file(90)}
    )
    page.get_by_role("button", name="Look inside").click()
    page.get_by_role("article").get_by_label("Title").fill("A kite of paper")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.wait_for_url("**/alice/paper-kite")
    expect(page.get_by_role("heading", level=1)).to_have_text("A kite of paper")
