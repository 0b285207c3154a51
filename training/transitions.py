"""The state machine of jobs: every way from one state to another, each one conditional UPDATE that says whether it won.

``queued → running → succeeded | failed | cancelled``, ``running → queued`` when a job is given or taken back, and
``queued → cancelled``. A trigger of the database refuses anything else (:data:`training.models.MOVES`).
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.functions import Greatest, Now
from django.utils.translation import gettext_lazy as _

from hub.accounts.notices import notify
from hub.preferences import in_language_of
from training import announcements, queue
from training.leases import LEASE_SECONDS, Lease, LeaseLost, worker_transaction
from training.models import Job, JobCheckpoint, JobPreview, State

#: A job whose workers died this often is not tried again: it may be what kills them.
MAX_ATTEMPTS = 3
#: Characters of a reason kept on the row, as the column has them.
MAX_MESSAGE_CHARACTERS = 500
#: Characters of a traceback that are kept: its end says what went wrong.
MAX_TRACEBACK_CHARACTERS = 20_000
#: Claims are rare and short; taking them one at a time keeps their order and every account's limits exact.
_CLAIM_LOCK = 0x5354_4152

# The state is tested again outside: what the inner query saw may have changed before its row was locked.
_CLAIM = f"""
{queue.QUEUE}
UPDATE training_job
SET state = 'running', worker = %(worker)s, fence = fence + 1, attempts = attempts + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(seconds)s), started = clock_timestamp(),
    stage = '', steps_per_second = NULL, seconds_left = NULL
WHERE id = (SELECT job.id FROM training_job job JOIN queue ON queue.id = job.id
            WHERE queue.held = '' ORDER BY queue.turn, queue.ready, job.id LIMIT 1 FOR NO KEY UPDATE OF job SKIP LOCKED)
  AND (state = 'queued' OR (state = 'running' AND lease_until < clock_timestamp())) AND {{beside}}
  AND NOT EXISTS (SELECT FROM training_worker WHERE name = %(worker)s AND draining)
RETURNING id, fence, device_seconds
"""

# Whose worker died may be what killed it: such jobs train alone, so that they take no others along.
_BESIDE = """
EXISTS (SELECT FROM training_job other WHERE other.id = %(beside)s AND other.base_id = training_job.base_id
        AND other.attempts = 1 AND training_job.attempts = 0)
