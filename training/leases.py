"""Who trains which job: claims, leases and fences. Each transition is one conditional UPDATE of the job row.

A worker holds a job by a *lease* that it renews; each claim raises the job's *fence*. Every statement a worker sends
names its lease (job, fence, worker) and the state ``running``, so a worker that lost the job, without knowing it yet,
changes nothing. All times are the database server's; a worker's clock only measures how long it has been.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.functions import Now

from training.models import ENDED, Job, JobCheckpoint, JobPreview, State

#: How long a job belongs to a worker that says nothing.
LEASE_SECONDS = 60.0
#: A job whose workers died this often is not tried again: it may be what kills them.
MAX_ATTEMPTS = 3
#: Longest that a statement of the renewing thread may wait, well below the lease.
RENEWAL_TIMEOUT_MS = 5_000
#: Characters of a reason kept on the row, as the column has them.
MAX_MESSAGE_CHARACTERS = 500
#: Characters of a traceback that are kept: its end says what went wrong.
MAX_TRACEBACK_CHARACTERS = 20_000
#: Claims are rare and short; taking them one at a time keeps their order exact.
_CLAIM_LOCK = 0x5354_4152

_CLAIMABLE = "(state = 'queued' OR (state = 'running' AND lease_until < clock_timestamp()))"
# The state is tested again outside: what the inner query saw may have changed before its row was locked.
_CLAIM = f"""
UPDATE training_job
SET state = 'running', worker = %(worker)s, fence = fence + 1, attempts = attempts + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(seconds)s), started = clock_timestamp(),
    stage = '', step = 0, loss = NULL, loss_curve = '[]', steps_per_second = NULL, seconds_left = NULL
