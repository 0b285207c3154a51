"""From a report to a tombstone, pictures that wait to be asked for, and preferences: as people do it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from hub.accounts.models import Notice
from registry.models import Embedding, Tombstone
from registry.moderation import services
from tests.browser.test_registry_pages import share

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shared(transactional_db, alice):
    share(alice, "lantern")


def test_a_report_leads_to_hiding_restoring_and_taking_down(open_page, axe, keep, shared, alice, bob, sam):
    reader = open_page(user=bob, width=360)
    reader.goto("/alice/lantern/report")
    reader.get_by_label("Shows a person who did not agree").check()
    reader.get_by_label("Say more").fill("That is my face.")
    reader.get_by_label("I say this in good faith").check()
    reader.get_by_role("button", name="Send the report").click()
    reader.get_by_text("Thank you. Staff will look at it.").wait_for()

    desk = open_page(user=sam)
    desk.goto("/staff/reports")
    desk.get_by_role("link", name="Shows a person who did not agree").click()
    expect(desk.get_by_text("That is my face.")).to_be_visible()
    desk.locator("summary", has_text="Hide").click()
    hiding = desk.locator("form[action$='/hide']")
    hiding.get_by_label("Statement to the owner").fill("Somebody says that it is them. Show us that they agreed.")
    keep(desk, "moderation-report")
    hiding.get_by_role("button", name="Hide").click()
    desk.get_by_text("It is hidden, and its owner is told why.").wait_for()
    desk.reload()
    axe(desk)

    owner = open_page(user=alice)
    owner.goto("/notices")
    expect(owner.get_by_role("link", name="is hidden by the staff of this hub")).to_be_visible()
    assert reader.request.get("/alice/lantern").status == 404
    assert owner.request.get("/alice/lantern").status == 200

    restoring = desk.locator("form[action$='/restore']")
    restoring.get_by_label("Why").fill("They showed it.")
    restoring.get_by_role("button", name="Show again").click()
    desk.get_by_text("It is shown again, as it was.").wait_for()
    assert reader.request.get("/alice/lantern").status == 200

    desk.locator("summary", has_text="Take down").click()
    down = desk.locator("form[action$='/takedown']")
    down.get_by_label("Reason").select_option("person")
    down.get_by_label("Statement to the owner").fill("She withdrew.")
    down.get_by_label("Type its address to confirm").fill("alice/lanter")
    down.get_by_role("button", name="Take down for good").click()
    desk.get_by_text("This is not its address").wait_for()  # what was typed stays
    expect(down.get_by_label("Statement to the owner")).to_have_value("She withdrew.")
    down.get_by_label("Type its address to confirm").fill("alice/lantern")
    down.get_by_role("button", name="Take down for good").click()
    desk.get_by_text("alice/lantern is taken down.").wait_for()
    desk.reload()
    axe(desk)
    assert not Embedding.objects.exists()
    assert Tombstone.objects.get().reason == "person"

    program = reader.request.get("/api/hub/embeddings/alice/lantern")
    assert (program.status, program.json()["tombstone"]["token"]) == (410, "<lantern>")
    assert reader.request.get("/alice/lantern/v1/canonical").status == 410
    desk.get_by_role("link", name="Audit log").click()
    expect(desk.get_by_role("cell", name="embedding.takedown")).to_be_visible()
    reader.goto("/reports")
    expect(reader.get_by_text("Upheld")).to_be_visible()
    assert Notice.objects.filter(owner=bob).exists()


def test_what_is_left_is_shown_to_people(open_page, shared, sam):
    services.take_down(embedding=Embedding.objects.get(), by=sam, reason="rights", text="Not hers.")
    page = open_page()
    assert page.goto("/alice/lantern").status == 410
    expect(page.get_by_role("heading", name="This embedding was taken down")).to_be_visible()
    expect(page.get_by_text("<lantern>")).to_be_visible()


def blur_of(page):
    return page.locator(".card img").first.evaluate("image => getComputedStyle(image).filter")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_suggestive_picture_is_blurred_until_somebody_asks_for_it(open_page, axe, keep, shared, scripts):
    Embedding.objects.update(rating="suggestive")
    page = open_page(scripts=scripts)
    page.goto("/")
    show = page.get_by_role("checkbox", name="Show the pictures of Lantern")
    if scripts:
        assert "blur" in blur_of(page)
        keep(page, "suggestive-blurred")
        axe(page)
        show.focus()
        page.keyboard.press("Space")
        assert blur_of(page) == "none"
        axe(page)
        keep(page, "suggestive-shown")
    else:
        page.get_by_text("Suggestive · Show").click()
        expect(show).to_be_checked()


def test_preferences_are_kept_without_an_account(open_page, shared):
    Embedding.objects.update(rating="explicit")
    page = open_page(width=360)
    page.goto("/")
    expect(page.get_by_role("link", name="Lantern")).to_have_count(0)
    page.goto("/preferences")
    page.get_by_label("Show them").check()
    page.get_by_label("List explicit embeddings too").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    page.goto("/")
    expect(page.get_by_role("link", name="Lantern")).to_be_visible()
    assert blur_of(page) == "none"
    page.goto("/preferences")
    page.get_by_label("Never load them").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    page.goto("/")
    expect(page.get_by_role("link", name="Lantern")).to_be_visible()
    expect(page.locator(".card img")).to_have_count(0)


def test_a_wrong_address_helps_on(open_page, shared):
    page = open_page(width=360)
    assert page.goto("/alice/nothing").status == 404
    page.get_by_label("Search for it instead").fill("lant")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Lantern")).to_be_visible()


def test_the_administration_works_under_the_policy_and_leads_to_where_staff_decide(open_page, keep, shared, sam):
    sam.is_superuser = True
    sam.save()
    page = open_page(user=sam)
    page.goto("/admin/")
    page.get_by_role("link", name="Embeddings", exact=True).click()
    page.locator("#searchbar").fill("lantern")
    page.get_by_role("button", name="Search").click()
    keep(page, "administration-list")
    page.get_by_role("link", name="alice/lantern").click()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    keep(page, "administration-embedding")
    page.get_by_role("link", name="Moderate").click()
    expect(page.get_by_role("heading", name="alice/lantern")).to_be_visible()