"""

WORKER_LOST = _(
    "The worker stopped %(times)d times while it trained this job, so it is not tried again. "
    "Try fewer or smaller images; if that does not help, tell the operator."
)


def claim(*, worker: str, beside: int | None = None, seconds: float = LEASE_SECONDS) -> Lease | None:
    """Take the job whose turn it is, or whose worker died; None when there is none.

    ``beside`` is a job that the worker trains already: then None too when the next cannot train together with it.
    """
    with worker_transaction() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CLAIM_LOCK])
        end_abandoned()
        statement = _CLAIM.format(beside="true" if beside is None else _BESIDE)
        cursor.execute(statement, queue.parameters() | {"worker": worker, "seconds": seconds, "beside": beside})
        row = cursor.fetchone()
        if row is None:
            return None
        lease = Lease(job_id=row[0], fence=row[1], worker=worker, seconds_before=row[2])
        _go_back_to_checkpoint(lease)
        return lease


def _go_back_to_checkpoint(lease: Lease) -> None:
    """Let the row show what the job goes on from, and forget the pictures that will be drawn again."""
    step = JobCheckpoint.objects.filter(job_id=lease.job_id).values_list("step", flat=True).first() or 0
    job = lease.row().only("loss_curve", "fixed_loss_curve").get()
    curve, fixed = (
        [point for point in points if point[0] <= step] for points in (job.loss_curve, job.fixed_loss_curve)
    )
    lease.row().update(step=step, loss=curve[-1][1] if curve else None, loss_curve=curve, fixed_loss_curve=fixed)
    JobPreview.objects.filter(Q(final=True) | Q(step__gt=step), job_id=lease.job_id).delete()


def end_abandoned() -> None:
    """End the jobs of dead workers that are not to be tried again; those that somebody is changing come next time.

    Part of the transaction around it.
    """
    abandoned = Job.objects.filter(state=State.RUNNING, lease_until__lt=Now())
    abandoned = abandoned.select_for_update(no_key=True, skip_locked=True)
    for job in abandoned.filter(cancel_requested=True):
        _end(job, State.CANCELLED)
    for job in abandoned.filter(attempts__gte=MAX_ATTEMPTS, cancel_requested=False):
        with in_language_of(job.owner):
            reason = WORKER_LOST % {"times": MAX_ATTEMPTS}
        _end(job, State.FAILED, error_code="worker_lost", error_message=reason)


def _end(job: Job, state: State, **fields: Any) -> bool:
    """Bring a running job to its end, as it was when it was read; say whether it was still so."""
    unchanged = Job.objects.filter(pk=job.pk, fence=job.fence, state=State.RUNNING)
    ended = unchanged.update(state=state, finished=Now(), lease_until=None, seconds_left=None, stage="", **fields)
    if ended and state != State.SUCCEEDED:
        JobCheckpoint.objects.filter(job_id=job.pk).delete()
    if ended:
        announcements.finished(job, state)
    if ended and state != State.CANCELLED:
        tell(job, state, fields.get("error_message", ""))
    return bool(ended)


def tell(job: Job, state: State, reason: str) -> None:
    """Let its owner hear of an end that the owner did not bring about."""
    with in_language_of(job.owner):
        sentence = _("%(name)s is trained.") if state == State.SUCCEEDED else _("%(name)s was not trained. %(reason)s")
        text = sentence % {"name": job.name, "reason": reason}
    notify(owner_id=job.owner_id, key=f"job-{job.pk}-{state}", text=text, url=job.get_absolute_url())


def succeed(lease: Lease, **fields: Any) -> None:
    """End the job well; raise :class:`LeaseLost`, so that the transaction around it is undone."""
    if not _end(lease.lock(), State.SUCCEEDED, **fields):
        raise LeaseLost


def fail(lease: Lease, *, code: str, message: str, traceback: str = "") -> bool:
    """End the job with a reason; False when the lease was lost."""
    with worker_transaction():
        job = lease.row().select_for_update(no_key=True).first()
        return job is not None and _end(
            job,
            State.FAILED,
            error_code=code,
            error_message=message[:MAX_MESSAGE_CHARACTERS],
            traceback=traceback[-MAX_TRACEBACK_CHARACTERS:],
        )


def cancel(lease: Lease) -> bool:
    """End the job because its owner asked for it; False when the lease was lost."""
    with worker_transaction():
        job = lease.row().filter(cancel_requested=True).select_for_update(no_key=True).first()
        return job is not None and _end(job, State.CANCELLED)


def give_back(lease: Lease) -> bool:
    """Put the job back in the queue because this worker stops; False when the lease was lost.

    The attempt is not counted: an operator's restart says nothing about the job.
    """
    return _back_to_queue(lease.job_id, lease.row())


def take_back(job: Job) -> bool:
    """Take a job from its worker, which then may write nothing more, and put it back in the queue.

    False when the worker of that ``fence`` has it no more: a second request is no second taking.
    """
    return _back_to_queue(job.pk, Job.objects.filter(pk=job.pk, fence=job.fence, state=State.RUNNING))


def _back_to_queue(job_id: int, running: QuerySet[Job]) -> bool:
    """Let a job wait again, unless its owner wants it cancelled; say whether the row was still so."""
    wanted = Case(
        When(cancel_requested=True, then=Value(State.CANCELLED.value)),
        default=Value(State.QUEUED.value),
        output_field=CharField(),
    )
    finished = Case(When(cancel_requested=True, then=Now()), default=None)
    values = {"worker": "", "lease_until": None, "seconds_left": None, "stage": ""}
    with worker_transaction():
        moved = running.update(state=wanted, finished=finished, attempts=Greatest(F("attempts") - 1, 0), **values)
        if moved:
            _after_cancelling(job_id)
    return bool(moved)


def ask_to_cancel(job: Job) -> bool:
    """End a waiting job at once, or ask the worker of a running one to stop; False when the job has ended already."""
    state = Case(
        When(state=State.QUEUED, then=Value(State.CANCELLED.value)), default=F("state"), output_field=CharField()
    )
    with transaction.atomic():
        asked = Job.objects.filter(pk=job.pk, state__in=[State.QUEUED, State.RUNNING]).update(
            state=state, finished=Case(When(state=State.QUEUED, then=Now()), default=None), cancel_requested=True
        )
        if asked:
            _after_cancelling(job.pk)
    return bool(asked)


def _after_cancelling(job_id: int) -> None:
    """Where the job is cancelled now, nobody goes on from its checkpoint, and webhooks hear of it. Part of the transaction around it."""
    cancelled = Job.objects.filter(pk=job_id, state=State.CANCELLED).first()
    if cancelled is not None:
        JobCheckpoint.objects.filter(job_id=job_id).delete()
        announcements.finished(cancelled, State.CANCELLED)
