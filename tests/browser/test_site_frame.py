"""What every page has around it: the menu, and pages of an account, on a phone too."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from hub.accounts.models import ApiToken, Scope
from training.bases import ensure_builtin_bases
from training.models import BaseModel, Job

pytestmark = pytest.mark.django_db(transaction=True)


def overflow(page):
    """Pixels by which the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_the_menu_closes_by_a_click_elsewhere_and_by_escape(open_page, transactional_db, alice, width, scheme):
    page = open_page(width=width, scheme=scheme, user=alice)
    page.goto("/")
    menu, entry = page.locator("details.menu summary"), page.get_by_role("link", name="API tokens")
    menu.click()
    entry.wait_for()
    page.locator("main").click(position={"x": 5, "y": 5})
    entry.wait_for(state="hidden")

    menu.click()
    entry.focus()
    page.keyboard.press("Escape")
    entry.wait_for(state="hidden")
    assert menu.evaluate("summary => summary === document.activeElement")


@pytest.mark.parametrize("width", [360, 768])
def test_tokens_fit_the_window_and_every_cell_says_what_it_is(open_page, transactional_db, alice, width):
    ApiToken.issue(owner=alice, name="the laptop in the kitchen", scopes=list(Scope.values))
    page = open_page(width=width, scheme="dark", user=alice)
    page.goto("/accounts/tokens/")
    expect(page.get_by_role("button", name="Revoke")).to_be_visible()
    assert overflow(page) <= 0
    label = page.get_by_role("cell", name="read, write, train").evaluate(
        "cell => getComputedStyle(cell, '::before').content"
    )
    assert ("May" in label) == (width == 360)


def test_every_column_of_the_jobs_can_be_seen_on_a_phone(open_page, transactional_db, alice):
    ensure_builtin_bases()
    Job.objects.create(
        owner=alice, base=BaseModel.objects.first(), name="my-kite", token="<my-kite>", kind="object", initialiser="toy",
        vectors=2, total_steps=300, state="failed", error_code="diverged", error_message="Try fewer steps.",
        finished=timezone.now(),
    )  # fmt: skip
    page = open_page(width=360, user=alice)
    page.goto("/jobs")
    box = page.locator("td time").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    assert overflow(page) <= 0
