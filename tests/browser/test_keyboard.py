"""The site by keyboard alone: where Tab leads and that one sees it, from the first page to a file on the disk, and Escape."""

from __future__ import annotations

import hashlib

import pytest
from playwright.sync_api import expect

from registry.models import Embedding
from tests.browser import world

pytestmark = pytest.mark.django_db(transaction=True)

#: What has the focus: its name, whether it can be seen to have it, whether it is inside the window, and whether it is the last.
#: Some show it around what they belong to: a switch around its label, a slider around its pictures.
HERE = """() => {
    const here = document.activeElement, box = here.getBoundingClientRect();
    if (here === document.body) return null;
    const around = [here, ...here.parentElement.children, here.parentElement, here.closest("label, .drop, .compare")];
    const outlined = element => element && getComputedStyle(element).outlineStyle !== "none" && parseFloat(getComputedStyle(element).outlineWidth) > 0;
    return {
        name: here.getAttribute("aria-label") || here.labels?.[0]?.innerText || here.innerText || here.name || here.tagName,
        seen: around.some(outlined),
        inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
}"""
MOST_STOPS = 250


def tab(page):
    page.keyboard.press("Tab")
    return page.evaluate(HERE)


def tab_to(page, name):
    """Press Tab until what has the focus is called so; every stop on the way must be seen."""
    for _ in range(MOST_STOPS):
        here = tab(page)
        assert here is not None, f"no way to {name} by Tab"
        assert here["seen"] and here["inside"], here
        if name in here["name"]:
            return
    raise AssertionError(f"no way to {name} by Tab")


@pytest.fixture
def shared(transactional_db):
    who = world.people()
    for number in range(3):
        world.share(who["bob"], f"kettle-{number}", 20 + number)
    pictures = [world.drawn("a {}", seed, variant) for seed in (1, 2) for variant in ("learned", "initialiser")]
    world.share(who["alice"], "lantern", 1, previews=pictures, tags=["paper"], rating="suggestive")
    return who


def test_every_stop_is_seen_and_none_is_a_trap(open_page, shared):
    page = open_page(user=shared["alice"], calm=True)
    unseen = []
    for address in ("/", "/alice/lantern", "/alice/lantern/edit", "/alice/lantern/pictures", "/upload", "/preferences",
                    "/accounts/tokens/", "/alice/lantern/delete"):  # fmt: skip
        page.goto(address)
        stops = 0
        while (here := tab(page)) is not None and stops < MOST_STOPS:
            stops += 1
            if not (here["seen"] and here["inside"]):
                unseen.append(f"{address}: {here}")
        assert 5 < stops < MOST_STOPS, f"{address}: {stops} stops"
    assert not unseen, "\n".join(unseen)


def test_from_the_first_page_to_a_file(open_page, shared):
    page = open_page()
    page.goto("/")
    assert tab(page)["name"] == "Skip to content"
    page.keyboard.press("Enter")
    assert tab(page)["name"] not in ("Starword", "Search embeddings")  # the header is skipped
    page.reload()
    tab_to(page, "Search embeddings")
    page.keyboard.type("lantern")
    page.wait_for_url("**/?q=lantern*")
    expect(page.locator(".card-title")).to_have_text(["Lantern"])
    tab_to(page, "Lantern")
    while "/alice/lantern" not in (page.evaluate("document.activeElement.href ?? ''")):
        tab_to(page, "Lantern")
    page.keyboard.press("Enter")
    page.wait_for_url("**/alice/lantern*")
    tab_to(page, "Download")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    data = download.value.path().read_bytes()
    version = Embedding.objects.get(name="lantern").latest
    assert hashlib.sha256(data).hexdigest() == version.blob


def test_escape_closes_a_menu_and_a_picture_and_gives_the_focus_back(open_page, shared):
    page = open_page(user=shared["alice"])
    page.goto("/alice/lantern")
    tab_to(page, "alice")
    page.keyboard.press("Enter")
    tab_to(page, "Your page")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Your page")).to_be_hidden()
    assert page.evaluate(HERE)["name"].startswith("alice")
    tab_to(page, "For your tool")
    page.keyboard.press("Space")
    tab_to(page, "float16")
    page.keyboard.press("Escape")
    assert page.evaluate(HERE)["name"].startswith("For your tool")
    page.keyboard.press("Enter")
    tab(page)
    page.locator("details.menu[open]").wait_for()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")  # who leaves a menu closes it
    expect(page.locator("details.menu[open]")).to_have_count(0)
