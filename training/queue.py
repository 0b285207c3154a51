"""Who is next. The order no account can occupy, where a job stands in it, and how long it will probably wait.

An account's jobs that train, and those of its own that come before, are what a job's *turn* counts: everybody's first job
goes before anybody's second. Within a turn goes first what has been *ready* longest: a job is ready when it was submitted,
or when the job of its account that began last had ended, whichever was later. So accounts take turns, nobody is passed for
ever, and who came while an account's job trained is not passed by that account's next. Jobs of an account that has used up
what it may are *held*: they keep their place, and others pass them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import TextChoices
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hub.accounts.models import User
from training.models import BaseModel, Job

#: Finished jobs of a base model whose speed is looked at: enough that one odd job changes little.
MEASURED_JOBS = 20
#: Stands for a job that is not there yet: the largest id that a column holds, so that every other is older.
_NO_JOB = 2**31 - 1
#: Seconds after which a worker that said nothing does not count as one.
WORKER_SECONDS = 60


class Held(TextChoices):
    """Why a job that waits is passed over for now. The label is the sentence people read."""

    RUNNING = (
        "running",
        _("It begins when one of your other jobs has ended: as many of them train as may at one time."),
    )
    MINUTES = (
        "minutes",
        _("Your training minutes of the last 24 hours are used up; it begins when some are free again."),
    )


# A job whose worker died counts as waiting, before the others of its account. Few rows are active: two partial indexes
# find them, and all that is worked out here is about them alone. The day is counted from ``statement_timestamp``: with
# ``clock_timestamp``, which may change from row to row, no index could be asked, and every job of the accounts were read.
_ACTIVE = """
    SELECT id, owner_id, base_id, attempts, state, created,
           total_steps - greatest(step, CASE WHEN further > 0 THEN total_steps - further ELSE 0 END) AS to_train,
           state = 'queued' OR lease_until < clock_timestamp() AS waits
    FROM training_job WHERE state IN ('queued', 'running')
"""

_TURNS = """
, accounts AS (
    SELECT active.owner_id, count(*) FILTER (WHERE NOT waits) AS running,
           coalesce(min(allowance.running_jobs), %(running_jobs)s) AS may_run,
           coalesce(min(allowance.minutes_a_day), %(minutes_a_day)s) * 60 AS may_use,
           (SELECT coalesce(finished, started) FROM training_job begun
            WHERE begun.owner_id = active.owner_id AND started IS NOT NULL ORDER BY started DESC LIMIT 1) AS last_served,
           (SELECT coalesce(sum(day.device_seconds), 0) FROM training_job day
            WHERE day.owner_id = active.owner_id AND day.started > statement_timestamp() - interval '1 day') AS used
    FROM active LEFT JOIN training_allowance allowance ON allowance.owner_id = active.owner_id
    GROUP BY active.owner_id
), turns AS (
    SELECT active.*, may_run, may_use, used, greatest(created, last_served) AS ready,
           running + row_number() OVER (PARTITION BY owner_id ORDER BY state DESC, id) AS turn
    FROM active JOIN accounts USING (owner_id) WHERE waits
), queue AS (
    SELECT *, CASE WHEN used >= may_use THEN 'minutes' WHEN turn > may_run THEN 'running' ELSE '' END AS held FROM turns
)
"""

QUEUE = f"WITH active AS MATERIALIZED ({_ACTIVE}) {_TURNS}"

# The same with a job that is not there yet, and would be the newest of all.
_QUEUE_WITH_NEXT = f"""
WITH active AS MATERIALIZED (
    {_ACTIVE}
    UNION ALL
    SELECT %(job)s, %(owner)s, %(base)s, 0, 'queued', clock_timestamp(), %(steps)s, true
) {_TURNS}
"""

_SPEEDS = """
, speeds AS (
    SELECT base.id AS base_id,
           (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY device_seconds / trained) FROM (
                SELECT device_seconds, step - CASE WHEN further > 0 THEN total_steps - further ELSE 0 END AS trained
                FROM training_job done WHERE done.base_id = base.id AND done.state = 'succeeded'
                ORDER BY finished DESC LIMIT %(measured)s) recent
            WHERE trained > 0 AND device_seconds > 0) AS per_step
    FROM training_basemodel base
)
"""

_PLACE = f"""
{_SPEEDS}
, waiting AS (
    SELECT queue.id, held, to_train * per_step AS cost,
           row_number() OVER (ORDER BY held <> '', turn, ready, queue.id) AS place
    FROM queue JOIN speeds USING (base_id)
)
SELECT mine.id, mine.place, mine.held,
       (SELECT sum(cost) FROM waiting WHERE place < mine.place),
       (SELECT count(*) FROM waiting WHERE place < mine.place AND cost IS NULL)
           + (SELECT count(*) FROM active JOIN speeds USING (base_id) WHERE NOT waits AND per_step IS NULL),
       (SELECT sum(to_train * per_step) FROM active JOIN speeds USING (base_id) WHERE NOT waits),
       (SELECT count(*) FROM training_worker
        WHERE NOT draining AND seen > clock_timestamp() - make_interval(secs => %(worker_seconds)s))
