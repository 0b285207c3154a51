"""What the staff page and ``/metrics`` tell of queue, jobs and workers. Each figure is one statement over whole sets of rows,
and all but the totals look at the jobs of some days only, however many there are; all times are the database server's.

A window of time begins at ``statement_timestamp``: ``clock_timestamp`` may change from row to row, so no index can be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection
from django.db.models import TextChoices
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from training import queue
from training.failures import Reason
from training.queue import Held

T = TypeVar("T")

#: Rows of each list of the page: what one can look through. The numbers beside them count all.
MAX_ROWS = 50
#: Jobs that are named beside a failure's code: the newest show whether they are of one kind.
MAX_EXAMPLES = 5
#: Workers of the last day: more than there will be, unless one dies at every start.
MAX_WORKERS = 200
#: Failed jobs that are listed: the newest show what goes wrong now.
MAX_FAILED_ROWS = 20
HOUR_SECONDS = 3_600
DAY_SECONDS = 24 * HOUR_SECONDS
WEEK_SECONDS = 7 * DAY_SECONDS


class Condition(TextChoices):
    """What a worker is up to. The label is what staff read."""

    READY = "ready", _("takes jobs")
    DRAINING = "draining", _("takes no more jobs")
    SILENT = "silent", _("not heard of")


#: What staff read of a job that is passed over; :class:`training.queue.Held` tells its owner.
_HELD = {
    Held.RUNNING: _("as many of the account’s jobs train as may"),
    Held.MINUTES: _("the account’s minutes are used up"),
}


@dataclass(frozen=True, slots=True)
class Depth:
    """Jobs of one base model that wait, and are passed over for one reason or none."""

    base: str
    held: str  #: a value of :class:`Held`, "" where only the order keeps them waiting
    jobs: int
    oldest_seconds: float  #: since the oldest of them was submitted, 0 without any


@dataclass(frozen=True, slots=True)
class Training:
    """Jobs of one base model that train."""

    base: str
    jobs: int
    shortest_lease_seconds: float | None


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """A job that waits."""

    id: int
    name: str
    owner: str
    base: str
    held: str
    abandoned: bool  #: it was begun, and its worker let the lease run out
    step: int
    seconds: float  #: since it was submitted

    @property
    def why(self) -> str:
        """What it waits for, besides its turn."""
        return str(_HELD[Held(self.held)]) if self.held else gettext("its worker is gone") if self.abandoned else ""


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job that trains."""

    id: int
    name: str
    owner: str
    base: str
    stage: str
    step: int
    total_steps: int
    steps_per_second: float | None
    worker: str
    lease_seconds: float  #: until its worker loses it, unless it renews the lease
    attempts: int
    fence: int
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class WorkerFigures:
    """A worker process that was heard of lately."""

    name: str
    device: str
    slots: int
    started: datetime
    silent_seconds: float
    condition: str
    jobs: int  #: that it trains

    @property
    def label(self) -> str:
        """What it is up to, in words."""
        empty = self.condition == Condition.DRAINING and not self.jobs
        return "empty: it can be stopped" if empty else Condition(self.condition).label


@dataclass(frozen=True, slots=True)
class Throughput:
    """What came of the jobs that ended within some time."""

    seconds: int
    succeeded: int
    failed: int
    cancelled: int
    waiting_seconds: float | None  #: median, of jobs that were begun once
    training_seconds: float | None  #: median, of those that succeeded
    device_seconds: float


@dataclass(frozen=True, slots=True)
class Failures:
    """Jobs of the last seven days that failed for one reason."""

    code: str
    day: int
    week: int
    examples: list[int]  #: the newest

    @property
    def sentence(self) -> str:
        """What the code means."""
        return Reason(self.code).label if self.code in Reason.values else ""


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that failed lately."""

    id: int
    name: str
    owner: str
    code: str
    message: str
    seconds: float  #: since then


@dataclass(frozen=True, slots=True)
class Total:
    """All jobs of one state, failed ones of one code."""

    state: str
    code: str
    jobs: int
    device_seconds: float


_DEPTHS = f"""
{queue.QUEUE}
SELECT base.slug, reason.held, count(queue.id),
       coalesce(max(extract(epoch FROM clock_timestamp() - queue.created)), 0)::float8
FROM training_basemodel base CROSS JOIN unnest(%(reasons)s::text[]) AS reason(held)
LEFT JOIN queue ON queue.base_id = base.id AND queue.held = reason.held
GROUP BY base.id, reason.held ORDER BY base.id, reason.held
"""

_TRAINING = """
SELECT base.slug, count(job.id), min(extract(epoch FROM job.lease_until - clock_timestamp()))::float8
FROM training_basemodel base
LEFT JOIN training_job job ON job.base_id = base.id AND job.state = 'running' AND job.lease_until >= clock_timestamp()
GROUP BY base.id ORDER BY base.id
"""

_WAITING = f"""
{queue.QUEUE}
SELECT job.id, job.name, account.username, base.title, queue.held, job.state = 'running', job.step,
       extract(epoch FROM clock_timestamp() - job.created)::float8
