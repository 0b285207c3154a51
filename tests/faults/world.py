"""A hub of its own for the faults: database server, storage, base model, accounts, jobs, and what they must end in."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from hub.accounts.models import User
from registry import blobs, storage
from registry.formats import inspect
from registry.models import Version
from tests.faults import witness
from tests.faults.workers import Options, WorkerProcess, run_apart
from tests.training.samples import picture
from training.models import BaseModel, Job, JobCheckpoint, JobPreview, State
from training.services import submit_job

ROOT = Path(__file__).resolve().parents[2]
#: Steps of a job: some seconds of a worker's time.
STEPS = 40
#: What jobs are made of: those of one recipe end in the same numbers.
RECIPES = 4
#: Patience for anything that a worker does on a busy machine.
PATIENCE = 90.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the numbers of a job depend on."""

    number: int
    steps: int = STEPS

    @property
    def settings(self) -> dict[str, Any]:
        images = [(f"{image}.png", picture(self.number + image)) for image in range(3)]
        return {"images": images, "token": "<faulty>", "kind": "object", "initialiser": "thing", "seed": self.number,
                "steps": self.steps}  # fmt: skip


class World:
    """Everything that workers need, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[WorkerProcess] = []
        self.references: dict[Recipe, bytes] = {}
        self.jobs: dict[int, Recipe] = {}
        self.names = 0

    def build(self) -> None:
        """Make the base model and begin to log."""
        witness.install()
        source = run_apart(make_base, self.folder / "tiny")
        self.base = BaseModel.objects.create(
            slug="tiny", title="Tiny", family="pocket", source=source, resolution=16,
            defaults={"vectors": 2, "batch_size": 2, "preview_steps": 2, "progress_every": 1, "checkpoint_every": 10},
            preview_prompts={"object": ["a photo of a {}"]},
        )  # fmt: skip

    def submit(self, owner: str = "alice", recipe: int = 0, steps: int = STEPS) -> Job:
        """Queue a job."""
        account, _ = User.objects.get_or_create(username=owner)
        self.names += 1
        made = Recipe(recipe, steps)
        job = submit_job(owner=account, base=self.base, name=f"job-{self.names}", **made.settings)
        self.jobs[job.pk] = made
        return job

    def worker(self, **options: Any) -> WorkerProcess:
        """Start a worker."""
        self.workers.append(WorkerProcess(Options(log=self.folder / f"worker-{len(self.workers)}.log", **options)))
        return self.workers[-1]

    def end_workers(self) -> None:
        """Let every worker vanish that is still there."""
        for worker in self.workers:
            if worker.alive:
                worker.kill()

    def forget_unfinished(self) -> None:
        """Let what a scenario left behind that failed not trouble the next one."""
        self.end_workers()
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE fault_log")
        Job.objects.filter(state__in=[State.QUEUED, State.RUNNING]).delete()

    def stop(self, *workers: WorkerProcess) -> None:
        """Ask workers to stop as an operator does, all at once."""
        for worker in workers:
            worker.send(signal.SIGTERM)
        for worker in workers:
            assert worker.wait() == 0, f"worker {worker.pid} ended with {worker.wait()}"

    def until(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
        """Wait for a condition, over restarts of the database; return what it returned."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if result := condition():
                    return result
            except OperationalError:
                connection.close()
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds:.0f} s: {what}")

    def state(self, job: Job) -> str:
        job.refresh_from_db()
        return job.state

    def ended(self, *jobs: Job) -> bool:
        """Whether jobs have come to an end; all jobs without any named."""
        wanted = Job.objects.filter(pk__in=[job.pk for job in jobs]) if jobs else Job.objects.all()
        return not wanted.filter(state__in=[State.QUEUED, State.RUNNING]).exists()

    def lapse(self, job: Job) -> None:
        """Let the server's clock be past the end of a job's lease."""
        Job.objects.filter(pk=job.pk, state=State.RUNNING).update(lease_until=timezone.now() - timedelta(seconds=1))

    def crash_database(self) -> None:
        """Stop the database server as a crash does, and start it again."""
        pid = int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0])
        connection.close()
        os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 0)
                time.sleep(0.05)
                continue
            break
        server(self.folder, "start")

    def close(self) -> None:
        """End everything."""
        self.end_workers()
        connection.close()
        server(self.folder, "stop")

    def reference(self, recipe: Recipe) -> bytes:
        """The numbers that a job of a recipe ends in when nothing disturbs it."""
        if recipe not in self.references:
            self.references[recipe] = run_apart(train_alone, recipe, self.base.source, self.base.defaults)
        return self.references[recipe]

    def numbers(self, job: Job) -> bytes:
        """The numbers that a job has published."""
        (encoder,) = inspect(storage.read(Version.objects.get(job=job).blob)).encoders
        return encoder.vectors.tobytes()

    def check_results(self, jobs: list[int], *, exact: bool) -> dict[str, int]:
        """Every job came to an end, those that succeeded to the undisturbed numbers; return how many ended how.

        Trained together, rounding differs by who else was there: then the direction is looked at, not the bits.
        """
        states: Counter[str] = Counter()
        for job in Job.objects.filter(pk__in=jobs):
            states[job.state] += 1
            assert job.ended, f"{job} is {job.state}"
            assert not job.error_code, f"{job} failed: {job.error_code} {job.traceback}"
            if job.state == State.SUCCEEDED:
                mine, other = (
                    np.frombuffer(numbers, "<f4") for numbers in (self.numbers(job), self.reference(self.jobs[job.pk]))
                )
                cosine = float(mine @ other / np.linalg.norm(mine) / np.linalg.norm(other))
                assert np.array_equal(mine, other) if exact else cosine > 0.99, (
                    f"{job} ended in other numbers: {cosine}"
                )
        assert sum(states.values()) == len(jobs)
        return dict(states)

    def verify_files(self) -> int:
        """Sweep what nothing names, then look that every stored file is named and is what its name says; return how many."""
        blobs.MIN_AGE = timedelta(0)
        call_command("sweep_blobs", stdout=io.StringIO())
        names = list(storage.every_name())
        for name in names:
            assert hashlib.sha256(storage.read(name)).hexdigest() == name, f"{name} was changed, or is a part of a file"
        named = {*Version.objects.values_list("blob", flat=True), *JobPreview.objects.values_list("blob", flat=True)}
        assert named <= set(names), "files were lost"
        return len(names)

    def leftovers(self) -> list[str]:
        """Rows and files that should not be there when every job has ended, in words."""
        found = [
            f"job {job} has a checkpoint and did not succeed"
            for job in JobCheckpoint.objects.exclude(job__state=State.SUCCEEDED).values_list("job_id", flat=True)
        ]
        twice = JobPreview.objects.filter(final=True).values_list(
            "job_id", "prompt", "seed", "variant", "settings__strength"
        )
        found += [f"{row} was drawn twice" for row in set(twice) if list(twice).count(row) > 1]
        succeeded = set(Job.objects.filter(state=State.SUCCEEDED).values_list("version_id", flat=True))
        found += [
            f"version {pk} is of no job"
            for pk in Version.objects.exclude(pk__in=succeeded).values_list("pk", flat=True)
        ]
        return found


def server(folder: Path, act: str) -> None:
    """Start or stop the database server, from a process of its own: the package remembers what it has started."""
    command = [sys.executable, "-m", "tests.faults.server", str(folder / "postgres"), act]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def make_base(folder: Path) -> str:
    """Write the base model that trains in milliseconds; in a process with the libraries."""
    from tests.training.tiny import make_tiny

    return str(make_tiny(folder))


def train_alone(recipe: Recipe, source: str, defaults: dict[str, Any]) -> bytes:
    """Train a recipe with nothing in the way; in a process with the libraries."""
    import io

    from PIL import Image

    from training.inversion.config import InversionConfig
    from training.inversion.loop import train
    from training.inversion.models import load_base

    settings = dict(recipe.settings)
    images = [Image.open(io.BytesIO(data)) for _, data in settings.pop("images")]
    config = InversionConfig.from_dict(
        {**defaults, "placeholder_token": settings.pop("token"), "preview_prompts": [], **settings}
    )
    return train(config, images, base=load_base(source)).vectors.tobytes()
