"""The upload page as people use it: drop many files, say what they are, leave, come back, publish together."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from registry.models import DraftCard, DraftPicture, Embedding
from registry.upload import drafts
from tests.registry.samples import picture, sd1_file
from tests.registry.test_several import halves, pair

pytestmark = pytest.mark.django_db(transaction=True)


def chosen(*files):
    """Files as a person's browser has them."""
    return [{"name": name, "mimeType": "", "buffer": data} for name, data in files]


def choose(page, *files):
    page.get_by_label("Embedding files and pictures").set_input_files(chosen(*files))


def card(page, name):
    return page.get_by_role("article", name=name, exact=True)


MIXED = [
    ("notes.pt", b"just some text"),
    ("Paper Boat.safetensors", sd1_file(7)),
    ("Paper Boat.png", picture()),
    *((file.name, file.data) for file in (*pair(), *halves())),
]


@pytest.fixture
def look_at(axe, keep):
    """Check a page as it is on a phone in the dark and on a desk in the light, and keep pictures of both."""

    def look(page, name):
        for width, scheme in ((360, "dark"), (1280, "light")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            axe(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            keep(page, f"{name}-{width}-{scheme}")

    return look


def test_many_files_become_cards_that_are_kept_and_published_together(open_page, transactional_db, alice, look_at):
    page = open_page(user=alice)
    page.goto("/upload")
    choose(page, *MIXED)
    for name in ("Paper Boat", "fox", "fox-neg", "<fox>", "notes.pt"):
        card(page, name).wait_for()
    page.locator(".sending-row").first.wait_for(state="detached")
    expect(page.get_by_role("article")).to_have_count(5)
    expect(card(page, "notes.pt")).to_contain_text("no kind of embedding")
    card(page, "Paper Boat").get_by_role("img", name="Paper Boat.png").wait_for()
    look_at(page, "upload-cards")

    card(page, "Paper Boat").get_by_label("Title").fill("A boat of paper")
    card(page, "<fox>").get_by_label("Name", exact=True).fill("fox-xl")  # which was first may differ
    page.get_by_role("group", name="Visibility").get_by_label("Unlisted").check()
    page.get_by_text("Draft saved").wait_for()
    page.goto("/")
    page.goto("/upload")
    expect(card(page, "Paper Boat").get_by_label("Title")).to_have_value("A boat of paper")
    card(page, "fox").get_by_label("Publish this one").uncheck()
    card(page, "fox-neg").get_by_label("Name", exact=True).fill("not a name")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_text("Nothing was published yet").wait_for()
    expect(card(page, "fox-neg")).to_contain_text("lower-case")
    assert not Embedding.objects.exists()
    look_at(page, "upload-refused")
    card(page, "fox-neg").get_by_label("Name", exact=True).fill("fox-bad")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("heading", name="3 embeddings are published").wait_for()
    expect(page.get_by_role("link", name="A boat of paper")).to_be_visible()
    made = {embedding.name: embedding for embedding in Embedding.objects.all()}
    assert {name: (e.kind, e.base, e.visibility) for name, e in made.items()} == {
        "paper-boat": ("object", "sd1", "unlisted"),
        "fox-bad": ("negative", "sd1", "unlisted"),
        "fox-xl": ("object", "sdxl", "unlisted"),
    }
    assert made["paper-boat"].latest.previews.count() == 1
    assert {row.label for row in DraftCard.objects.all()} == {"fox", "notes.pt"}
    expect(card(page, "fox").get_by_label("Publish this one")).to_be_visible()  # else nobody could publish it
    look_at(page, "upload-published")


def test_more_than_a_draft_holds_is_left_out_in_one_sentence(open_page, transactional_db, alice, monkeypatch):
    monkeypatch.setattr(drafts, "MAX_CARDS", 3)
    page = open_page(user=alice)
    page.goto("/upload")
    choose(page, *((f"{number}.safetensors", sd1_file(number, rows=1)) for number in range(40)))
    page.locator(".sending-row", has_text="The files after it were left out.").wait_for()
    expect(page.get_by_role("article")).to_have_count(3)
    assert 1 <= page.locator(".sending-row").count() <= 2


def test_dropped_files_are_sent_and_what_does_not_arrive_can_be_tried_again(open_page, transactional_db, alice):
    page = open_page(user=alice)
    page.goto("/upload")
    data = page.evaluate_handle(
        "bytes => { const all = new DataTransfer(); all.items.add(new File([new Uint8Array(bytes)], 'boat.safetensors')); return all }",
        list(sd1_file(rows=1)),
    )
    refuse = lambda route: route.fulfill(status=422, body="No room for now.", content_type="text/plain")  # noqa: E731
    page.route("**/upload/files", refuse)
    page.dispatch_event(".drop", "drop", {"dataTransfer": data})
    page.get_by_text("No room for now.").first.wait_for()
    page.unroute("**/upload/files", refuse)
    page.get_by_role("button", name="Try again").click()
    card(page, "boat").wait_for()
    expect(page.locator(".sending-row")).to_have_count(0)
    expect(page.get_by_role("status")).to_have_text("Looked inside: boat.safetensors")


def test_what_is_typed_stays_when_the_page_is_left_at_once_or_a_half_arrives(open_page, transactional_db, alice):
    page = open_page(user=alice)
    page.goto("/upload")
    first, second = ((file.name, file.data) for file in halves())
    choose(page, first)
    card(page, "learned_embeds").get_by_label("Title").fill("A fox in two halves")
    choose(page, second)
    joined = card(page, "<fox>")
    joined.wait_for()
    expect(joined.get_by_label("Title")).to_have_value("A fox in two halves")
    expect(joined.get_by_label("Base family")).to_have_value("sdxl")
    joined.get_by_label("Placeholder token").fill("<two-foxes>")
    page.goto("/")
    until = time.monotonic() + 10
    while DraftCard.objects.get().said.get("token") != "<two-foxes>" and time.monotonic() < until:
        time.sleep(0.05)
    page.goto("/upload")
    expect(page.get_by_label("Placeholder token")).to_have_value("<two-foxes>")


def test_a_picture_of_nothing_known_is_given_to_an_embedding(open_page, transactional_db, alice, axe):
    page = open_page(user=alice)
    page.goto("/upload")
    choose(page, ("boat.safetensors", sd1_file()))
    card(page, "boat").wait_for()
    choose(page, ("sunset.png", picture()))
    page.get_by_label("Shows").wait_for()
    axe(page)
    page.get_by_label("Shows").select_option("boat")
    card(page, "boat").get_by_role("img", name="sunset.png").wait_for()
    expect(page.get_by_text("Pictures of no embedding yet")).to_have_count(0)
    card(page, "boat").get_by_label("Preview pictures").set_input_files(chosen(("p.png", picture((50, 50)))))
    card(page, "boat").get_by_role("img", name="p.png").wait_for()
    card(page, "boat").get_by_role("button", name="Remove sunset.png").click()
    card(page, "boat").get_by_role("img", name="p.png").wait_for()
    assert DraftPicture.objects.count() == 1


def test_all_of_it_works_without_scripts(open_page, transactional_db, alice):
    page = open_page(scripts=False, user=alice, width=360)
    page.goto("/upload")
    choose(page, *MIXED)
    page.get_by_role("button", name="Look inside").click()
    expect(page.get_by_role("article")).to_have_count(5)
    card(page, "Paper Boat").get_by_label("Title").fill("A boat")
    card(page, "notes.pt").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("article")).to_have_count(4)
    expect(card(page, "Paper Boat").get_by_label("Title")).to_have_value("A boat")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("heading", name="4 embeddings are published")).to_be_visible()
    page.goto("/upload")
    choose(page, ("one.safetensors", sd1_file(9)))
    page.get_by_role("button", name="Look inside").click()
    page.get_by_text("Discard draft…").click()
    page.get_by_role("button", name="Discard draft", exact=True).click()
    expect(page.get_by_role("article")).to_have_count(0)
    choose(page, ("Kite.safetensors", sd1_file(8)))
    page.get_by_role("button", name="Look inside").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page).to_have_url("/alice/kite")
