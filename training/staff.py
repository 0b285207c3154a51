"""What staff do with anybody's jobs, and with workers. Each is written to the audit log, and to the process's with who did it."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hub.accounts.models import User
from hub.accounts.notices import notify
from hub.preferences import in_language_of
from registry.moderation import audit
from training import actors, services, transitions
from training.models import Job, Worker

log = logging.getLogger(__name__)


def requeue(*, job: Job, by: User) -> bool:
    """Take a job from the worker that has it, as ``job`` was read; False when that worker has it no more.

    It goes on from its last checkpoint, and whatever the old worker still does with it is void.
    """
    with transaction.atomic():
        taken = transitions.take_back(job)
        if taken:
            _record(job, by, "job.requeue", f"From {job.worker}.")
        transaction.on_commit(actors.send_wake, robust=True)
    if taken:
        log.info("job %s: taken from its worker by %s", job.pk, by, extra=_about(job) | {"worker": job.worker})
    return taken


def cancel(*, job: Job, by: User) -> bool:
    """End a job and tell its owner; False when it has ended already."""
    with transaction.atomic():
        asked = transitions.ask_to_cancel(job)
        if asked:
            _record(job, by, "job.cancel")
            _tell(job, by, _("%(name)s was cancelled by the staff of this hub."), about=job)
    if asked:
        log.info("job %s: cancelled by %s", job.pk, by, extra=_about(job))
    return asked


def retry(*, job: Job, by: User) -> Job:
    """Queue a job that failed or was cancelled again, for its owner. Raises what :func:`services.retry_job` raises."""
    with transaction.atomic():
        again = services.retry_job(job=job)
        _record(job, by, "job.retry", f"As job {again.pk}.")
        _tell(job, by, _("%(name)s was queued again by the staff of this hub."), about=again)
    log.info("job %s: queued again as job %s by %s", job.pk, again.pk, by, extra=_about(again))
    return again


def drain(*, worker: Worker, draining: bool, by: User) -> None:
    """Have a worker end what it trains and take no more jobs, or take jobs again."""
    with transaction.atomic():
        Worker.objects.filter(pk=worker.pk).update(draining=draining)
        audit.record(by=by, action="worker.drain" if draining else "worker.undrain", on=worker)
    what = "takes no more jobs" if draining else "takes jobs again"
    log.info("worker %s: %s, asked by %s", worker.name, what, by, extra={"worker": worker.name})


def _record(job: Job, by: User, action: str, text: str = "") -> None:
    audit.record(by=by, action=action, on=job, about_id=job.owner_id, text=text)


def _tell(job: Job, by: User, sentence: Promise, *, about: Job) -> None:
    if job.owner_id != by.pk:
        with in_language_of(job.owner):
            text = sentence % {"name": job.name}
        notify(owner_id=job.owner_id, key=f"job-{about.pk}-staff", text=text, url=about.get_absolute_url())


def _about(job: Job) -> dict[str, int]:
    return {"job": job.pk, "fence": job.fence}
