"""A real worker that staff drain: it ends what it trains, takes nothing more, and can be stopped then."""

from __future__ import annotations

import json
import time

import pytest

from tests.training.worker_process import WorkerProcess, wait_until
from training import figures
from training.models import Job, State, Worker
from training.runner import POLL_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)

#: Of the tiny model: seconds of training, so that the worker is drained before they end.
STEPS = 250


def in_state(job, state):
    return lambda: Job.objects.filter(pk=job.pk, state=state).exists()


def test_a_drained_worker_ends_its_job_claims_nothing_and_says_so(
    as_user, sam, alice, submit, tiny, tmp_path, monkeypatch
):
    monkeypatch.setenv("HUB_LOG_FORMAT", "json")
    staff = as_user(sam)
    with WorkerProcess(tmp_path) as worker:
        name = wait_until(Worker.objects.first, "the worker's row").name
        first = submit(alice, base=tiny, name="first", steps=STEPS)
        wait_until(in_state(first, State.RUNNING), "the first job's claim")
        staff.post(f"/staff/workers/{name}/drain")
        second = submit(alice, base=tiny, name="second")
        assert in_state(first, State.RUNNING)(), "drained too late to prove anything; raise STEPS"
        wait_until(in_state(first, State.SUCCEEDED), "the first job's end")
        time.sleep(POLL_SECONDS * 1.5)
        assert in_state(second, State.QUEUED)() and worker.process.poll() is None
        [row] = figures.workers()
        assert (row.name, row.label) == (name, "empty: it can be stopped")
        assert worker.stop()[0] == 0
    assert not Worker.objects.exists()

    records = [json.loads(line) for line in worker.log.read_text().splitlines()]
    about_first = [record for record in records if record.get("job") == first.pk]
    assert [record["message"].split(": ")[1] for record in about_first] == ["begun", "succeeded"]
    assert {(record["fence"], record["worker"]) for record in about_first} == {(1, name)}
    assert {record["worker"] for record in records if record["logger"].endswith("worker")} == {name}
