"""How long training images are kept, and with them where training ended: they are people's pictures, not the hub's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from training.errors import WrongState
from training.leases import worker_transaction
from training.models import ENDED, Job, JobCheckpoint, JobImage

#: Jobs whose images are deleted in one transaction.
BATCH = 100


@dataclass(frozen=True, slots=True)
class KeptImages:
    """The training images of an ended job, as long as they are there."""

    count: int
    size: int  #: bytes
    until: datetime


def kept_until(job: Job) -> datetime | None:
    """When the images of an ended job will be deleted; None while it is unfinished, and when they are."""
    if job.finished is None or job.images_deleted is not None:
        return None
    return job.finished + timedelta(days=settings.HUB_TRAINING_IMAGES_DAYS)


def kept_images(job: Job) -> KeptImages | None:
    """What is kept of the images of an ended job, None where nothing is."""
    until = kept_until(job)
    return until and KeptImages(until=until, **job.images.aggregate(count=Count("pk"), size=Sum("size", default=0)))


def images_to_copy(job: Job) -> list[JobImage]:
    """The images of a job, for another; whoever wants to delete them waits until the transaction ends.

    Else a sweep could come between, that finds their blobs named by neither job. Raises :class:`WrongState` when they are deleted.
    """
    images = list(job.images.select_for_update(no_key=True))
    if not images:
        raise WrongState(_("The training images of this job were deleted. Submit the images again, as a new job."))
    return images


def delete_images(*, job: Job) -> bool:
    """Delete an ended job's training images, and where it ended, now; False when they were deleted already.

    Raises :class:`WrongState` while it is unfinished. Their blobs are swept when no other job names them.
    """
    if not job.ended:
        raise WrongState(_("The job still needs its images. Cancel it first, or wait until it has ended."))
    return bool(_delete(Job.objects.filter(pk=job.pk)))


def delete_old_images(stopping: Callable[[], bool]) -> int:
    """Delete the images of jobs that ended long enough ago; return of how many jobs."""
    old = Job.objects.filter(finished__lt=Now() - timedelta(days=settings.HUB_TRAINING_IMAGES_DAYS)).order_by(
        "finished"
    )
    total = 0
    while not stopping() and (count := _delete(old)):
        total += count
    return total


def _delete(jobs: QuerySet[Job]) -> int:
    """Delete the images of some of the jobs; return of how many. None is left to do when it returns 0."""
    ended = jobs.filter(state__in=ENDED, images_deleted=None).select_for_update(no_key=True)
    with worker_transaction():
        keys = list(ended.values_list("pk", flat=True)[:BATCH])
        JobImage.objects.filter(job__in=keys).delete()
        JobCheckpoint.objects.filter(job__in=keys).delete()
        return Job.objects.filter(pk__in=keys).update(images_deleted=Now())
