"""A worker's leases: renewed together, given up in time, and what is wished of jobs and worker comes back."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from training import attempt as attempts
from training import heart, leases, transitions
from training.attempt import Attempt
from training.errors import NotStored
from training.heart import RENEW_SECONDS, Heart
from training.leases import LEASE_SECONDS, LeaseLost
from training.models import Job, Worker
from training.services import cancel_job


@pytest.fixture
def claimed(alice, submit):
    """Claim so many jobs, which one worker trains together."""

    def make(count):
        for number in range(count):
            submit(alice, name=f"job-{number}")
        return [Attempt(transitions.claim(worker="w")) for _ in range(count)]

    return make


@pytest.fixture
def beating():
    return Heart(Worker(name="w", slots=8), lambda: [], lambda: True)


def test_all_jobs_of_a_worker_are_renewed_by_one_statement(claimed, beating):
    trained = claimed(3)
    ends = list(Job.objects.values_list("lease_until", flat=True))
    for one in trained:
        one.renewed -= RENEW_SECONDS
    with CaptureQueriesContext(connection) as told:
        beating.beat(trained)
    assert sum("UPDATE training_job" in query["sql"] for query in told) == 1
    assert all(
        after > before for after, before in zip(Job.objects.values_list("lease_until", flat=True), ends, strict=True)
    )


def test_a_beat_without_news_writes_nothing(claimed, beating):
    trained = claimed(2)
    before = list(Job.objects.values())
    beating.beat(trained)
    assert list(Job.objects.values()) == before


def test_of_several_jobs_only_the_lost_and_the_cancelled_end(claimed, beating):
    lost, unwanted, well = claimed(3)
    Job.objects.filter(pk=lost.lease.job_id).update(fence=7, worker="thief")
    cancel_job(job=Job.objects.get(pk=unwanted.lease.job_id))
    beating.beat([lost, unwanted, well])
    assert [one.ending for one in (lost, unwanted, well)] == ["lost", "cancel", ""]


def test_news_that_could_not_be_written_are_written_with_the_next(claimed, beating, monkeypatch):
    (one,) = claimed(1)
    one.charge(1.5)

    def gone(*_, **__):
        raise OperationalError("server closed the connection")

    with monkeypatch.context() as patched:
        patched.setattr(leases, "report", gone)
        with pytest.raises(OperationalError):
            beating.beat([one])
    beating.beat([one])
    assert Job.objects.get(pk=one.lease.job_id).device_seconds == 1.5


def test_the_trainer_notices_by_itself_that_it_was_not_renewed(claimed):
    """The thread that renews may hang in a dead connection, or the whole process may have slept."""
    (one,) = claimed(1)
    assert not one.should_stop()
    one.renewed -= LEASE_SECONDS
    assert one.should_stop() and one.ending == "lost"


def test_a_worker_says_that_it_is_there_and_hears_that_it_shall_drain(db, beating):
    beating._introduce()
    assert Worker.objects.get().name == "w" and not beating.draining
    Worker.objects.update(draining=True)
    beating._introduced = None
    beating._introduce()
    assert beating.draining and Worker.objects.count() == 1


def test_what_a_job_takes_is_counted_over_its_attempts_and_ends_it_at_the_limit(claimed, beating, settings):
    settings.HUB_JOB_MINUTES = 1
    (one,) = claimed(1)
    one.charge(40)
    beating.beat([one])
    assert transitions.give_back(one.lease)
    again = Attempt(transitions.claim(worker="w"))
    assert again.lease.seconds_before == 40
    again.charge(19)
    assert not again.should_stop()
    again.charge(2)
    assert again.should_stop() and again.ending == "time"


def test_storing_waits_for_a_database_that_comes_back_and_no_longer_than_the_lease(claimed, monkeypatch):
    monkeypatch.setattr(attempts, "RETRY_SECONDS", 0.01)
    (one,) = claimed(1)
    answers = [OperationalError("down"), OperationalError("down"), "stored"]

    def store():
        if isinstance(answer := answers.pop(0), Exception):
            raise answer
        return answer

    assert one.persist(store) == "stored"
    one.renewed -= LEASE_SECONDS
    answers.append(OperationalError("down"))
    with pytest.raises(OperationalError):
        one.persist(store)


def test_a_full_disk_is_waited_for_and_then_told(claimed, monkeypatch):
    monkeypatch.setattr(attempts, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(attempts, "STORAGE_PATIENCE_SECONDS", 0.1)
    (one,) = claimed(1)
    tried = []

    def full():
        tried.append(1)
        with open("/dev/full", "wb") as file:
            file.write(b"x")

    with pytest.raises(NotStored, match="No space left"):
        one.persist(full)
    assert len(tried) > 2


def test_a_lost_lease_is_not_waited_for(claimed):
    (one,) = claimed(1)

    def lost():
        raise LeaseLost

    with pytest.raises(LeaseLost):
        one.persist(lost)


def test_a_heart_that_finds_no_database_beats_on(claimed, monkeypatch):
    (one,) = claimed(1)
    left = iter([True, True, True, False])
    beats = []

    def failing(_):
        beats.append(1)
        raise OperationalError("down")

    beating = Heart(Worker(name="w", slots=8), lambda: [one], lambda: next(left))
    monkeypatch.setattr(beating, "beat", failing)
    monkeypatch.setattr(heart, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(heart.connection, "close", lambda: None)  # it is the test's own here
    beating.run()
    assert len(beats) == 3
