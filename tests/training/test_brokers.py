"""The same story over each queue, with a real server and a real worker process: woken, flooded, emptied, down, restarted."""

from __future__ import annotations

import statistics
import time

import pytest
from django.db import connection
from dramatiq import Message

from tests.support.brokers import PASSWORD, PostgresQueue, RabbitmqQueue, RedisQueue
from tests.training.worker_process import WorkerProcess, ended, stepping, wait_until
from training import actors, broker
from training.models import State
from training.services import cancel_job

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 20_000


KINDS = (PostgresQueue, RedisQueue, RabbitmqQueue)


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """All that can be started here, started at once: RabbitMQ needs some seconds."""
    servers = {kind: kind(tmp_path_factory.mktemp(kind.name)) for kind in KINDS if not kind.missing}
    try:
        for server in servers.values():
            server.start()
        yield servers
    finally:
        for server in servers.values():
            server.close()


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def server(request, servers):
    if request.param.missing:
        pytest.skip(request.param.missing)
    server = servers[request.param]
    wait_until(server.is_up, f"an answer of {server.name}")
    return server


@pytest.fixture
def queue(server, settings, monkeypatch):
    """The queue that this process sends to, as the web server would."""
    settings.HUB_BROKER_URL = server.url
    monkeypatch.setattr(actors.wake, "broker", broker.build(server.url, connection.settings_dict))
    monkeypatch.setattr(actors, "send_wake", actors.WakeSender())
    yield server
    if not server.is_up():  # the test failed half-way
        server.start()


def test_a_worker_is_woken_by_messages_and_needs_none(
    queue, alice, submit, tiny, tmp_path, client, monkeypatch, caplog
):
    def empty():
        return queue.waiting() == 0

    def run(name):
        """Submit a job, wait for its end, and return for how many seconds it was queued."""
        job = submit(alice, base=tiny, name=name)
        wait_until(ended(job), f"the end of {name}")
        assert job.state == State.SUCCEEDED, job.traceback
        return (job.started - job.created).total_seconds()

    lost = submit(alice, base=tiny, name="lost")
    wait_until(queue.waiting, "a message")
    queue.empty()
    monkeypatch.setenv("HUB_BROKER_URL", queue.url)
    with WorkerProcess(tmp_path) as worker:
        wait_until(ended(lost), "the end of a job without a message")
        # The worker looks for jobs when one has ended, and by itself not before two seconds later.
        waits = [run(f"woken-{number}") for number in range(3)]
        assert statistics.median(waits) < 1.5, waits

        # No message is kept while a job trains, however many there are, and whatever is in them.
        long = submit(alice, base=tiny, name="long", steps=LONG)
        wait_until(stepping(long), "progress")
        for _ in range(10):
            actors.wake.send()
        actors.wake.send("what", is_="this")
        actors.wake.broker.enqueue(Message(broker.QUEUE, "nobody", args=(), kwargs={}, options={}))
        wait_until(empty, "acknowledged messages")
        queue.put_garbage()
        wait_until(lambda: "Failed to decode message" in worker.log.read_text(), "a word about the garbage")

        # Without its server nobody is held up, nothing stops, and jobs are found.
        queue.stop()
        health = client.get("/healthz")
        assert health.status_code == 503
        assert health.json() == {"status": "unavailable", "database": "ok", "storage": "ok", "queue": "does not answer"}
        begun = time.monotonic()
        job = submit(alice, base=tiny, name="while-down")
        assert time.monotonic() - begun < 1
        wait_until(lambda: "could not be sent" in caplog.text, "a word about the lost message")
        queue.start()
        wait_until(ended(job), "the end of a job submitted while the queue was down")

        # When it is back, the worker listens again.
        wait_until(queue.is_up, "the queue's return")
        assert client.get("/healthz").status_code == 200
        queue.empty()
        actors.wake.send()
        wait_until(empty, "a worker that listens again", seconds=20)
        long.refresh_from_db()
        assert (long.state, long.fence, long.attempts) == (State.RUNNING, 1, 1)
        assert cancel_job(job=long)
        wait_until(ended(long), "the long job's end")
        assert run("again") < 2
        assert worker.stop()[0] == 0
    assert PASSWORD not in worker.log.read_text() + caplog.text
    assert not getattr(actors.wake.broker, "connections", ())  # RabbitMQ would cut them for the lack of heartbeats
