"""The trainer's threads, in this process: it finds jobs without any message, and stops in time whatever it is doing."""

from __future__ import annotations

import threading
import time

import pytest

from tests.training.worker_process import wait_until
from training import runner
from training.attempt import Attempt
from training.inversion.callbacks import Stage
from training.models import Job, State
from training.runner import POLL_SECONDS, Trainer

pytestmark = pytest.mark.django_db(transaction=True)


def state_of(job):
    return Job.objects.values_list("state", flat=True).get(pk=job.pk)


@pytest.fixture
def trainer():
    made = Trainer()
    yield made
    assert made.stop(60)


def test_a_job_without_a_message_is_found_within_the_poll(alice, submit, tiny, trainer):
    trainer.start()
    time.sleep(0.5)  # it has looked once and sleeps
    job = submit(alice, base=tiny)  # nothing here listens to the queue
    wait_until(lambda: state_of(job) == State.SUCCEEDED, "a job that no message told of", seconds=2 * POLL_SECONDS + 20)
    assert trainer.alive


def test_a_trainer_that_does_not_get_on_counts_as_dead(trainer, db, monkeypatch):
    trainer.start()
    wait_until(lambda: trainer.alive, "its start")
    monkeypatch.setattr(runner, "HANG_SECONDS", -1.0)
    assert not trainer.alive


def test_a_stop_gives_the_job_back_even_when_the_engine_does_not_listen(alice, submit, tiny, trainer):
    job = submit(alice, base=tiny)
    reached, go_on = threading.Event(), threading.Event()

    class Deaf(Attempt):
        def on_stage(self, stage):
            super().on_stage(stage)
            if stage == Stage.ENCODING:
                reached.set()
                go_on.wait(30)

    trainer.attempt_of = Deaf
    trainer.start()
    assert reached.wait(60)
    begun = time.monotonic()
    assert trainer.stop(0.3) is False
    assert time.monotonic() - begun < 2
    job.refresh_from_db()
    assert (job.state, job.attempts, job.worker) == (State.QUEUED, 0, "")
    before = Job.objects.values().get(pk=job.pk)
    go_on.set()  # the engine wakes up and goes on; the job is not its any more
    assert trainer.stop(60)
    assert Job.objects.values().get(pk=job.pk) == before
