"""What staff are told of the hub: whole, right, and at the same cost however many jobs there are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests.training.crowd import BUSY, DRAINING, EMPTY, SILENT, crowd
from tests.training.results import bring
from training import figures, transitions
from training.failures import Reason
from training.models import Job, State, Worker


@pytest.fixture
def busy(pocket):
    """A crowd of six people, whose jobs no limit holds back."""
    return crowd(pocket)


def ago(**time):
    return timezone.now() - timedelta(**time)


def test_a_job_that_waits_is_counted_once_by_what_holds_it(alice, bob, submit, settings):
    settings.HUB_ACCOUNT_RUNNING_JOBS = 2
    for number in range(4):
        submit(alice, name=f"of-alice-{number}")
    submit(bob)
    transitions.claim(worker="w")
    Job.objects.filter(state=State.QUEUED, owner=alice).update(created=ago(minutes=5))
    assert {depth.held: depth.jobs for depth in figures.depths()} == {"": 2, "minutes": 0, "running": 2}
    assert {depth.held: round(depth.oldest_seconds / 60) for depth in figures.depths()}["running"] == 5
    settings.HUB_ACCOUNT_MINUTES_A_DAY = 0
    assert {depth.held: depth.jobs for depth in figures.depths()} == {"": 0, "minutes": 4, "running": 0}
    assert {job.why for job in figures.waiting_jobs()} == {"the account’s minutes are used up"}


def test_those_who_wait_are_listed_as_workers_will_take_them(alice, bob, sam, submit, settings):
    settings.HUB_ACCOUNT_RUNNING_JOBS = 100
    for owner, count in ((alice, 3), (bob, 2), (sam, 1)):
        for number in range(count):
            submit(owner, name=f"of-{owner}-{number}")
    listed = []
    taken = []
    while waiting := figures.waiting_jobs():
        listed.append(waiting[0].id)
        taken.append(transitions.claim(worker="w").job_id)
    assert listed == taken and len(taken) == 6


def test_the_job_of_a_dead_worker_waits_and_does_not_train(alice, submit):
    job = submit(alice)
    transitions.claim(worker="w")
    [running], [base] = figures.running_jobs(), figures.training()
    assert (running.id, running.worker, running.fence, running.attempts, base.jobs) == (job.pk, "w", 1, 1, 1)
    assert 50 < running.lease_seconds <= 60 and base.shortest_lease_seconds <= running.lease_seconds
    Job.objects.update(lease_until=ago(seconds=1))
    [waiting] = figures.waiting_jobs()
    assert (waiting.id, waiting.why) == (job.pk, "its worker is gone")
    assert figures.running_jobs() == [] and figures.training()[0].jobs == 0


def test_what_workers_are_up_to(busy):
    found = {worker.name: worker for worker in figures.workers()}
    assert {name: worker.condition for name, worker in found.items()} == {
        BUSY: "ready",
        DRAINING: "draining",
        EMPTY: "draining",
        SILENT: "silent",
    }
    assert found[DRAINING].jobs and not found[EMPTY].jobs
    assert [found[name].label for name in (DRAINING, EMPTY)] == ["takes no more jobs", "empty: it can be stopped"]
    Worker.objects.filter(name=SILENT).update(seen=ago(days=2))
    assert SILENT not in {worker.name for worker in figures.workers()}


def test_throughput_counts_what_ended_and_measures_what_was_begun_once(alice, submit):
    for number, state in enumerate((State.SUCCEEDED, State.SUCCEEDED, State.FAILED, State.CANCELLED)):
        bring(submit(alice, name=f"job-{number}"), state)
    late = Job.objects.earliest("pk")
    Job.objects.update(created=ago(minutes=60), started=ago(minutes=40), finished=ago(minutes=30), device_seconds=50)
    Job.objects.filter(pk=late.pk).update(finished=ago(hours=2), fence=2)
    hour, day = figures.throughput()
    assert (hour.succeeded, hour.failed, hour.cancelled, hour.device_seconds) == (1, 1, 1, 150)
    assert (day.succeeded, day.failed, day.cancelled, day.device_seconds) == (2, 1, 1, 200)
    assert [round(span.waiting_seconds / 60) for span in (hour, day)] == [20, 20]
    assert [round(span.training_seconds / 60) for span in (hour, day)] == [10, 10]


def test_failures_are_told_by_code_with_the_newest_jobs(alice, submit):
    ids = [bring(submit(alice, name=f"job-{number}"), State.FAILED).pk for number in range(7)]
    for number, pk in enumerate(ids):
        Job.objects.filter(pk=pk).update(finished=ago(hours=10 * number))
    Job.objects.filter(pk=ids[1]).update(error_code="out_of_memory")
    Job.objects.filter(pk=ids[6]).update(finished=ago(days=8))
    diverged, memory = figures.failures()
    assert (diverged.code, diverged.day, diverged.week) == ("diverged", 2, 5)
    assert diverged.examples == [ids[0], *ids[2:6]] and diverged.sentence == Reason.DIVERGED.label
    assert (memory.code, memory.day, memory.week, memory.examples) == ("out_of_memory", 1, 1, [ids[1]])
    assert [job.id for job in figures.failed_jobs()] == ids[:6]


def test_totals_count_every_job_from_indexes_alone(busy):
    totals = {(total.state, total.code): total for total in figures.totals()}
    assert sum(total.jobs for total in totals.values()) == Job.objects.count() == 120
    assert totals["succeeded", ""].jobs == 24 and totals["succeeded", ""].device_seconds == 24 * 90
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")  # few rows are no reason
        cursor.execute("EXPLAIN " + figures._TOTALS)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Only Scan using training_job_ended" in plan and "Seq Scan" not in plan, plan
