"""Submit a job, watch it wait, cancel it, try again: as a person with a browser does. No worker runs here."""

from __future__ import annotations

import io

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from registry import storage
from training import leases, transitions
from training.bases import ensure_builtin_bases
from training.models import Job, JobPreview
from training.pocket.concepts import CONCEPTS, draw
from training.views import POLL_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)


def files(count):
    pictures = []
    for index, picture in enumerate(draw(CONCEPTS["koi"], count, 1)):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        pictures.append({"name": f"koi-{index}.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    return pictures


def fill(page, pictures):
    """Go through the wizard with these pictures, as far as it goes."""
    page.goto("/train")
    page.get_by_label("Choose pictures").set_input_files(pictures)
    page.wait_for_url("**/images")
    if page.get_by_role("link", name="Go on to the concept").count() == 0:
        return
    page.get_by_role("link", name="Go on to the concept").click()
    page.get_by_label("Placeholder token").fill("<my-koi>")
    page.get_by_label("Initialiser words").fill("thing")
    page.get_by_role("button", name="Go on to the review").click()
    page.get_by_label("Nobody").check()
    page.get_by_label("I may use these pictures").check()
    page.get_by_role("button", name="Start training").click()


@pytest.fixture
def signed_in(open_page, transactional_db, alice):
    ensure_builtin_bases()
    return open_page(user=alice)


def test_two_images_are_too_few_and_no_job_is_made(signed_in):
    fill(signed_in, files(2))
    expect(signed_in.locator("#set")).to_contain_text("Add 1 more: at least 3 are needed.")
    assert not Job.objects.exists()


def test_a_job_is_watched_cancelled_and_tried_again(signed_in):
    page = signed_in
    fill(page, files(3))
    page.wait_for_url("**/jobs/*")
    expect(page.get_by_role("status")).to_contain_text("Place 1 in the queue")

    # The page follows the job by itself
    lease = transitions.claim(worker="w")
    news = {"step": 30, "loss": 0.25, "steps_per_second": 12.5, "stage": "training"}
    leases.report("w", {lease: news}, renew=False)
    page.get_by_text("30 of 300").first.wait_for()
    transitions.give_back(lease)
    page.get_by_text("Place 1 in the queue").wait_for()

    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled.").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("Queued again.").wait_for()
    assert [job.state for job in Job.objects.order_by("pk")] == ["cancelled", "queued"]


def test_the_job_page_fits_a_phone_in_the_dark(open_page, transactional_db, alice):
    ensure_builtin_bases()
    page = open_page(width=360, scheme="dark", user=alice)
    fill(page, files(3))
    page.wait_for_url("**/jobs/*")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pictures_drawn_on_the_way_say_what_they_are_of(open_page, transactional_db, alice):
    ensure_builtin_bases()
    page = open_page(width=360, user=alice)
    fill(page, files(3))
    page.wait_for_url("**/jobs/*")
    job = Job.objects.get()
    for step in (50, 100):
        for template in ("a photo of {}", "{} at night"):
            JobPreview.objects.create(
                job=job, step=step, template=template, prompt=template.replace("{}", job.token), seed=1, variant="learned",
                blob=storage.put(files(1)[0]["buffer"]), width=64, height=64,
            )  # fmt: skip
    page.reload()
    assert page.get_by_role("columnheader").all_inner_texts()[:2] == ["Step 50", "Step 100"]
    rows = page.locator('th[scope="rowgroup"]').all_inner_texts()
    assert rows == ["AI a photo of <my-koi>", "AI <my-koi> at night"]


def test_an_open_page_goes_to_sign_in_as_a_whole_when_its_person_was_signed_out(signed_in):
    fill(signed_in, files(3))
    signed_in.wait_for_url("**/jobs/*")
    Session.objects.all().delete()
    signed_in.wait_for_url("**/accounts/login/?next=*")
    expect(signed_in.locator("#progress")).to_have_count(0)


def test_an_open_page_of_a_deleted_job_says_so_and_asks_no_more(signed_in):
    fill(signed_in, files(3))
    signed_in.wait_for_url("**/jobs/*")
    Job.objects.all().delete()
    signed_in.get_by_text("This job was deleted.").wait_for()
    asked = []
    signed_in.on("request", lambda request: asked.append(request.url))
    signed_in.wait_for_timeout(1000 * POLL_SECONDS["queued"] + 500)
    assert asked == []


def test_a_name_that_will_not_do_is_told_beside_its_field_on_a_phone(open_page, transactional_db, alice):
    ensure_builtin_bases()
    page = open_page(width=360, scheme="dark", user=alice)
    fill(page, files(3))
    page.wait_for_url("**/jobs/*")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_label("Name").fill("No Name")
    page.get_by_role("button", name="Try again").click()
    told, field = page.get_by_role("alert").bounding_box(), page.get_by_label("Name").bounding_box()
    expect(page.get_by_label("Name")).to_have_value("No Name")
    assert 0 < told["y"] - field["y"] < 150
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("Name").fill("another-name")
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("Queued again.").wait_for()
    assert Job.objects.filter(name="another-name", state="queued").exists()
