"""The page of queue and workers: what it shows, what it costs, and what staff do on it."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hub.accounts.models import Notice
from registry.models import AuditEntry
from tests.training.crowd import BUSY, DRAINING, EMPTY, SILENT, crowd
from tests.training.results import bring
from training import transitions
from training.models import Job, State, Worker

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def staff(as_user, sam):
    return as_user(sam)


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def told(answer):
    """What the page says to an action, whose redirect was followed."""
    return [str(message) for message in answer.context["messages"]][-1]


def statements(client):
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/staff/jobs", **HTMX).status_code == 200
    return len(queries)


def test_it_costs_the_same_for_a_few_jobs_and_for_hundreds(staff, pocket, django_assert_max_num_queries):
    none = statements(staff)
    crowd(pocket, people=40, each=4)
    assert Job.objects.count() == 800
    with django_assert_max_num_queries(11):  # session, account, and nine figures
        page = staff.get("/staff/jobs", **HTMX)
    assert statements(staff) == none
    assert len(page.content) < 250_000  # lists are cut, their ends are counted
    assert "And 110 more" in text_of(page)


def test_it_shows_queue_jobs_workers_ends_and_failures(staff, pocket):
    crowd(pocket)
    text = text_of(staff.get("/staff/jobs"))
    assert "Waiting 24" in text and "Training 24" in text and "Workers that take jobs 1" in text
    for name, state in ((BUSY, "takes jobs"), (DRAINING, "takes no more jobs"), (EMPTY, "empty: it can be stopped")):
        assert f"{name} {state}" in text
    assert f"{SILENT} not heard of cpu 2 0" in text and "4 min ago" in text
    assert "diverged Training did not work with these images and settings." in text
    assert "训练在第 120 步发散" in text


def test_an_open_page_gets_the_part_that_changes(staff):
    part = staff.get("/staff/jobs", **HTMX).content.decode()
    assert part.lstrip().startswith('<div id="figures"') and "<html" not in part and 'hx-trigger="every 5s"' in part


def test_waiting_jobs_without_a_worker_are_told(staff, alice, submit):
    submit(alice)
    assert "no worker takes any" in text_of(staff.get("/staff/jobs"))
    Worker.objects.create(name=BUSY, slots=1)
    assert "no worker takes any" not in text_of(staff.get("/staff/jobs"))


def test_a_requeued_job_is_its_old_worker_s_no_more_and_taken_once(staff, alice, submit):
    job = submit(alice)
    old = transitions.claim(worker="w")
    address = f"/staff/jobs/{job.pk}/requeue"
    assert "waits again" in told(staff.post(address, {"fence": old.fence}, follow=True))
    assert not old.row().update(step=99)
    new = transitions.claim(worker="w")  # even under its own name
    assert "gone on meanwhile" in told(staff.post(address, {"fence": old.fence}, follow=True))
    assert new.row().exists() and not old.row().exists()
    assert "gone on meanwhile" in told(staff.post(address, {"fence": "x"}, follow=True))


def test_a_cancelled_job_ends_and_its_owner_hears_of_it(staff, alice, submit):
    waiting, running = submit(alice), submit(alice, name="other")
    assert "is cancelled" in told(staff.post(f"/staff/jobs/{waiting.pk}/cancel", follow=True))
    lease = transitions.claim(worker="w")
    staff.post(f"/staff/jobs/{running.pk}/cancel")
    assert transitions.cancel(lease)
    assert set(Job.objects.values_list("state", flat=True)) == {State.CANCELLED}
    assert "had ended already" in told(staff.post(f"/staff/jobs/{running.pk}/cancel", follow=True))
    told_to = Notice.objects.values_list("owner__username", "text", "url").order_by("id")
    assert list(told_to) == [
        ("alice", "cobalt-heart was cancelled by the staff of this hub.", f"/jobs/{waiting.pk}"),
        ("alice", "other was cancelled by the staff of this hub.", f"/jobs/{running.pk}"),
    ]


def test_a_failed_job_is_tried_again_for_its_owner_within_the_owner_s_limits(staff, alice, submit, settings):
    job = bring(submit(alice), State.FAILED)
    settings.HUB_ACCOUNT_JOBS = 0
    assert "alice would read: “You have 0 unfinished jobs" in told(
        staff.post(f"/staff/jobs/{job.pk}/retry", follow=True)
    )
    settings.HUB_ACCOUNT_JOBS = 10
    staff.post(f"/staff/jobs/{job.pk}/retry")
    again = Job.objects.get(state=State.QUEUED)
    assert (again.owner, again.name) == (alice, job.name)
    assert Notice.objects.filter(owner=alice, url=again.get_absolute_url(), text__contains="queued again").exists()
    assert "was not queued again" in told(staff.post(f"/staff/jobs/{job.pk}/retry", follow=True))  # its name is taken


def test_a_drained_worker_gets_no_more_jobs_from_that_moment(staff, alice, submit):
    submit(alice)
    Worker.objects.create(name=BUSY, slots=1)
    staff.post(f"/staff/workers/{BUSY}/drain")
    assert transitions.claim(worker=BUSY) is None
    staff.post(f"/staff/workers/{BUSY}/undrain")
    assert transitions.claim(worker=BUSY) is not None
    assert staff.post("/staff/workers/nobody/drain").status_code == 404
    assert staff.post("/staff/workers/no%00body/drain").status_code == 404


def test_each_action_is_in_the_audit_log_once_it_was_done(staff, alice, sam, submit):
    job = submit(alice)
    lease = transitions.claim(worker="w")
    staff.post(f"/staff/jobs/{job.pk}/requeue", {"fence": "x"})  # nothing is done, nothing noted
    staff.post(f"/staff/jobs/{job.pk}/requeue", {"fence": lease.fence})
    staff.post(f"/staff/jobs/{job.pk}/cancel")
    staff.post(f"/staff/jobs/{job.pk}/cancel")
    staff.post(f"/staff/jobs/{job.pk}/retry")
    again = Job.objects.get(state=State.QUEUED)
    Worker.objects.create(name=BUSY, slots=1)
    staff.post(f"/staff/workers/{BUSY}/drain")
    entries = AuditEntry.objects.order_by("id").values_list("action", "by", "kind", "key", "about", "text")
    assert list(entries) == [
        ("job.requeue", sam.pk, "training.job", str(job.pk), alice.pk, "From w."),
        ("job.cancel", sam.pk, "training.job", str(job.pk), alice.pk, ""),
        ("job.retry", sam.pk, "training.job", str(job.pk), alice.pk, f"As job {again.pk}."),
        ("worker.drain", sam.pk, "training.worker", BUSY, None, ""),
    ]


def test_what_an_action_told_comes_with_the_part_and_stays_when_the_page_asks_again(staff, alice, submit):
    job = submit(alice)
    done = staff.post(f"/staff/jobs/{job.pk}/cancel", follow=True, **HTMX).content.decode()
    assert 'id="told" class="told" role="status" hx-swap-oob="true"' in done and "is cancelled" in done
    assert "told" not in staff.get("/staff/jobs", **HTMX).content.decode()
