"""The training wizard as people go through it: with a mouse, with the keyboard alone, without scripts, on a phone in the dark."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps
from playwright.sync_api import expect

from tests.training.inversion.test_findings import marked, scene, shifted
from training.bases import ensure_builtin_bases
from training.models import BaseModel, DraftImage, Job
from training.pocket.concepts import CONCEPTS, draw

pytestmark = pytest.mark.django_db(transaction=True)


def file_of(image, name):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": buffer.getvalue()}


def koi(count):
    return [file_of(image, f"koi-{at}.png") for at, image in enumerate(draw(CONCEPTS["koi"], count, 1))]


@pytest.fixture(autouse=True)
def bases(transactional_db):
    ensure_builtin_bases()


def names():
    return list(DraftImage.objects.values_list("filename", flat=True))


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_whole_wizard_by_mouse(open_page, alice, axe, keep):
    page = open_page(user=alice)
    page.goto("/train")
    axe(page)
    # Dropped, not chosen: the same files by another way
    transfer = page.evaluate_handle(
        """async (files) => {
            const transfer = new DataTransfer();
            for (const [name, bytes] of files) transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
            return transfer;
        }""",
        [[file["name"], list(file["buffer"])] for file in [*koi(4), {"name": "draft.txt", "buffer": b"no picture"}]],
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": transfer})
    page.wait_for_url("**/images")
    expect(page.locator(".set > li")).to_have_count(4)
    expect(page.get_by_role("status")).to_have_text("4 of 5 pictures added.")
    expect(page.locator(".sending")).to_contain_text("draft.txt is no image")

    notes = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    page.get_by_label("Add more pictures").set_input_files([notes, koi(5)[4]])
    page.get_by_text("1 of 2 pictures added.").wait_for()
    expect(page.locator(".sending")).to_contain_text("notes.txt is no image")
    page.locator(".set > li:nth-child(5)").wait_for()
    page.get_by_role("button", name="Remove picture 5").click()
    page.get_by_text("koi-4.png is removed; 4 pictures are left.").wait_for()
    page.get_by_role("button", name="Move picture 1 later").click()
    page.get_by_text("koi-0.png is picture 2 now.").wait_for()
    assert names() == ["koi-1.png", "koi-0.png", "koi-2.png", "koi-3.png"]
    axe(page)
    keep(page, "train-images")

    page.get_by_role("link", name="Crop picture 3").click()
    grip = page.locator("[data-grip]").bounding_box()
    page.locator("[data-grip]").hover()
    page.mouse.down()
    page.mouse.move(grip["x"] - 5000, grip["y"] - 5000)  # as small as it may be: all of the drawing
    page.mouse.up()
    expect(page.get_by_label("Side")).to_have_value("64")
    axe(page)
    page.get_by_role("button", name="Cut out this square").click()
    page.wait_for_url("**/images#picture-*")

    page.get_by_role("link", name="Go on to the concept").click()
    page.get_by_label("Placeholder token").press_sequentially("kite")
    page.get_by_text("kite is a word that Pocket knows already").wait_for()
    page.get_by_label("Placeholder token").fill("<my-koi>")
    page.get_by_text("1 new word.").wait_for()
    page.get_by_label("Initialiser words").fill("kite")
    page.get_by_role("button", name="instead of kite").first.click()
    expect(page.get_by_label("Initialiser words")).not_to_have_value("kite")
    expect(page.get_by_label("Initialiser words")).to_be_focused()
    page.get_by_text("Captions for each picture").click()
    page.get_by_label("Caption of picture 2").fill("{} on a plain ground")
    axe(page)
    keep(page, "train-concept")
    page.get_by_role("button", name="Go on to the review").click()

    expect(page.locator(".presets")).to_contain_text("about 15 s")
    page.get_by_label("Quick").check()
    page.get_by_text("Advanced settings").click()
    page.get_by_label("Seed").fill("7")
    page.get_by_label("Nobody").check()
    page.get_by_label("I may use these pictures").check()
    axe(page)
    keep(page, "train-review")
    page.get_by_role("button", name="Start training").dblclick()
    page.wait_for_url("**/jobs/*")
    job = Job.objects.get()
    assert (job.preset, job.seed, job.token, job.images.count()) == ("quick", 7, "<my-koi>", 4)
    assert job.captions[1] == "{} on a plain ground"


def tab_to(page, name):
    """Press Tab until what has the focus is called so; it must show that it has it."""
    for _ in range(80):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "(() => { const e = document.activeElement; return [e.getAttribute('aria-label') || (e.labels && e.labels[0] || e).innerText"
            " || '', getComputedStyle(e).outlineStyle, e.matches(':focus-visible')]; })()"
        )
        if name in here[0]:
            assert here[1] != "none" or not here[2], f"{name} does not show its focus"
            return
    raise AssertionError(f"no way to {name} by Tab")


def test_the_whole_wizard_by_keyboard_alone(open_page, alice):
    page = open_page(user=alice)
    page.goto("/train")
    tab_to(page, "Choose pictures")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(koi(3))
    page.wait_for_url("**/images")
    tab_to(page, "Move picture 1 later")
    for place in (2, 3):
        page.keyboard.press("Enter")
        page.get_by_text(f"koi-0.png is picture {place} now.").wait_for()
        page.locator(".htmx-settling").first.wait_for(state="detached")  # until then Enter sends the plain form
    assert "later-" in page.evaluate("document.activeElement.id")  # the focus moved with the picture
    tab_to(page, "Go on to the concept")
    page.keyboard.press("Enter")
    page.wait_for_url("**/concept")
    tab_to(page, "Placeholder token")
    page.keyboard.type("<my-koi>")
    page.get_by_text("1 new word.").wait_for()
    tab_to(page, "Initialiser words")
    page.keyboard.type("thing")
    tab_to(page, "Go on to the review")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    tab_to(page, "Balanced")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Nobody")
    page.keyboard.press("Space")
    tab_to(page, "I may use these pictures")
    page.keyboard.press("Space")
    tab_to(page, "Start training")
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*")
    assert (Job.objects.get().preset, Job.objects.get().depicts_person) == ("thorough", "no")


def test_the_whole_wizard_without_scripts(open_page, alice):
    page = open_page(user=alice, scripts=False)
    page.goto("/train")
    page.get_by_label("Choose pictures").set_input_files(koi(2))
    page.get_by_role("button", name="Add these pictures").click()
    expect(page.locator("#set")).to_contain_text("Add 1 more")
    page.get_by_label("Add more pictures").set_input_files([file_of(scene(1, (300, 200)), "wide.png")])
    page.get_by_role("button", name="Add these pictures").click()
    page.get_by_role("button", name="Move picture 3 earlier").click()
    expect(page.get_by_role("status")).to_contain_text("wide.png is picture 2 now.")
    assert names() == ["koi-0.png", "wide.png", "koi-1.png"]
    page.get_by_role("link", name="Crop picture 2").click()
    page.get_by_label("From the left").fill("200")
    page.get_by_label("From the top").fill("0")
    page.get_by_label("Side").fill("150")
    page.get_by_role("button", name="Cut out this square").click()
    expect(page.get_by_role("alert")).to_contain_text("begins at 0 to 150.")
    page.get_by_label("From the left").fill("0")
    page.get_by_role("button", name="Cut out this square").click()
    page.get_by_role("link", name="Go on to the concept").click()
    page.get_by_label("Placeholder token").wait_for()
    assert DraftImage.objects.get(filename="wide.png").crop == (0, 0, 150)
    page.get_by_label("Placeholder token").fill("<my-koi>")
    page.get_by_label("Initialiser words").fill("kite")
    page.get_by_role("button", name="Check the words").click()
    page.get_by_role("button", name="instead of kite").first.click()
    expect(page.get_by_label("Initialiser words")).not_to_have_value("kite")
    page.get_by_role("button", name="Go on to the review").click()
    page.get_by_label("Nobody").check()
    page.get_by_label("I may use these pictures").check()
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/jobs/*")
    assert Job.objects.get().images.count() == 3


def test_every_kind_of_finding_is_told_on_a_phone_in_the_dark(open_page, alice, axe, keep):
    BaseModel.objects.update(resolution=256)
    wide = ImageOps.pad(scene(8).crop((0, 40, 256, 216)), (256, 256), color="black")
    bad = [
        ("blurred", scene(5).filter(ImageFilter.GaussianBlur(12))), ("mirror", ImageOps.mirror(scene(1))),
        ("near", scene(2).resize((250, 250))), ("same", scene(3)), ("tiny", scene(6, (100, 100))), ("bars", wide),
        ("long", scene(7, (700, 300))), ("dark", scene(9).point(lambda value: value // 9)),
        ("cut", shifted(draw(CONCEPTS["koi"], 1, 1)[0], 22).resize((256, 256))),
    ]  # fmt: skip
    files = [file_of(scene(seed), f"photo-{seed}.png") for seed in range(4)]
    page = open_page(width=360, scheme="dark", user=alice)
    page.goto("/train")
    page.get_by_label("Choose pictures").set_input_files(files + [file_of(image, f"{name}.png") for name, image in bad])
    page.wait_for_url("**/images")
    told = page.locator("#set").inner_text()
    for title in (
        "Blurred",
        "Mirror twin",
        "Nearly a copy",
        "The same picture",
        "Too small",
        "Small",
        "Border",
        "Long",
        "Dark",
        "Subject cut off",
    ):
        assert f"{title}." in told
    expect(page.get_by_role("link", name="Go on to the concept")).to_have_count(0)
    assert fits(page)
    axe(page)
    keep(page, "train-findings-phone")

    # Of the set as a whole: one ground everywhere, and a logo in the corner
    ground = np.full((256, 256, 3), (90, 120, 150), np.uint8)
    pictures = []
    for seed in range(6):
        picture = Image.fromarray(ground)
        picture.paste(scene(seed, (110, 110)), (70, 70))
        pictures.append(file_of(picture, f"ground-{seed}.png"))
    for files, title in (
        (pictures, "One background"),
        ([file_of(marked(scene(seed)), f"logo-{seed}.png") for seed in range(6)], "Watermark"),
    ):
        page.goto("/train")
        page.get_by_label("Choose pictures").set_input_files(files)
        page.wait_for_url("**/images")
        expect(page.locator("#set > .remarks")).to_contain_text(f"{title}.")
        expect(page.get_by_role("link", name="Go on to the concept")).to_have_count(1)
