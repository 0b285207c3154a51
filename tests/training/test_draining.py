"""A trainer that staff drain: it ends what it trains, takes nothing more, can be stopped then; and what it logs on the way."""

from __future__ import annotations

import json
import threading
import time

import pytest

from hub.logs import JsonLines
from tests.training.worker_process import wait_until
from training import figures, runner
from training.attempt import Attempt
from training.inversion.callbacks import Stage
from training.models import Job, State, Worker

pytestmark = pytest.mark.django_db(transaction=True)

#: Seconds between two looks for jobs, so that many pass in the second that the test waits.
POLL_SECONDS = 0.1


def state_of(job):
    return Job.objects.values_list("state", flat=True).get(pk=job.pk)


def test_a_drained_trainer_ends_its_job_takes_no_more_and_says_so(
    as_user, sam, alice, submit, tiny, monkeypatch, caplog
):
    monkeypatch.setattr(runner, "POLL_SECONDS", POLL_SECONDS)
    staff, trainer = as_user(sam), runner.Trainer()
    reached, go_on = threading.Event(), threading.Event()

    class Held(Attempt):
        def on_stage(self, stage):
            super().on_stage(stage)
            if stage == Stage.ENCODING:
                reached.set()
                go_on.wait(60)

    trainer.attempt_of = Held
    first = submit(alice, base=tiny, name="first")
    with caplog.at_level("INFO"):
        trainer.start()
        try:
            assert reached.wait(60)
            wait_until(Worker.objects.exists, "the worker's row")
            assert staff.post(f"/staff/workers/{trainer.name}/drain").status_code == 302
            second = submit(alice, base=tiny, name="second")
            [busy] = figures.workers()
            assert (busy.label, busy.jobs) == ("takes no more jobs", 1)
            go_on.set()
            wait_until(lambda: state_of(first) == State.SUCCEEDED, "the end of what it trained")
            time.sleep(1)
            [empty] = figures.workers()
            assert state_of(second) == State.QUEUED and trainer.alive
            assert (empty.name, empty.label) == (trainer.name, "empty: it can be stopped")
        finally:
            go_on.set()
            assert trainer.stop(60)
    assert not Worker.objects.exists()

    lines = [json.loads(JsonLines().format(record)) for record in caplog.records]
    about = [line for line in lines if line["logger"] == "training.runner"]
    assert [line["message"].split(": ")[1] for line in about] == ["begun", "succeeded"]
    assert {(line["job"], line["fence"], line["worker"]) for line in about} == {(first.pk, 1, trainer.name)}
    [asked] = [line for line in lines if line["logger"] == "training.staff"]
    assert asked["worker"] == trainer.name and asked["message"].endswith("takes no more jobs, asked by sam")
