"""A hub of its own for the faults: database server, storage, base model, accounts, jobs, and what they must end in."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import OperationalError, connection
from django.utils import timezone

from hub.accounts.models import User
from hub.database import EmbeddedDatabase
from registry import storage
from registry.formats import inspect
from registry.models import Version
from tests.faults import witness
from tests.faults.workers import Options, WorkerProcess, run_apart
from tests.training.samples import picture
from training.models import BaseModel, Job, JobCheckpoint, JobPreview, State
from training.services import submit_job

#: Steps of a job: some seconds of a worker's time.
STEPS = 60
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

    def __init__(self, folder: Path, database: EmbeddedDatabase) -> None:
        self.folder, self.database = folder, database
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
        pid = int((self.database.folder / "postmaster.pid").read_text().split()[0])
        connection.close()
        os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 0)
                time.sleep(0.05)
                continue
            break
        self.database = EmbeddedDatabase(self.database.folder)
        self.database.start()

    def reference(self, recipe: Recipe) -> bytes:
        """The numbers that a job of a recipe ends in when nothing disturbs it."""
        if recipe not in self.references:
            self.references[recipe] = run_apart(train_alone, recipe, self.base.source, self.base.defaults)
        return self.references[recipe]

    def numbers(self, job: Job) -> bytes:
        """The numbers that a job has published."""
        (encoder,) = inspect(storage.read(Version.objects.get(job=job).blob)).encoders
        return encoder.vectors.tobytes()

    def leftovers(self) -> list[str]:
        """Rows and files that should not be there when every job has ended, in words."""
        found = [
            f"job {job} has a checkpoint and did not succeed"
            for job in JobCheckpoint.objects.exclude(job__state=State.SUCCEEDED).values_list("job_id", flat=True)
        ]
        twice = JobPreview.objects.filter(final=True).values_list("job_id", "prompt", "seed", "variant")
        found += [f"{row} was drawn twice" for row in set(twice) if list(twice).count(row) > 1]
        succeeded = set(Job.objects.filter(state=State.SUCCEEDED).values_list("version_id", flat=True))
        found += [f"version {pk} is of no job" for pk in Version.objects.exclude(pk__in=succeeded).values_list("pk", flat=True)]
        return found


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
