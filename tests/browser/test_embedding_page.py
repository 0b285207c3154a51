"""An embedding's page as a person uses it: comparing, choosing a tool, changing one's own."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from registry.pictures.previews import NewPreview, read_picture
from registry.services import update_embedding
from tests.browser.test_registry_pages import share
from tests.registry.samples import picture
from tests.registry.test_embedding_page import drawn, grid

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shared(transactional_db, alice):
    receipt = {
        "config": {"initialiser": "koi", "seed": 7, "learning_rate": 0.01, "batch_size": 8}, "images": 8, "steps": 300,
        "base": {"name": "pocket", "fingerprint": "f00d" * 16}, "seconds": 12.3, "device": "cpu",
        "fixed_loss_curve": [[20, 0.5], [200, 0.25], [300, 0.3]],
    }  # fmt: skip
    strengths = [drawn(strength=value) for value in (0.25, 0.5, 1.25)]
    own = NewPreview(picture=read_picture("own.png", picture(size=(300, 200))))
    previews = [*grid(), *strengths, own]
    return share(alice, "lantern", tags=["paper"], previews=previews, receipt=receipt, description="A *lantern*.")


def test_comparing_by_keyboard(open_page, shared):
    page = open_page()
    page.goto("/alice/lantern")
    slider = page.get_by_role("slider")
    slider.focus()
    expect(slider).to_have_attribute("aria-valuetext", "50 % with the embedding")
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "100 % with the embedding")
    slider.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "99 % with the embedding")
    clip = page.locator(".compare .without").evaluate("image => getComputedStyle(image).clipPath")
    assert clip == "inset(0px 0px 0px 99%)"

    choice = page.get_by_role("group", name="a red <x>").get_by_role("link").nth(1)
    choice.press("Enter")
    expect(page.locator(".stage .prompt")).to_have_text("a red <x>")
    expect(page.get_by_role("status")).to_have_text("Shown: “a red <x>”, seed 2.")
    expect(page).to_have_url("/alice/lantern?pair=4")
    assert page.evaluate("document.activeElement.id") == "pair-4"
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "99 % with the embedding")


def test_pictures_that_people_are_asked_about_can_be_shown_and_compared(open_page, shared):
    update_embedding(embedding=shared, rating="suggestive")
    page = open_page(width=360)
    page.goto("/alice/lantern")
    picture = page.locator(".compare .without")
    assert "blur" in picture.evaluate("image => getComputedStyle(image).filter")
    page.get_by_role("checkbox", name="Show the pictures of Lantern").press("Space")
    assert picture.evaluate("image => getComputedStyle(image).filter") == "none"
    assert picture.evaluate("image => getComputedStyle(image).clipPath") == "inset(0px 0px 0px 50%)"


def test_enlarging_shows_prompt_and_seed_and_gives_the_focus_back(open_page, shared, axe):
    page = open_page()
    page.goto("/alice/lantern?pair=2")
    page.get_by_role("link", name="Enlarge").press("Enter")
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_role("heading", level=2)).to_have_text("a <x>")
    expect(sheet).to_contain_text("Guidance scale")
    axe(page)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.get_by_role("link", name="Enlarge")).to_be_focused()


def test_a_strength_is_enlarged_with_what_it_was_drawn_with(open_page, shared, axe):
    page = open_page()
    page.goto("/alice/lantern")
    step = page.get_by_role("link", name="Strength 0.5")
    step.press("Enter")
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_role("definition").last).to_be_visible()
    expect(sheet).to_contain_text("a <x>")
    sheet.get_by_role("img").evaluate("image => image.decode()")
    axe(page)
    page.keyboard.press("Escape")
    expect(step).to_be_focused()


def test_liking_changes_the_button_and_the_count_where_one_stands(open_page, shared, alice):
    page = open_page(user=alice, width=360)
    page.goto("/alice/lantern")
    page.evaluate("window.stayed = true")
    like = page.get_by_role("button", name="Like")
    like.press("Enter")
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#likes")).to_have_text("1")
    expect(like).to_be_focused()
    like.press("Enter")
    expect(like).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#likes")).to_have_text("0")
    assert page.evaluate("window.stayed")


def test_choosing_a_tool_by_keyboard(open_page, shared):
    page = open_page()
    page.goto("/alice/lantern")
    tab = page.get_by_role("tab", name="diffusers")
    expect(page.get_by_role("tabpanel")).to_have_count(1)
    tab.focus()
    tab.press("ArrowRight")
    expect(page.get_by_role("tab", name="A1111, Forge")).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_contain_text("a photo of lantern")
    page.keyboard.press("End")
    expect(page.get_by_role("tab", selected=True)).to_be_focused()
    page.keyboard.press("Home")
    expect(page.get_by_role("tabpanel")).to_contain_text("urlretrieve")
    page.get_by_role("tab", name="curl").click()
    with page.expect_download() as download:
        page.get_by_role("tabpanel").get_by_role("link").click()
    assert download.value.suggested_filename == "lantern.safetensors"
    page.reload()
    expect(page.get_by_role("tab", selected=True)).to_have_text("curl")


def test_everything_is_there_without_scripts(open_page, shared):
    page = open_page(scripts=False)
    page.goto("/alice/lantern")
    boxes = [page.locator(".compare img").nth(number).bounding_box() for number in (0, 1)]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    for tool in ("diffusers", "ComfyUI", "curl"):
        expect(page.get_by_role("heading", name=tool, exact=True)).to_be_visible()
    page.get_by_role("group", name="a red <x>").get_by_role("link").first.click()
    expect(page.locator(".stage .prompt")).to_have_text("a red <x>")
    assert page.get_by_role("link", name="Enlarge").get_attribute("href").endswith(".webp")


def test_an_owner_adds_a_picture_and_makes_it_the_cover(open_page, shared, alice):
    page = open_page(user=alice)
    page.goto("/alice/lantern")
    page.get_by_role("link", name="Pictures", exact=True).click()
    page.get_by_label("Add pictures").set_input_files(
        {"name": "new.png", "mimeType": "image/png", "buffer": picture(colour="gold")}
    )
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("1 picture is added.")).to_be_visible()
    page.get_by_role("button", name="Put picture").last.click()
    expect(page.get_by_text("The picture stands first now.")).to_be_visible()
    assert shared.latest.previews.first().source == "uploaded"
