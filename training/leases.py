"""Who trains which job: leases and fences, and what a worker writes while it holds one.

A worker holds a job by a *lease* that it renews; each claim raises the job's *fence*. Every statement a worker sends
names its lease (job, fence, worker) and the state ``running``, so a worker that lost the job, without knowing it yet,
changes nothing. All times are the database server's; a worker's clock only measures how long it has been.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import InternalError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from django.db.models.functions import Now
from psycopg.errors import IdleInTransactionSessionTimeout
from psycopg.types.json import Jsonb

from training.models import Job, JobCheckpoint, JobPreview, State

#: How long a job belongs to a worker that says nothing.
LEASE_SECONDS = 60.0
#: Longest that a statement of the renewing thread may wait, well below the lease.
RENEWAL_TIMEOUT_MS = 5_000
#: Longest that a worker may pause inside a transaction before the server undoes it: one that was suspended in the middle of
#: a claim would else keep everybody from claiming.
IDLE_TIMEOUT_MS = 20_000

# What is not news stays. One statement for all jobs of a worker, however many train together.
_REPORT = """
UPDATE training_job AS job SET
    stage = coalesce(news.stage, job.stage), step = coalesce(news.step, job.step), loss = coalesce(news.loss, job.loss),
    loss_curve = coalesce(news.loss_curve, job.loss_curve),
    fixed_loss_curve = coalesce(news.fixed_loss_curve, job.fixed_loss_curve),
    steps_per_second = coalesce(news.steps_per_second, job.steps_per_second),
    seconds_left = coalesce(news.seconds_left, job.seconds_left),
    device_seconds = coalesce(news.device_seconds, job.device_seconds),
    lease_until = CASE WHEN %(renew)s THEN clock_timestamp() + make_interval(secs => %(seconds)s) ELSE lease_until END
FROM jsonb_to_recordset(%(news)s) AS news(
    id int, fence int, stage text, step int, loss float8, loss_curve jsonb, steps_per_second float8, seconds_left float8,
    device_seconds float8, fixed_loss_curve jsonb)
WHERE job.id = news.id AND job.fence = news.fence AND job.worker = %(worker)s AND job.state = 'running'
RETURNING job.id, job.fence, job.cancel_requested
"""


@contextmanager
def worker_transaction(idle_ms: int | None = None) -> Iterator[CursorWrapper]:
    """A transaction that ends with its worker: the server undoes it when nothing more comes of it for ``idle_ms``.

    Raises ``OperationalError`` then, as for any other connection that was lost.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = {idle_ms or IDLE_TIMEOUT_MS}")
            yield cursor
    except InternalError as error:
        if isinstance(error.__cause__, IdleInTransactionSessionTimeout):
            raise OperationalError("the server ended a transaction that had paused") from error
        raise


class LeaseLost(Exception):
    """The job belongs to another worker by now, or was ended: nothing more may be written about it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One worker's hold on one job."""

    job_id: int
    fence: int
    worker: str
    #: Device time that earlier attempts have taken.
    seconds_before: float = 0.0

    def __str__(self) -> str:
        return f"job {self.job_id} (fence {self.fence})"

    @property
    def about(self) -> dict[str, Any]:
        """What log records say of it beside their sentence."""
        return {"job": self.job_id, "fence": self.fence, "worker": self.worker}

    def row(self) -> QuerySet[Job]:
        """The job's row as long as the lease holds, else no row. Every write of the worker goes through this."""
        return Job.objects.filter(pk=self.job_id, fence=self.fence, worker=self.worker, state=State.RUNNING)

    def lock(self) -> Job:
        """Lock the job's row until the transaction ends, or raise :class:`LeaseLost`."""
        job = self.row().select_for_update(no_key=True).first()
        if job is None:
            raise LeaseLost
        return job


def report(
    worker: str, news: Mapping[Lease, dict[str, Any]], *, renew: bool, seconds: float = LEASE_SECONDS
) -> dict[Lease, bool]:
    """Write the news of all jobs of a worker, and renew their leases if asked to.

    Returns the leases that hold, each with whether somebody wants its job cancelled; those that are missing are lost.
    Never waits longer than :data:`RENEWAL_TIMEOUT_MS` for the database.
    """
    held = {(lease.job_id, lease.fence): lease for lease in news}
    with worker_transaction() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {RENEWAL_TIMEOUT_MS}")
        if renew or any(news.values()):
            rows = [{"id": lease.job_id, "fence": lease.fence, **values} for lease, values in news.items()]
            values = {"news": Jsonb(rows), "worker": worker, "renew": renew, "seconds": seconds}
            cursor.execute(_REPORT, values)
            found = cursor.fetchall()
        else:
            running = Job.objects.filter(worker=worker, state=State.RUNNING, pk__in=[lease.job_id for lease in news])
            found = list(running.values_list("pk", "fence", "cancel_requested"))
    return {held[job, fence]: cancel for job, fence, cancel in found if (job, fence) in held}


def keep_state(lease: Lease, *, step: int, state: bytes) -> None:
    """Store where training is, over what was stored before; raise :class:`LeaseLost`."""
    with worker_transaction():
        lease.lock()
        JobCheckpoint.objects.update_or_create(job_id=lease.job_id, defaults={"step": step, "state": state})


def kept_state(lease: Lease) -> bytes | None:
    """What an earlier attempt, of whatever worker, stored last; None for a job to be begun."""
    found = JobCheckpoint.objects.filter(job_id=lease.job_id).first()
    return bytes(found.state) if found else None


def add_preview(lease: Lease, **fields: Any) -> None:
    """Store a preview of the running job; raise :class:`LeaseLost`."""
    with worker_transaction():
        if not lease.row().update(changed=Now()):
            raise LeaseLost
        JobPreview.objects.create(job_id=lease.job_id, **fields)
