"""Faults one by one, each where it hurts most. A scenario raises when the hub does not stand it."""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Callable

from django.db import connection, transaction

from tests.faults import witness
from tests.faults.points import POINTS
from tests.faults.workers import LEASE_SECONDS
from tests.faults.world import RECIPES, STEPS, World
from training import actors
from training.models import Job, JobCheckpoint, State

#: When each place is reached for the time that counts: late enough that there is something to lose.
COUNTS = {"progress": 25, "checkpoint before": 3, "checkpoint inside": 3, "checkpoint after": 3, "report before": 2}
#: More steps than anybody waits for.
ENDLESS = 20_000


def killed_everywhere(world: World) -> int:
    """A worker dies at each of the places; another takes its job up, and it ends in the same numbers."""
    jobs = one_for_each_point(world, "killed", RECIPES)
    victims = [world.worker(failpoint=(point, "kill", COUNTS.get(point, 1))) for point in POINTS]
    world.until(lambda: not any(victim.alive for victim in victims), "the death of every victim")
    assert all(victim.wait() == -signal.SIGKILL for victim in victims)
    for job in jobs:
        world.lapse(job)
    saviours = [world.worker(), world.worker()]
    world.until(lambda: world.ended(*jobs), "the end of the jobs of the dead")
    world.stop(*saviours)
    expect_undisturbed(world, jobs)
    return len(POINTS)


def one_for_each_point(world: World, owner: str, unique: int) -> list[Job]:
    """Jobs of a few recipes; the last is of one of its own, since pictures that are stored already are not written again."""
    recipes = [number % RECIPES for number in range(len(POINTS) - 1)]
    return [world.submit(owner=f"{owner}-{number}", recipe=recipe) for number, recipe in enumerate([unique, *recipes])]


def suspended_everywhere(world: World) -> int:
    """A worker is suspended at each of the places until its lease is over and another has its job, then wakes up."""
    jobs = one_for_each_point(world, "suspended", RECIPES + 1)
    sleepers = [world.worker(failpoint=(point, "stop", COUNTS.get(point, 1))) for point in POINTS]
    world.until(lambda: all(sleeper.stopped for sleeper in sleepers), "the sleep of every worker")
    time.sleep(LEASE_SECONDS + 0.5)
    heirs = [world.worker(), world.worker()]
    world.until(lambda: world.ended(*jobs), "the end of the jobs of the sleepers")
    for sleeper in sleepers:
        sleeper.send(signal.SIGCONT)
    time.sleep(1)
    world.stop(*sleepers, *heirs)
    expect_undisturbed(world, jobs)
    return len(POINTS)


def the_fence_matters(world: World) -> int:
    """A worker without the fence writes over its heir's work: the witness must see that, or it would see nothing."""
    job = world.submit(owner="unfenced", steps=ENDLESS)
    sleeper = world.worker(failpoint=("checkpoint before", "stop", 2), fenced=False)
    world.until(lambda: sleeper.stopped, "the sleep of the worker without a fence")
    world.lapse(job)
    heir = world.worker()
    world.until(lambda: Job.objects.get(pk=job.pk).fence == 2, "the heir's claim")
    kept = JobCheckpoint.objects.get(job=job).step
    world.until(lambda: JobCheckpoint.objects.get(job=job).step > kept, "the heir's checkpoint")
    assert not witness.violations(), witness.violations()
    sleeper.send(signal.SIGCONT)
    found = world.until(witness.violations, "a violation")
    assert "held the job" in found[0], found
    sleeper.kill()
    heir.kill()
    Job.objects.filter(pk=job.pk).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM fault_log WHERE job = %s", [job.pk])
    del world.jobs[job.pk]
    return 1


def asked_to_stop(world: World) -> int:
    """A worker that trains several jobs together gives them back with their checkpoints within ten seconds."""
    jobs = [world.submit(owner="stopped", recipe=number, steps=600) for number in range(3)]
    worker = world.worker(slots=8)
    world.until(lambda: Job.objects.filter(pk__in=[j.pk for j in jobs], step__gt=15).count() == 3, "steps of all three")
    seconds = worker.stop()
    assert worker.wait() == 0 and seconds < 10, f"it took {seconds:.1f} s"
    for job in jobs:
        assert (world.state(job), job.attempts, job.lease_until) == (State.QUEUED, 0, None)
        assert job.checkpoint.step > 15
        Job.objects.filter(pk=job.pk).delete()
        del world.jobs[job.pk]
    return 1


