"""What an account may have of the workers, and how much of that it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.db.models.functions import Now

from hub.accounts.models import User
from training.errors import TooManyJobs
from training.models import ENDED, Allowance, Job, State

#: The window of the worker minutes. It moves: what was used is free again a day after the job began.
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an account may have, and has."""

    unfinished_jobs: int  #: jobs that may wait or train
    running_jobs: int  #: jobs that may train at one time
    minutes_a_day: int  #: worker minutes in 24 hours
    megabytes: int  #: of stored files
    unfinished: int  #: jobs that wait or train
    running: int  #: jobs that train
    minutes: float  #: worker minutes of the last 24 hours

    @property
    def jobs_left(self) -> int:
        """Jobs that may be submitted now."""
        return max(0, self.unfinished_jobs - self.unfinished)

    @property
    def minutes_left(self) -> float:
        """Worker minutes that may be used now."""
        return max(0.0, self.minutes_a_day - self.minutes)


def limits_of(owner: User) -> Limits:
    """Look up what an account may have and how much of that it has."""
    own = Allowance.objects.filter(owner=owner).first() or Allowance()
    used = Job.objects.filter(owner=owner).aggregate(
        unfinished=Count("pk", filter=~Q(state__in=ENDED)),
        running=Count("pk", filter=Q(state=State.RUNNING)),
        seconds=Sum("device_seconds", filter=Q(started__gt=Now() - DAY), default=0.0),
    )
    return Limits(
        unfinished_jobs=_or(own.unfinished_jobs, settings.HUB_ACCOUNT_JOBS),
        running_jobs=_or(own.running_jobs, settings.HUB_ACCOUNT_RUNNING_JOBS),
        minutes_a_day=_or(own.minutes_a_day, settings.HUB_ACCOUNT_MINUTES_A_DAY),
        megabytes=_or(own.megabytes, settings.HUB_ACCOUNT_MEGABYTES),
        unfinished=used["unfinished"],
        running=used["running"],
        minutes=used["seconds"] / 60,
    )


def _or(own: int | None, hub: int) -> int:
    return hub if own is None else own


def check_room(owner: User) -> None:
    """Raise :class:`TooManyJobs` when the account has as many unfinished jobs as it may have."""
    limits = limits_of(owner)
    if not limits.jobs_left:
        raise TooManyJobs(
            f"You have {limits.unfinished} unfinished jobs, and {limits.unfinished_jobs} are allowed. "
            "Wait for one to end, or cancel one."
        )
