"""Claims, leases and fences, on a real database with real second connections."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from training import leases, transitions
from training.leases import LeaseLost
from training.models import Job, JobPreview, State
from training.services import cancel_job
from training.transitions import MAX_ATTEMPTS

PREVIEW = {
    "template": "a {}",
    "prompt": "a x",
    "seed": 1,
    "variant": "learned",
    "blob": "0" * 64,
    "width": 8,
    "height": 8,
}


@pytest.fixture
def queue(alice, pocket):
    """Make jobs that wait."""

    def make(count=1, **fields):
        return [
            Job.objects.create(
                owner=alice,
                base=pocket,
                name=f"job-{number}",
                token="<x>",
                kind="object",
                initialiser="thing",
                vectors=1,
                total_steps=10,
                **fields,
            )
            for number in range(count)
        ]

    return make


def let_lease_run_out(job):
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timezone.timedelta(seconds=1))


def report(lease, news, *, renew=False, **how):
    """Report one job; return whether somebody wants it cancelled, or raise that the lease is lost."""
    held = leases.report(lease.worker, {lease: news}, renew=renew, **how)
    if lease not in held:
        raise LeaseLost
    return held[lease]


def elsewhere(call):
    """Run a call in a thread, which has a database connection of its own."""

    def run():
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def test_a_claim_takes_the_oldest_waiting_job_and_names_its_worker(queue):
    first, second = queue(2)
    lease = transitions.claim(worker="w1")
    first.refresh_from_db()
    assert (lease.job_id, lease.fence) == (first.pk, 1)
    assert (first.state, first.worker, first.attempts) == (State.RUNNING, "w1", 1)
    assert first.started is not None and first.lease_until > timezone.now()
    assert transitions.claim(worker="w1").job_id == second.pk
    assert transitions.claim(worker="w1") is None


@pytest.mark.django_db(transaction=True)
def test_jobs_are_claimed_once_however_many_workers_ask_at_the_same_time(queue, settings):
    settings.HUB_ACCOUNT_RUNNING_JOBS = 6
    jobs = queue(6)
    start = threading.Barrier(8)

    def claim_all(number):
        start.wait()
        mine = []
        try:
            while (lease := transitions.claim(worker=f"w{number}")) is not None:
                mine.append(lease.job_id)
        finally:
            connection.close()
        return mine

    with ThreadPoolExecutor(8) as pool:
        claimed = [job for jobs_of_one in pool.map(claim_all, range(8)) for job in jobs_of_one]
    assert sorted(claimed) == [job.pk for job in jobs]
    assert set(Job.objects.values_list("attempts", "fence")) == {(1, 1)}


@pytest.mark.django_db(transaction=True)
def test_a_job_that_somebody_is_changing_is_passed_over(queue):
    first, second = queue(2)
    with transaction.atomic():
        Job.objects.select_for_update().get(pk=first.pk)
        assert elsewhere(lambda: transitions.claim(worker="w1")).job_id == second.pk


def test_beside_a_job_only_the_next_one_in_order_is_taken_and_only_if_it_fits(queue, tiny):
    first, second = queue(2)
    lease = transitions.claim(worker="w1")
    assert transitions.claim(worker="w1", beside=lease.job_id).job_id == second.pk
    (other,) = queue(1)
    Job.objects.filter(pk=other.pk).update(base=tiny)
    (fitting,) = queue(1)
    assert transitions.claim(worker="w1", beside=lease.job_id) is None  # else the one before it might wait for ever
    assert transitions.claim(worker="w2").job_id == other.pk
    assert transitions.claim(worker="w1", beside=lease.job_id).job_id == fitting.pk
    assert [lease.job_id, first.pk] == [first.pk] * 2


def test_a_job_whose_worker_died_trains_alone(queue):
    """It may be what killed it, and with it those that trained beside it."""
    suspect, other = queue(2)
    transitions.claim(worker="w1")
    let_lease_run_out(suspect)
    assert transitions.claim(worker="w2").job_id == suspect.pk
    assert transitions.claim(worker="w2", beside=suspect.pk) is None
    lease = transitions.claim(worker="w3")
    assert lease.job_id == other.pk
    let_lease_run_out(suspect)
    assert transitions.claim(worker="w3", beside=other.pk) is None


def test_a_running_job_is_not_claimed_while_its_lease_lasts(queue):
    queue()
    transitions.claim(worker="w1")
    assert transitions.claim(worker="w2") is None


def test_the_job_of_a_dead_worker_is_taken_back_with_a_higher_fence(queue):
    (job,) = queue()
    dead = transitions.claim(worker="w1")
    report(dead, {"step": 7, "loss": 0.5, "loss_curve": [[5, 0.5]]})
    leases.add_preview(dead, step=5, **PREVIEW)
    let_lease_run_out(job)
    lease = transitions.claim(worker="w2")
    job.refresh_from_db()
    assert (lease.fence, job.worker, job.attempts) == (2, "w2", 2)
    assert (job.step, job.loss, job.loss_curve, job.previews.count()) == (0, None, [], 0)


EFFECTS = {
    "progress": lambda lease: report(lease, {"step": 9}),
    "renewal": lambda lease: report(lease, {}, renew=True),
    "question": lambda lease: report(lease, {}),
    "preview": lambda lease: leases.add_preview(lease, step=9, **PREVIEW),
    "success": lambda lease: transitions.succeed(lease, step=10),
    "failure": lambda lease: transitions.fail(lease, code="internal", message="It broke."),
    "cancelling": transitions.cancel,
    "giving back": transitions.give_back,
}


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("thief", ["another worker", "the same worker again", "its owner, who cancelled it", "an end"])
def test_a_worker_that_lost_its_lease_changes_nothing(queue, effect, thief):
    (job,) = queue()
    old = transitions.claim(worker="w1")
    if thief == "its owner, who cancelled it":
        cancel_job(job=job)
        assert transitions.cancel(old)
    elif thief == "an end":
        transitions.succeed(old)
    else:
        let_lease_run_out(job)
        assert transitions.claim(worker="w2" if thief == "another worker" else "w1").fence == 2
    before = Job.objects.values().get(pk=job.pk)
    try:
        took = EFFECTS[effect](old)
    except LeaseLost:
        took = False
    assert not took
    assert Job.objects.values().get(pk=job.pk) == before
    assert not JobPreview.objects.exists()


def test_a_lease_is_renewed_only_when_asked(queue):
    (job,) = queue()
    lease = transitions.claim(worker="w1", seconds=5)
    job.refresh_from_db()
    ends = job.lease_until
    assert report(lease, {"step": 3}) is False
    job.refresh_from_db()
    assert (job.step, job.lease_until) == (3, ends)
    report(lease, {}, renew=True, seconds=50)
    job.refresh_from_db()
    assert 40 < (job.lease_until - ends).total_seconds() < 60


def test_the_wish_to_cancel_comes_back_with_a_report(queue):
    (job,) = queue()
    lease = transitions.claim(worker="w1")
    assert report(lease, {}) is False
    assert cancel_job(job=job)
    assert report(lease, {"step": 1}) is True
    assert transitions.cancel(lease)
    job.refresh_from_db()
    assert (job.state, job.lease_until) == (State.CANCELLED, None) and job.finished is not None


def test_a_job_is_not_cancelled_that_nobody_wants_cancelled(queue):
    queue()
    assert transitions.cancel(transitions.claim(worker="w1")) is False


@pytest.mark.django_db(transaction=True)
def test_a_report_gives_up_soon_when_the_row_is_locked(queue, monkeypatch):
    monkeypatch.setattr(leases, "RENEWAL_TIMEOUT_MS", 200)
    (job,) = queue()
    lease = transitions.claim(worker="w1")
    with transaction.atomic():
        Job.objects.select_for_update().get(pk=job.pk)
        with pytest.raises(Exception, match="statement timeout"):
            elsewhere(lambda: report(lease, {"step": 1}, renew=True))


def test_a_job_that_keeps_losing_its_workers_fails_and_says_so(queue):
    (job,) = queue()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert transitions.claim(worker="w").fence == attempt
        let_lease_run_out(job)
    assert transitions.claim(worker="w") is None
    job.refresh_from_db()
    assert (job.state, job.error_code, job.attempts) == (State.FAILED, "worker_lost", MAX_ATTEMPTS)
    assert f"{MAX_ATTEMPTS} times" in job.error_message and job.finished is not None


def test_a_job_whose_worker_died_after_its_owner_cancelled_it_is_cancelled(queue):
    (job,) = queue()
    transitions.claim(worker="w1")
    cancel_job(job=job)
    let_lease_run_out(job)
    assert transitions.claim(worker="w2") is None
    job.refresh_from_db()
    assert job.state == State.CANCELLED


def test_a_job_given_back_waits_again_and_the_attempt_is_not_counted(queue):
    (job,) = queue()
    assert transitions.give_back(transitions.claim(worker="w1"))
    job.refresh_from_db()
    assert (job.state, job.attempts, job.worker, job.lease_until, job.finished) == (State.QUEUED, 0, "", None, None)
    assert transitions.claim(worker="w2").fence == 2


def test_a_job_given_back_that_its_owner_cancelled_does_not_wait_again(queue):
    (job,) = queue()
    lease = transitions.claim(worker="w1")
    cancel_job(job=job)
    assert transitions.give_back(lease)
    job.refresh_from_db()
    assert job.state == State.CANCELLED and job.finished is not None


def test_a_failure_keeps_its_reason_within_the_columns(queue):
    (job,) = queue()
    transitions.fail(
        transitions.claim(worker="w1"), code="internal", message="m" * 900, traceback="x" * 50_000 + "the end"
    )
    job.refresh_from_db()
    assert (job.state, job.error_code, len(job.error_message)) == (State.FAILED, "internal", 500)
    assert job.traceback.endswith("the end") and len(job.traceback) == transitions.MAX_TRACEBACK_CHARACTERS


def test_times_are_the_database_servers(queue):
    (job,) = queue()
    transitions.claim(worker="w1", seconds=60)
    assert Job.objects.filter(
        pk=job.pk, lease_until__gt=Now(), lease_until__lt=Now() + timezone.timedelta(seconds=61)
    ).exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_pauses_in_a_transaction_holds_nobody_up_and_tries_again(queue, monkeypatch):
    """As one does that was suspended there: the server undoes what it had begun."""
    monkeypatch.setattr(leases, "IDLE_TIMEOUT_MS", 200)
    (job,) = queue()

    def pausing():
        with leases.worker_transaction():
            Job.objects.filter(pk=job.pk).update(name="half-done")
            time.sleep(1)
            Job.objects.filter(pk=job.pk).update(name="done")

    with pytest.raises(OperationalError, match="had paused"):
        elsewhere(pausing)
    job.refresh_from_db()
    assert job.name == "job-0"
