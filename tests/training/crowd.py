"""A busy hub: jobs of many people in every state, and workers, as rows alone."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from hub.accounts.models import User
from training.failures import Reason
from training.models import BaseModel, Job, State, Worker

#: Workers of the crowd: one takes jobs, one is drained and busy, one is drained and empty, one fell silent.
BUSY, DRAINING, EMPTY, SILENT = (f"gpu-box-with-a-long-name-{number}:4711:0a1b2c3d" for number in range(4))
NAMES = ("koi", "rust-coloured-ceramic-teapot-from-a-small-kiln-by-the-river-side", "an_old_lantern")
MESSAGES = {
    Reason.DIVERGED: "训练在第 120 步发散：损失不是一个数。Try other images or fewer vectors.",
    Reason.OUT_OF_MEMORY: "The worker has too little memory for this job, even alone. Try fewer vectors, or a smaller base model.",
}


def crowd(base: BaseModel, *, people: int = 6, each: int = 4) -> list[User]:
    """Make so many people with ``each`` jobs in every state, and the four workers; return the people."""
    now = timezone.now()
    owners = User.objects.bulk_create(User(username=f"person-{number}") for number in range(people))
    jobs = []
    for owner in owners:
        for state in list(State) * each:
            ago = timedelta(minutes=len(jobs) * 7 % 2000)
            jobs.append(_job(owner, base, state, number=len(jobs), at=now - ago))
    created = [job.created for job in jobs]
    Job.objects.bulk_create(jobs)
    for job, at in zip(jobs, created, strict=True):  # the column is written with the time of the insertion
        job.created = at
    Job.objects.bulk_update(jobs, ["created"], batch_size=500)
    draining = {DRAINING, EMPTY}
    Worker.objects.bulk_create(
        Worker(name=name, device="cuda", slots=8, draining=name in draining, started=now - timedelta(hours=3), seen=now)
        for name in (BUSY, DRAINING, EMPTY)
    )
    Worker.objects.create(name=SILENT, device="cpu", slots=2, seen=now - timedelta(minutes=4))
    return owners


def _job(owner, base, state, *, number, at):
    job = Job(
        owner=owner, base=base, name=NAMES[number % 3], token="<x>", kind="object", initialiser="thing", vectors=2,
        total_steps=3000, state=state, created=at - timedelta(minutes=12),
    )  # fmt: skip
    if state == State.RUNNING:
        job.started, job.lease_until = at, timezone.now() + timedelta(seconds=20 + number % 40)
        job.worker, job.fence, job.attempts, job.step = (BUSY, DRAINING)[number % 2], 1 + number % 3, 1, number * 7
        job.steps_per_second, job.stage = 12.34, "training" if number % 4 else "loading"
    elif state != State.QUEUED:
        job.started, job.finished, job.fence, job.device_seconds = at - timedelta(minutes=10), at, 1, 90.0
    if state == State.FAILED:
        job.error_code = (Reason.DIVERGED, Reason.OUT_OF_MEMORY, Reason.INTERNAL)[number % 3]
        job.error_message = MESSAGES.get(job.error_code, "Something went wrong on our side. Try again.")
    return job
