"""A real worker process: cancelled, stopped, killed, and broken."""

from __future__ import annotations

import signal
import time

import pytest
from django.db import connection
from django.utils import timezone

from registry.models import Embedding
from tests.training.worker_process import WorkerProcess, ended, stepping, wait_until
from training.models import Job, State
from training.services import cancel_job

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 20_000


def test_a_worker_trains_what_is_submitted_stops_what_is_cancelled_and_gives_back_what_it_cannot_end(
    alice, submit, tiny, tmp_path
):
    with WorkerProcess(tmp_path) as worker:
        job = submit(alice, base=tiny)
        wait_until(ended(job), "the first job's end")
        assert (job.state, job.error_message) == (State.SUCCEEDED, ""), worker.log.read_text()
        assert job.embedding.visibility == "private" and job.version.previews.count() == 12

        job = submit(alice, base=tiny, name="cancelled", steps=LONG)
        wait_until(stepping(job), "progress")
        begun = time.monotonic()
        assert cancel_job(job=job)
        wait_until(ended(job), "the cancelled job's end")
        assert job.state == State.CANCELLED and time.monotonic() - begun < 3

        job = submit(alice, base=tiny, name="given-back", steps=LONG)
        wait_until(stepping(job), "progress")
        status, seconds = worker.stop(signal.SIGTERM)
        assert status == 0 and seconds < 10, worker.log.read_text()
    job.refresh_from_db()
    assert (job.state, job.worker, job.attempts, job.lease_until) == (State.QUEUED, "", 0, None)
    assert Embedding.objects.count() == 1


def test_the_job_of_a_killed_worker_is_taken_back_and_a_worker_whose_trainer_died_says_so(
    alice, submit, tiny, tmp_path
):
    job = submit(alice, base=tiny, steps=LONG)
    with WorkerProcess(tmp_path) as victim:
        wait_until(stepping(job), "progress")
        victim.stop(signal.SIGKILL)
    job.refresh_from_db()
    assert (job.state, job.fence, job.attempts) == (State.RUNNING, 1, 1)
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timezone.timedelta(seconds=1), total_steps=6)
    with WorkerProcess(tmp_path) as worker:
        wait_until(ended(job), "the end of the job taken back")
        assert (job.state, job.fence, job.attempts) == (State.SUCCEEDED, 2, 2), worker.log.read_text()
        assert job.previews.filter(final=True).count() == 12
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE training_job RENAME TO training_job_away")
        try:
            assert worker.end() == 1
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE training_job_away RENAME TO training_job")


def test_a_worker_whose_scoring_model_is_not_there_says_so_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("HUB_SCORING_MODELS", str(tmp_path / "gone"))
    with WorkerProcess(tmp_path) as worker:
        assert worker.end() == 1
        assert "CommandError: The scorer gone could not be loaded" in worker.log.read_text()
