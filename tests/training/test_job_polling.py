"""The page of a job that follows it: what changed comes, what did not costs next to nothing."""

from __future__ import annotations

import re

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.training.results import bring
from training import leases, transitions
from training.leases import add_preview
from training.models import Job, JobPreview, State, Worker
from training.services import cancel_job


def poll(client, page):
    """Ask as the page does that was loaded last."""
    address = re.search(r'hx-get="([^"]+)"', page.content.decode()).group(1).replace("&amp;", "&")
    return client.get(address, headers={"HX-Request": "true"})


def test_a_page_that_has_seen_everything_costs_one_query_and_gets_nothing(alice, as_user, submit):
    job = submit(alice)
    lease = transitions.claim(worker="w")
    client = as_user(alice)
    page = client.get(job.get_absolute_url())
    with CaptureQueriesContext(connection) as told:
        assert poll(client, page).status_code == 204
    of_the_job = [query["sql"] for query in told if "training_job" in query["sql"]]
    assert len(of_the_job) == 1 and len(told) == 3  # session and person beside it
    leases.report("w", {lease: {"step": 7, "loss": 0.5}}, renew=False)
    page = poll(client, page)
    assert "Step 7 of 300" in page.content.decode()
    assert poll(client, page).status_code == 204
    add_preview(
        lease, step=7, template="a {}", prompt="a x", seed=1, variant="learned", blob="0" * 64, width=8, height=8
    )
    assert "at step 7" in poll(client, page).content.decode()


def test_a_job_that_waits_tells_its_place_and_when_it_probably_begins(alice, bob, as_user, submit, pocket):
    first = bring(submit(alice, name="done"), State.SUCCEEDED)
    Job.objects.filter(pk=first.pk).update(step=100, device_seconds=100)
    before, mine = submit(alice, steps=200), submit(bob)
    client = as_user(bob)
    page = client.get(mine.get_absolute_url()).content.decode()
    assert "Place 2 in the queue." in page and "It begins" not in page  # no worker is there
    Worker.objects.create(name="w", slots=8)
    page = client.get(mine.get_absolute_url())
    assert "It begins in about 3 min." in page.content.decode()
    assert poll(client, page).status_code == 204
    cancel_job(job=before)
    assert "Place 1 in the queue. It begins in a moment." in poll(client, page).content.decode()


def test_a_cancelled_job_keeps_what_was_drawn(alice, as_user, submit):
    job = submit(alice)
    lease = transitions.claim(worker="w")
    add_preview(
        lease, step=7, template="a {}", prompt="a x", seed=1, variant="learned", blob="0" * 64, width=8, height=8
    )
    cancel_job(job=job)
    assert transitions.cancel(lease)
    assert "at step 7" in as_user(alice).get(job.get_absolute_url()).content.decode()


def test_a_picture_that_the_storage_lost_is_not_there(alice, as_user, submit):
    job = submit(alice)
    lost = JobPreview.objects.create(
        job=job, step=1, template="{}", prompt="x", seed=1, variant="learned", blob="0" * 64, width=1, height=1
    )
    assert as_user(alice).get(f"/jobs/{job.pk}/pictures/{lost.pk}").status_code == 404


def test_a_failed_job_says_first_what_kind_of_reason_it_is(alice, as_user, submit):
    failed = bring(submit(alice), State.FAILED)
    page = as_user(alice).get(failed.get_absolute_url()).content.decode()
    assert "<b>Training did not work with these images and settings.</b> It broke." in page


def test_the_api_answers_304_until_something_changes(alice, api_as, submit):
    job = submit(alice)
    lease = transitions.claim(worker="w")
    client, address = api_as(alice), f"/api/hub/jobs/{job.pk}"
    tag = client.get(address)["ETag"]
    with CaptureQueriesContext(connection) as told:
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    assert sum("training_job" in query["sql"] for query in told) == 1
    leases.report("w", {lease: {"step": 7}}, renew=False)
    answer = client.get(address, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()["step"]) == (200, 7) and answer["ETag"] != tag
