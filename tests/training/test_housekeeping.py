"""The worker's housekeeping: each task in its time, by one worker, and no error ends it; in a real worker process too."""

from __future__ import annotations

import signal
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from hub.accounts.models import Notice
from hub.accounts.notices import notify
from registry import storage
from tests.registry.samples import at_once
from tests.registry.test_sweep import age, path
from tests.support.mail_server import MailServer
from tests.training.results import bring
from tests.training.worker_process import WorkerProcess, wait_until
from training import housekeeping, transitions
from training.housekeeping import TASKS, Housekeeping, Task, do
from training.models import Duty, Job, State, Worker

pytestmark = pytest.mark.django_db


def go_on():
    return False


def task(name):
    return next(task for task in TASKS if task.name == name)


def test_a_task_is_begun_once_in_its_interval():
    done = []
    sweep = Task("sweep", timedelta(hours=1), lambda stopping: done.append(1))
    assert [do(sweep, go_on) for _ in range(3)] == [True, False, False]
    Duty.objects.update(begun=F("begun") - timedelta(minutes=61))
    assert do(sweep, go_on) and len(done) == 2


def test_a_clock_that_was_set_back_keeps_no_task_waiting():
    sweep = Task("sweep", timedelta(hours=1), lambda stopping: None)
    assert do(sweep, go_on)
    Duty.objects.update(begun=F("begun") + timedelta(days=400))
    assert [do(sweep, go_on) for _ in range(2)] == [True, False]


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_one_does_it():
    done = []
    sweep = Task("sweep", timedelta(hours=1), lambda stopping: done.append(1))
    assert sorted(at_once([lambda: do(sweep, go_on)] * 6)) == [False] * 5 + [True]
    assert done == [1]


def test_names_are_different_and_intervals_are_some():
    assert len({task.name for task in TASKS}) == len(TASKS)
    assert all(task.every > timedelta(seconds=housekeeping.LOOK_SECONDS) for task in TASKS)


@pytest.mark.django_db(transaction=True)
def test_an_error_is_logged_and_the_next_task_is_done(monkeypatch, caplog):
    stop, done = threading.Event(), threading.Event()

    def fail(stopping):
        raise ValueError("broken on purpose")

    def kill_the_connection(stopping):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    tasks = [Task(act.__name__, timedelta(hours=1), act) for act in (fail, kill_the_connection, lambda _: done.set())]
    monkeypatch.setattr(housekeeping, "TASKS", tasks)
    monkeypatch.setattr(housekeeping, "LOOK_SECONDS", 0.05)
    thread = Housekeeping(stop)
    thread.start()
    assert done.wait(10)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert "broken on purpose" in caplog.text and "the database does not answer" in caplog.text


def test_a_job_whose_workers_died_is_ended_where_no_worker_claims(alice, submit):
    job = submit(alice)
    transitions.claim(worker="dead")
    Job.objects.update(attempts=transitions.MAX_ATTEMPTS, lease_until=Now() - timedelta(seconds=1))
    do(task("abandoned jobs"), go_on)
    job.refresh_from_db()
    assert (job.state, job.error_code) == (State.FAILED, "worker_lost")
    assert Notice.objects.get().owner == alice


def test_workers_that_said_nothing_for_a_day_are_forgotten():
    for name, hours in (("here", 0), ("asleep", 23), ("gone", 25)):
        Worker.objects.create(name=name, slots=1, seen=Now() - timedelta(hours=hours))
    do(task("workers"), go_on)
    assert set(Worker.objects.values_list("name", flat=True)) == {"here", "asleep"}


def test_files_that_nothing_names_are_swept(caplog):
    caplog.set_level("INFO")
    left = storage.put(b"of a refused upload")
    age(path(left))
    do(task("orphaned files"), go_on)
    assert not path(left).exists() and "Swept 1 stored files of 19 bytes" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_worker_does_all_of_it_and_stops_in_time_while_a_mail_server_says_nothing(
    alice, submit, tmp_path, monkeypatch
):
    alice.email = "alice@example.org"
    alice.save()
    job = bring(submit(alice), State.FAILED)
    Job.objects.update(finished=F("finished") - timedelta(days=400))
    Worker.objects.create(name="gone", slots=1, seen=Now() - timedelta(days=2))
    with MailServer() as server:
        monkeypatch.setenv("HUB_EMAIL_HOST", "127.0.0.1")
        monkeypatch.setenv("HUB_EMAIL_TLS", "0")
        monkeypatch.setenv("HUB_EMAIL_PORT", str(server.port))
        monkeypatch.setenv("HUB_PUBLIC_URL", "https://hub.example.org/")
        with WorkerProcess(tmp_path) as worker:
            wait_until(lambda: Duty.objects.filter(begun__isnull=False).count() == len(TASKS), "all tasks")
            wait_until(lambda: server.mails, "a mail")
            assert f"https://hub.example.org{job.get_absolute_url()}" in server.mails[0].get_content()
            wait_until(lambda: not job.images.exists() and not Worker.objects.filter(name="gone").exists(), "its ends")

            server.silent, before = True, server.connections
            notify(owner_id=alice.pk, key="another", text="Another.", url="/")
            Duty.objects.filter(name="mails").update(begun=None)
            wait_until(lambda: server.connections > before, "another connection")
            status, seconds = worker.stop(signal.SIGTERM)
            assert status == 0 and seconds < 10, worker.log.read_text()
        assert Notice.objects.get(key="another").mail_after is not None  # it is mailed later
