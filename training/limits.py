"""What an account may have of the workers and of the disk, and how much of that it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from hub.accounts.models import User
from registry import quota
from registry.errors import RegistryError
from training.errors import NoSpace, TooManyJobs
from training.models import ENDED, Allowance, Job, State

#: The window of the worker minutes. It moves: what was used is free again a day after the job began.
DAY = timedelta(days=1)
#: Bytes kept free for what a job makes, so that it never ends in a refusal: a file of kilobytes, a grid of pictures, and some
#: on the way. A hundred pictures of 768 pixels as WebP have less.
RESULT_BYTES = 8 * quota.MEGABYTE


@dataclass(frozen=True, slots=True)
class Amount:
    """How much there is of something for an account."""

    allowed: int
    used: float

    @property
    def left(self) -> float:
        """What may still be had: nothing where more is used than is allowed by now."""
        return max(0, self.allowed - self.used)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an account may have, and has."""

    unfinished_jobs: Amount  #: jobs that wait or train
    running_jobs: Amount  #: jobs that train at one time
    minutes: Amount  #: worker minutes in 24 hours
    megabytes: Amount  #: stored files


def limits_of(owner: User) -> Limits:
    """Look up what an account may have and how much of that it has."""
    own = Allowance.objects.filter(owner=owner).first() or Allowance()
    # Only these are looked at, whatever the account had trained before: two indexes find them.
    lately = Q(state__in=[State.QUEUED, State.RUNNING]) | Q(started__gt=Now() - DAY)
    used = Job.objects.filter(lately, owner=owner).aggregate(
        unfinished=Count("pk", filter=~Q(state__in=ENDED)),
        running=Count("pk", filter=Q(state=State.RUNNING)),
        seconds=Sum("device_seconds", filter=Q(started__gt=Now() - DAY), default=0.0),
    )
    return Limits(
        unfinished_jobs=Amount(_or(own.unfinished_jobs, settings.HUB_ACCOUNT_JOBS), used["unfinished"]),
        running_jobs=Amount(_or(own.running_jobs, settings.HUB_ACCOUNT_RUNNING_JOBS), used["running"]),
        minutes=Amount(_or(own.minutes_a_day, settings.HUB_ACCOUNT_MINUTES_A_DAY), used["seconds"] / 60),
        megabytes=Amount(quota.megabytes_allowed(owner), quota.bytes_stored(owner) / quota.MEGABYTE),
    )


def _or(own: int | None, hub: int) -> int:
    return hub if own is None else own


def check_room(owner: User, new_bytes: int = 0) -> None:
    """Raise :class:`TooManyJobs` when the account has as many unfinished jobs as it may have.

    Raises :class:`NoSpace` when it may not store ``new_bytes`` of images more, beside what its unfinished jobs will make.
    """
    jobs = limits_of(owner).unfinished_jobs
    if not jobs.left:
        raise TooManyJobs(
            _("You have %(used)d unfinished jobs, and %(allowed)d are allowed. Wait for one to end, or cancel one.")
            % {"used": jobs.used, "allowed": jobs.allowed}
        )
    try:
        quota.check_room(owner, new_bytes + RESULT_BYTES * (int(jobs.used) + 1))
    except RegistryError as error:
        counted = _("(Counted with room for what your unfinished jobs will make.)")
        raise NoSpace(f"{error.message} {counted}") from error