FROM queue JOIN training_job job ON job.id = queue.id
JOIN accounts_user account ON account.id = job.owner_id JOIN training_basemodel base ON base.id = job.base_id
ORDER BY queue.held <> '', queue.turn, queue.ready, queue.id LIMIT %(rows)s
"""

_RUNNING = """
SELECT job.id, job.name, account.username, base.title, stage, step, total_steps, steps_per_second, worker,
       extract(epoch FROM lease_until - clock_timestamp())::float8, attempts, fence, cancel_requested
FROM training_job job
JOIN accounts_user account ON account.id = job.owner_id JOIN training_basemodel base ON base.id = job.base_id
WHERE state = 'running' AND lease_until >= clock_timestamp() ORDER BY worker, job.id LIMIT %(rows)s
"""

_WORKERS = """
SELECT name, device, slots, started, extract(epoch FROM clock_timestamp() - seen)::float8,
       CASE WHEN seen <= clock_timestamp() - make_interval(secs => %(silent)s) THEN 'silent'
            WHEN draining THEN 'draining' ELSE 'ready' END,
       (SELECT count(*) FROM training_job job WHERE job.state = 'running' AND job.worker = training_worker.name)
FROM training_worker WHERE seen > clock_timestamp() - make_interval(secs => %(day)s)
ORDER BY seen <= clock_timestamp() - make_interval(secs => %(silent)s), started DESC, name LIMIT %(rows)s
"""

# Where a job was begun once, its start is the end of its waiting. The longest span is named once more, since the planner
# cannot tell from a column that few jobs are so young, and would read all of them.
_THROUGHPUT = """
SELECT span.seconds, count(*) FILTER (WHERE state = 'succeeded'), count(*) FILTER (WHERE state = 'failed'),
       count(*) FILTER (WHERE state = 'cancelled'),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM job.started - created)::float8)
           FILTER (WHERE fence = 1),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished - job.started)::float8)
           FILTER (WHERE fence = 1 AND state = 'succeeded'),
       coalesce(sum(device_seconds), 0)
FROM unnest(%(spans)s::int[]) AS span(seconds)
LEFT JOIN training_job job ON finished > statement_timestamp() - make_interval(secs => span.seconds)
    AND finished > statement_timestamp() - make_interval(secs => %(day)s)
GROUP BY span.seconds ORDER BY span.seconds
"""

_FAILURES = """
SELECT error_code, count(*) FILTER (WHERE finished > statement_timestamp() - make_interval(secs => %(day)s)), count(*),
       (array_agg(id ORDER BY finished DESC))[1:%(examples)s]
FROM training_job WHERE state = 'failed' AND finished > statement_timestamp() - make_interval(secs => %(week)s)
GROUP BY error_code ORDER BY count(*) DESC, error_code
"""

_FAILED = """
SELECT job.id, job.name, account.username, error_code, error_message,
       extract(epoch FROM clock_timestamp() - finished)::float8
FROM training_job job JOIN accounts_user account ON account.id = job.owner_id
WHERE state = 'failed' AND finished > statement_timestamp() - make_interval(secs => %(week)s)
ORDER BY finished DESC LIMIT %(rows)s
"""

# Two halves, each of which an index answers; the whole table would be read otherwise.
_TOTALS = """
SELECT state, error_code, count(*), sum(device_seconds) FROM training_job WHERE finished IS NOT NULL GROUP BY 1, 2
UNION ALL
SELECT state, '', count(*), sum(device_seconds) FROM training_job WHERE state IN ('queued', 'running') GROUP BY 1
ORDER BY 1, 2
"""


def _rows(kind: type[T], statement: str, **values: Any) -> list[T]:
    with connection.cursor() as cursor:
        cursor.execute(
            statement, queue.parameters() | {"rows": MAX_ROWS, "day": DAY_SECONDS, "week": WEEK_SECONDS} | values
        )
        return [kind(*row) for row in cursor.fetchall()]


def depths() -> list[Depth]:
    """How many jobs wait, for every base model and reason, none or many."""
    return _rows(Depth, _DEPTHS, reasons=["", *Held.values])


def training() -> list[Training]:
    """How many jobs train, for every base model, none or many."""
    return _rows(Training, _TRAINING)


def waiting_jobs() -> list[WaitingJob]:
    """Who is next, in the order of the queue; those that are passed over come last."""
    return _rows(WaitingJob, _WAITING)


def running_jobs() -> list[RunningJob]:
    """What trains where."""
    return _rows(RunningJob, _RUNNING)


def workers() -> list[WorkerFigures]:
    """The workers of the last day, those that are there first."""
    return _rows(WorkerFigures, _WORKERS, silent=queue.WORKER_SECONDS, rows=MAX_WORKERS)


def throughput() -> list[Throughput]:
    """What came of the jobs of the last hour, and of the last day."""
    return _rows(Throughput, _THROUGHPUT, spans=[HOUR_SECONDS, DAY_SECONDS])


def failures() -> list[Failures]:
    """Why jobs of the last seven days failed, the most frequent reason first."""
    return _rows(Failures, _FAILURES, examples=MAX_EXAMPLES)


def failed_jobs() -> list[FailedJob]:
    """The jobs that failed in the last seven days, the newest first."""
    return _rows(FailedJob, _FAILED, rows=MAX_FAILED_ROWS)


def totals() -> list[Total]:
    """All jobs there are, by where they are and why."""
    return _rows(Total, _TOTALS)
