"""Many jobs, few workers, and one fault after the other at moments that a seed chooses."""

from __future__ import annotations

import random
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable

from django.db import DatabaseError, connection

from tests.faults.points import POINTS
from tests.faults.scenarios import empty_queue
from tests.faults.workers import LEASE_SECONDS, WorkerProcess
from tests.faults.world import RECIPES, World
from training import actors, services
from training.models import Job, State

#: Workers that are kept going, and jobs that are kept waiting for them.
WORKERS, WAITING = 3, 6
#: Accounts that submit jobs.
OWNERS = 5
#: Seconds between two faults.
PAUSE = (0.1, 0.7)


class Chaos:
    """Injects faults until there were enough of them and enough jobs."""

    def __init__(self, world: World, *, seed: int, slots: int) -> None:
        self.world, self.random, self.slots = world, random.Random(seed), slots
        self.faults: Counter[str] = Counter()
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.submitted: list[int] = []

    def run(self, *, faults: int, jobs: int) -> None:
        """Make so many faults while so many jobs are trained, then let everything end in peace."""
        while self.faults.total() < faults or len(self.submitted) < jobs:
            try:
                self._refill(jobs)
                self._staff()
                self._strike()
            except DatabaseError:
                connection.close()
            self._do_what_is_due()
            time.sleep(self.random.uniform(*PAUSE))
        for _, act in self.later:
            act()
        self.later = []
        self.world.until(self._all_over, "the end of every job", seconds=600)
        for worker in self.world.workers:
            if worker.alive:
                worker.stop()

    def _all_over(self) -> bool:
        self._staff(peaceful=True)
        return self.world.ended()

    def _well(self) -> list[WorkerProcess]:
        return [worker for worker in self.world.workers if worker.alive and not worker.stopped]

    def _staff(self, *, peaceful: bool = False) -> None:
        """Keep enough workers going; every other new one bears a fault in it."""
        for _ in range(WORKERS - len(self._well())):
            bears = not peaceful and self.random.random() < 0.5
            failpoint = None
            if bears:
                action = self.random.choice(["kill", "stop"])
                failpoint = (self.random.choice(POINTS), action, self.random.randint(1, 30))
                self.faults[f"{action} at a place"] += 1
                # One that is stopped sleeps past its lease, as far as it comes to that place at all.
            worker = self.world.worker(slots=self.slots, failpoint=failpoint)
            if failpoint and failpoint[1] == "stop":
                self._in(self.random.uniform(2, 4) * LEASE_SECONDS, lambda worker=worker: worker.send(signal.SIGCONT))

    def _refill(self, jobs: int) -> None:
        missing = WAITING - Job.objects.filter(state=State.QUEUED).count()
        for _ in range(min(missing, jobs - len(self.submitted))):
            owner, recipe = f"chaos-{self.random.randrange(OWNERS)}", self.random.randrange(RECIPES)
            self.submitted.append(self.world.submit(owner, recipe).pk)

    def _strike(self) -> None:
        """Let one fault happen."""
        strikes = {
            self._kill: 6, self._suspend: 4, self._ask_to_stop: 2, self._lapse: 4, self._cut_connections: 2,
            self._lose_messages: 2, self._double_messages: 2, self._fill_the_disk: 2, self._crash_database: 0.5,
            self._cancel: 0.5,
        }  # fmt: skip
        strike = self.random.choices(list(strikes), list(strikes.values()))[0]
        if strike():
            self.faults[strike.__name__.strip("_").replace("_", " ")] += 1

    def _in(self, seconds: float, act: Callable[[], None]) -> None:
        self.later.append((time.monotonic() + seconds, act))

    def _do_what_is_due(self) -> None:
        due = [act for moment, act in self.later if moment <= time.monotonic()]
        self.later = [(moment, act) for moment, act in self.later if moment > time.monotonic()]
        for act in due:
            act()

    def _one(self) -> WorkerProcess | None:
        well = self._well()
        return self.random.choice(well) if well else None

    def _kill(self) -> bool:
        if worker := self._one():
            worker.kill()
        return worker is not None

    def _suspend(self) -> bool:
        if worker := self._one():
            worker.send(signal.SIGSTOP)
            self._in(self.random.uniform(0.5, 3) * LEASE_SECONDS, lambda: worker.send(signal.SIGCONT))
        return worker is not None

    def _ask_to_stop(self) -> bool:
        if worker := self._one():
            worker.send(signal.SIGTERM)
        return worker is not None

    def _fill_the_disk(self) -> bool:
        if worker := self._one():
            worker.allow_files(0)
            self._in(2.0, lambda: worker.allow_files(resource.RLIM_INFINITY))
        return worker is not None

    def _lapse(self) -> bool:
        job = Job.objects.filter(state=State.RUNNING).order_by("?").first()
        if job is not None:
            self.world.lapse(job)
        return job is not None

    def _cancel(self) -> bool:
        job = Job.objects.filter(state__in=[State.RUNNING, State.QUEUED]).order_by("?").first()
        return job is not None and services.cancel_job(job=job)

    def _cut_connections(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND application_name LIKE 'worker-%'"
            )
            return cursor.fetchone()[0] > 0

    def _lose_messages(self) -> bool:
        empty_queue()
        return True

    def _double_messages(self) -> bool:
        for _ in range(5):
            actors.wake.send()
        return True

    def _crash_database(self) -> bool:
        self.world.crash_database()
        return True
