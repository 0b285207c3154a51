"""The first page, as a person with a browser meets it: search, narrow, scroll on, come back; with and without scripts."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from registry.models import Embedding, Preview
from registry.pictures.previews import NewPreview, store_generated
from tests.browser.test_registry_pages import share

pytestmark = pytest.mark.django_db(transaction=True)


def picture(side):
    rough = np.random.default_rng(side).integers(0, 255, (6, 6, 3), np.uint8)
    image = Image.fromarray(rough).resize((side, side), Image.Resampling.BICUBIC)
    return NewPreview(
        picture=store_generated(image),
        source="generated",
        template="a photo of {}",
        prompt="a photo of <lantern>",
        seed=1,
    )


@pytest.fixture
def shared(transactional_db, alice):
    share(alice, "lantern", tags=["paper"], previews=[picture(600)])
    share(alice, "kettle", kind="style", previews=[picture(64)])
    share(
        alice,
        "teapot",
        title="A title that goes on for as long as a title may go on, and then some: " + "o" * 48,
        previews=[],
    )
    share(
        alice,
        "inkstone",
        title="水彩画の柔らかい色合いと静かな湖の風景のスタイル",
        tags=[f"tag-{number}" for number in range(20)],
    )


@pytest.fixture
def many(shared, alice):
    """80 more, that look like the first."""
    model = Embedding.objects.get(name="lantern")
    version, preview = model.latest, Preview.objects.get(version__embedding=model)
    for number in range(80):
        model.pk = version.pk = preview.pk = None
        model.name = model.title = f"lantern-{number}"
        model.save(force_insert=True)
        version.embedding, preview.version = model, version
        version.save(force_insert=True)
        preview.save(force_insert=True)


def titles(page):
    return page.locator(".card-title").all_inner_texts()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (768, "light"), (1440, "light")])
def test_the_first_page_shows_what_is_shared_and_fits(open_page, shared, axe, keep, width, scheme):
    page = open_page(width=width, scheme=scheme)
    page.goto("/")
    expect(page.locator(".card", has_text="Lantern")).to_be_visible()
    image = page.locator(".card", has_text="Lantern").get_by_role("img")
    image.evaluate("image => image.decode()")
    assert image.evaluate("image => image.currentSrc").endswith(".avif")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    panel = page.locator("#facet-lists")
    assert panel.is_visible() == (width == 1440)
    if width < 1440:
        page.locator("#facet-panel summary").click()
        expect(panel).to_be_visible()
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        keep(page, f"browse-filters-{width}-{scheme}")


def test_a_search_runs_while_it_is_typed_and_leaves_one_step_back(open_page, shared):
    page = open_page()
    page.goto("/?kind=object")
    field = page.get_by_role("searchbox")
    field.press_sequentially("lante", delay=60)
    page.wait_for_url("**/?q=lante&kind=object")
    expect(page.locator(".card-title")).to_have_text(["Lantern"])
    expect(page.get_by_role("status")).to_have_text("1 embedding")
    expect(page.get_by_role("heading", level=1)).to_have_text("“lante”")
    assert field.evaluate("field => field === document.activeElement")
    field.press("Enter")
    page.get_by_label("Sort").select_option("likes")
    page.wait_for_url("**/?q=lante&kind=object&sort=likes")
    page.go_back()
    page.wait_for_url("**/?q=lante&kind=object")
    expect(page.get_by_label("Sort")).to_have_value("")
    expect(page.get_by_role("searchbox")).to_have_value("lante")
    page.go_back()
    expect(page).to_have_url("about:blank")  # what was typed left no steps of its own


def test_filters_are_chosen_by_keyboard_and_taken_back(open_page, shared, axe, keep):
    page = open_page(width=1440)
    page.goto("/")
    page.evaluate("window.stayed = true")
    box = page.get_by_role("checkbox", name=re.compile("^Style"))
    box.focus()
    page.keyboard.press("Space")
    page.wait_for_url("**/?kind=style")
    expect(page.locator(".card-title")).to_have_text(["Kettle"])
    expect(page.get_by_role("status")).to_have_text("1 embedding")
    assert page.evaluate("document.activeElement.value") == "style"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.value") == "object"
    page.keyboard.press("Space")
    page.wait_for_url("**/?kind=object&kind=style")
    assert page.evaluate("window.stayed")
    axe(page)
    keep(page, "browse-filtered")
    page.get_by_role("link", name="Remove the filter Kind: Object").click()
    page.wait_for_url("**/?kind=style")
    expect(page.locator(".card-title")).to_have_text(["Kettle"])


def test_the_focus_stays_on_a_tag_that_changes_its_place(open_page, shared):
    page = open_page(width=1440)
    page.goto("/")
    box = page.get_by_role("checkbox", name=re.compile(r"^tag-1\b"))
    box.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("link", name="Remove the filter Tag: tag-1")).to_be_visible()
    expect(page.get_by_role("checkbox", name=re.compile("^paper"))).to_have_count(0)
    expect(box).to_be_focused()


def test_a_search_that_finds_nothing_helps_on(open_page, shared, axe, keep):
    page = open_page(width=360)
    page.goto("/?q=lantrn&base=sd2")
    axe(page)
    keep(page, "browse-nothing")
    expect(page.get_by_role("link", name="Without Base: Stable Diffusion 2.x")).to_be_visible()
    page.get_by_role("link", name="lantern", exact=True).click()
    page.wait_for_url("**/?q=lantern")
    expect(page.locator(".card-title")).to_have_text(["Lantern"])


def test_more_come_while_one_scrolls_and_back_shows_none_twice(open_page, many):
    page = open_page(width=1440)
    page.goto("/")
    seen = []
    while page.locator("a#next").count():
        link = page.locator("#next")
        at = link.get_attribute("href")
        link.scroll_into_view_if_needed()
        if link.get_attribute("hx-trigger") == "click":
            link.press("Enter")
        page.wait_for_function("at => document.getElementById('next').getAttribute('href') !== at", arg=at)
        seen.append(page.get_by_role("status").inner_text())
    assert seen == ["48 of 84 embeddings", "72 of 84 embeddings", "84 of 84 embeddings"]
    shown = titles(page)
    assert len(shown) == len(set(shown)) == 84
    expect(page).to_have_url("/")
    page.get_by_role("link", name="lantern-3", exact=False).first.click()
    page.wait_for_url("**/alice/lantern-3*")
    page.go_back()
    page.locator(".card").first.wait_for()
    shown = titles(page)
    assert len(shown) == len(set(shown)) >= 24


def test_nothing_moves_while_pictures_come(open_page, many):
    page = open_page(width=1440)
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => { for (const entry of list.getEntries()) window.shift += entry.value })"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    page.goto("/")
    page.locator("img").first.evaluate("image => image.decode()")
    page.evaluate("document.fonts.ready")
    assert page.evaluate("window.shift") < 0.01


def test_all_of_it_works_without_scripts(open_page, many):
    page = open_page(scripts=False)
    page.goto("/")
    expect(page.locator(".card-title")).to_have_count(24)
    page.get_by_role("link", name="Show more").click()
    page.wait_for_url("**after=**")
    expect(page.locator(".card-title")).to_have_count(24)
    page.get_by_role("link", name="First page").click()
    page.get_by_role("checkbox", name=re.compile("^Style")).check()
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url("/?kind=style")
    expect(page.locator(".card-title")).to_have_text(["Kettle"])
    page.get_by_role("searchbox").fill("lant")
    page.get_by_role("searchbox").press("Enter")
    expect(page).to_have_url("/?q=lant&kind=style")
    expect(page.get_by_role("heading", name="Nothing here matches")).to_be_visible()