FROM waiting mine WHERE mine.id = ANY(%(jobs)s)
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting job stands."""

    number: int  #: 1 is next
    held: str  #: a value of :class:`Held`, "" where nothing but the order keeps it waiting
    seconds: (
        float | None
    )  #: until it probably begins; None where nothing was measured yet, it is held or no worker is there

    @property
    def sentence(self) -> str:
        """What people read about it."""
        if self.held:
            return str(Held(self.held).label)
        return gettext("Place %(number)d in the queue.") % {"number": self.number}


def parameters() -> dict[str, Any]:
    """What :data:`QUEUE` is told: the hub's own limits, for accounts that have none of their own."""
    return {"running_jobs": settings.HUB_ACCOUNT_RUNNING_JOBS, "minutes_a_day": settings.HUB_ACCOUNT_MINUTES_A_DAY}


def place_of(job: Job) -> Place | None:
    """Where a job stands, in one statement; None when it does not wait."""
    return places_of([job]).get(job.pk)


def places_of(jobs: Iterable[Job]) -> dict[int, Place]:
    """Where those of the jobs stand that wait, by their keys, in one statement.

    The wait is what jobs before one, and those that train, still take of the workers' time at the speed at which jobs of
    their base models were trained lately, shared among the workers that are there.
    """
    keys = [job.pk for job in jobs]
    return _places(QUEUE, {"jobs": keys}) if keys else {}


def place_of_next(*, owner: User, base: BaseModel, steps: int) -> Place:
    """Where a job of an account would stand if it were submitted now, in one statement."""
    of = {"jobs": [_NO_JOB], "job": _NO_JOB, "owner": owner.pk, "base": base.pk, "steps": steps}
    return _places(_QUEUE_WITH_NEXT, of)[_NO_JOB]


def _places(queue: str, of: dict[str, Any]) -> dict[int, Place]:
    values = parameters() | {"measured": MEASURED_JOBS, "worker_seconds": WORKER_SECONDS} | of
    with connection.cursor() as cursor:
        cursor.execute(queue + _PLACE, values)
        return {job: _place(*told) for job, *told in cursor.fetchall()}


def _place(number: int, held: str, before: float | None, unknown: int, training: float | None, workers: int) -> Place:
    known = workers and not held and not unknown
    return Place(number, held, ((before or 0) + (training or 0)) / workers if known else None)


def polling_tag(job: Job, place: Place | None) -> str:
    """Different whenever anything that a page or an API client is told of a job may be different."""
    return f"{job.pk}-{job.changed.timestamp():.6f}" + (f"-{place.number}{place.held}" if place else "")