def database_crashes(world: World) -> int:
    """The database server crashes and comes back while a job trains: its worker waits and goes on.

    On a busy machine that takes longer than a lease lasts here; then the same worker takes the job up again.
    """
    job = world.submit(owner="crash", recipe=2, steps=120)
    worker = world.worker()
    world.until(lambda: Job.objects.get(pk=job.pk).step > 20, "steps")
    world.crash_database()
    world.until(lambda: world.ended(job), "the end of the job")
    assert worker.alive and f":{worker.pid}:" in Job.objects.get(pk=job.pk).worker
    worker.stop()
    expect_undisturbed(world, [job])
    return 1


def disk_fills_up(world: World) -> int:
    """No file can be written when the previews are to be stored: the job waits, and goes on when there is room."""
    job = world.submit(owner="full", recipe=2, steps=240)
    worker = world.worker()
    world.until(lambda: Job.objects.get(pk=job.pk).step > 0, "steps")
    worker.allow_files(0)
    world.until(lambda: "storage takes nothing" in worker.options.log.read_text() or _is_waiting(job), "a file refused")
    time.sleep(1)
    assert world.state(job) == State.RUNNING, f"{job.error_message} {job.traceback}"
    worker.allow_files(resource.RLIM_INFINITY)
    world.until(lambda: world.ended(job), "the end of the job")
    assert (world.state(job), job.fence) == (State.SUCCEEDED, 1)
    worker.stop()
    expect_undisturbed(world, [job])
    return 1


def _is_waiting(job: Job) -> bool:
    """Whether a job has stood still for a second: a full disk keeps the worker's log from growing too."""
    job.refresh_from_db()
    step = job.step
    time.sleep(1.0)
    job.refresh_from_db()
    return job.step == step > 10


def messages_are_lost_and_doubled(world: World) -> int:
    """The queue is emptied, and wake-ups come in dozens: every job is trained, each once."""
    jobs = [world.submit(owner="messages", recipe=number) for number in range(3)]
    empty_queue()
    workers = [world.worker(), world.worker()]
    for _ in range(30):
        actors.wake.send()
    world.until(lambda: world.ended(*jobs), "the end of the jobs nobody was told of")
    empty_queue()
    world.stop(*workers)
    expect_undisturbed(world, jobs)
    return 2


def the_clock_jumps(world: World) -> int:
    """The server's clock jumps past the lease of a worker that is well: another takes the job, the first lets go of it."""
    job = world.submit(owner="clock", recipe=2, steps=120)
    first = world.worker()
    world.until(lambda: Job.objects.get(pk=job.pk).step > 10, "steps of the first")
    first.send(signal.SIGSTOP)  # else it renews at once
    world.lapse(job)
    second = world.worker()
    world.until(lambda: Job.objects.get(pk=job.pk).fence == 2, "the second's claim")
    first.send(signal.SIGCONT)
    world.until(lambda: world.ended(job), "the end of the job")
    assert (world.state(job), job.fence) == (State.SUCCEEDED, 2)
    world.stop(first, second)
    expect_undisturbed(world, [job])
    return 1


def it_kills_every_worker(world: World) -> int:
    """A job at which three workers died is not given to a fourth; its owner reads what happened."""
    job = world.submit(owner="killer")
    for number in range(1, 4):
        victim = world.worker(failpoint=("progress", "kill", 3), max_attempts=3)
        world.until(lambda victim=victim: not victim.alive, "the death of the worker")
        assert Job.objects.get(pk=job.pk).attempts == number
        world.lapse(job)
    careful = world.worker(max_attempts=3)
    world.until(lambda: world.ended(job), "the end of the job")
    assert (world.state(job), job.error_code) == (State.FAILED, "worker_lost") and "3 times" in job.error_message
    careful.stop()
    return 3


def empty_queue() -> None:
    """Lose every message; raise ``OperationalError`` while a worker sleeps in the middle of taking one."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1s'")
        cursor.execute("TRUNCATE dramatiq.queue")


def expect_undisturbed(world: World, jobs: list[Job]) -> None:
    """Every job succeeded, in the numbers that it ends in when nothing disturbs it."""
    for job in jobs:
        assert world.state(job) == State.SUCCEEDED, f"{job}: {job.state} {job.error_code} {job.traceback}"
        assert job.step == job.total_steps and job.total_steps in (STEPS, 120, 240)
        assert world.numbers(job) == world.reference(world.jobs[job.pk]), f"{job} ended in other numbers"


SCENARIOS: tuple[Callable[[World], int], ...] = (
    killed_everywhere, suspended_everywhere, the_fence_matters, asked_to_stop, database_crashes, disk_fills_up,
    messages_are_lost_and_doubled, the_clock_jumps, it_kills_every_worker,
)  # fmt: skip
