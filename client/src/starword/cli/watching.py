"""How a job that is being followed looks: a bar in a terminal, a line for each change elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from starword.cli.output import console, plain, say
from starword.following import follow
from starword.hub import Hub
from starword.models import Job

#: Parts of a job after each of which a line is written where there is no terminal.
_LINES = 10


def watched(hub: Hub, number: int) -> Job:
    """Follow a job, drawing how far it is, and return how it ended."""
    changes = follow(hub, number)
    return _drawn(changes) if sys.stderr.isatty() else _written(changes)


def _drawn(changes: Iterator[Job]) -> Job:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console(to_errors=True)) as bars:
        bar = bars.add_task("")
        for job in changes:
            bars.update(bar, description=describe(job), completed=job.step, total=job.total_steps or None)
    return job


def _written(changes: Iterator[Job]) -> Job:
    told = None
    for job in changes:
        now = (job.state, job.queue_position, job.step * _LINES // max(job.total_steps, 1))
        if now != told:
            say(f"{describe(job)}, step {job.step} of {job.total_steps}")
            told = now
    return job


def describe(job: Job) -> str:
    """A job's state in a few words."""
    words = f"Job {job.id} {job.state}"
    if job.state == "queued" and job.queue_position:
        words += f", number {job.queue_position} in the queue"
        if job.starts_in is not None:
            words += f", begins in about {job.starts_in:.0f} s"
    if job.state == "running" and job.stage:
        words += f" ({job.stage})"
    if job.loss is not None:
        words += f", loss {job.loss:.4f}"
    if job.seconds_left is not None and not job.has_ended:
        words += f", about {job.seconds_left:.0f} s left"
    return plain(words)