WHERE id = (SELECT id FROM training_job WHERE {_CLAIMABLE} ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
  AND {_CLAIMABLE} AND {{beside}}
RETURNING id, fence
"""

# Whose worker died may be what killed it: such jobs train alone, so that they take no others along.
_BESIDE = """
EXISTS (SELECT FROM training_job other WHERE other.id = %(beside)s AND other.base_id = training_job.base_id
        AND other.attempts = 1 AND training_job.attempts = 0)
"""

WORKER_LOST = (
    f"The worker stopped {MAX_ATTEMPTS} times while it trained this job, so it is not tried again. "
    "Try fewer or smaller images; if that does not help, tell the operator."
)


class LeaseLost(Exception):
    """The job belongs to another worker by now, or was ended: nothing more may be written about it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One worker's hold on one job."""

    job_id: int
    fence: int
    worker: str

    def __str__(self) -> str:
        return f"job {self.job_id} (fence {self.fence})"

    def row(self) -> QuerySet[Job]:
        """The job's row as long as the lease holds, else no row. Every write of the worker goes through this."""
        return Job.objects.filter(pk=self.job_id, fence=self.fence, worker=self.worker, state=State.RUNNING)

    def lock(self) -> Job:
        """Lock the job's row until the transaction ends, or raise :class:`LeaseLost`."""
        job = self.row().select_for_update(no_key=True).first()
        if job is None:
            raise LeaseLost
        return job


def claim(*, worker: str, beside: int | None = None, seconds: float = LEASE_SECONDS) -> Lease | None:
    """Take the oldest job that waits, or whose worker died; None when there is none.

    ``beside`` is a job that the worker trains already: then None too when the oldest cannot train together with it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CLAIM_LOCK])
        _end_abandoned()
        statement = _CLAIM.format(beside="true" if beside is None else _BESIDE)
        cursor.execute(statement, {"worker": worker, "seconds": seconds, "beside": beside})
        row = cursor.fetchone()
        if row is None:
            return None
        lease = Lease(job_id=row[0], fence=row[1], worker=worker)
        # Those of an attempt that did not end and will be drawn again.
        again = Q(final=True) | Q(step__gt=_kept_step(lease))
        JobPreview.objects.filter(again, job_id=lease.job_id).delete()
        return lease


def keep_state(lease: Lease, *, step: int, state: bytes) -> None:
    """Store where training is, over what was stored before; raise :class:`LeaseLost`."""
    with transaction.atomic():
        lease.lock()
        JobCheckpoint.objects.update_or_create(job_id=lease.job_id, defaults={"step": step, "state": state})


def kept_state(lease: Lease) -> bytes | None:
    """What an earlier attempt, of whatever worker, stored last; None for a job to be begun."""
    found = JobCheckpoint.objects.filter(job_id=lease.job_id).first()
    return bytes(found.state) if found else None


def _kept_step(lease: Lease) -> int:
    return JobCheckpoint.objects.filter(job_id=lease.job_id).values_list("step", flat=True).first() or 0


def _end_abandoned() -> None:
    """End the jobs of dead workers that are not to be tried again."""
    abandoned = Job.objects.filter(state=State.RUNNING, lease_until__lt=Now())
    abandoned.filter(cancel_requested=True).update(**_ended(State.CANCELLED))
    abandoned.filter(attempts__gte=MAX_ATTEMPTS).update(
        error_code="worker_lost", error_message=WORKER_LOST, **_ended(State.FAILED)
    )
    JobCheckpoint.objects.filter(job__state__in=ENDED).delete()


def _ended(state: State) -> dict[str, Any]:
    return {"state": state, "finished": Now(), "lease_until": None, "seconds_left": None, "stage": ""}


def beat(lease: Lease, progress: dict[str, Any], *, renew: bool, seconds: float = LEASE_SECONDS) -> bool:
    """Write progress, renew the lease if asked to, and return whether somebody wants the job cancelled.

    Raises :class:`LeaseLost`. Never waits longer than :data:`RENEWAL_TIMEOUT_MS` for the database.
    """
    values = dict(progress)
    if renew:
        values["lease_until"] = Now() + timedelta(seconds=seconds)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {RENEWAL_TIMEOUT_MS}")
        if values and not lease.row().update(**values):
            raise LeaseLost
        cancel = lease.row().values_list("cancel_requested", flat=True).first()
    if cancel is None:
        raise LeaseLost
    return cancel


def add_preview(lease: Lease, **fields: Any) -> None:
    """Store a preview of the running job; raise :class:`LeaseLost`."""
    with transaction.atomic():
        lease.lock()
        JobPreview.objects.create(job_id=lease.job_id, **fields)


def succeed(lease: Lease, **fields: Any) -> None:
    """End the job well; raise :class:`LeaseLost`, so that the transaction around it is undone."""
    if not lease.row().update(**fields, **_ended(State.SUCCEEDED)):
        raise LeaseLost
    JobCheckpoint.objects.filter(job_id=lease.job_id).delete()


def fail(lease: Lease, *, code: str, message: str, traceback: str = "") -> bool:
    """End the job with a reason; False when the lease was lost."""
    return bool(
        lease.row().update(
            error_code=code,
            error_message=message[:MAX_MESSAGE_CHARACTERS],
            traceback=traceback[-MAX_TRACEBACK_CHARACTERS:],
            **_ended(State.FAILED),
        )
    )


def cancel(lease: Lease) -> bool:
    """End the job because its owner asked for it; False when the lease was lost."""
    return bool(lease.row().filter(cancel_requested=True).update(**_ended(State.CANCELLED)))


def give_back(lease: Lease) -> bool:
    """Put the job back in the queue because this worker stops; False when the lease was lost.

    The attempt is not counted: an operator's restart says nothing about the job.
    """
    wanted = Case(
        When(cancel_requested=True, then=Value(State.CANCELLED.value)),
        default=Value(State.QUEUED.value),
        output_field=CharField(),
    )
    finished = Case(When(cancel_requested=True, then=Now()), default=None)
    values = {"worker": "", "lease_until": None, "seconds_left": None, "stage": "", "attempts": F("attempts") - 1}
    return bool(lease.row().update(state=wanted, finished=finished, **values))
