"""What became of a job, told in plain words and in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from training.models import Job, JobEvent

What = JobEvent.What


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the diary."""

    at: datetime
    what: str  #: a value of :class:`training.models.JobEvent.What`
    message: str


def entries(job: Job) -> list[Entry]:
    """The diary of a job, oldest first; empty for jobs that are older than diaries. One query."""
    return [Entry(event.at, event.what, _sentence(event, job)) for event in job.events.all()]


def _sentence(event: JobEvent, job: Job) -> str:
    at = {"step": event.step, "total": job.total_steps, "attempt": event.attempt}
    match event.what:
        case What.SUBMITTED if job.continues_id:
            return _("Submitted, to go on from job %(job)d.") % {"job": job.continues_id}
        case What.SUBMITTED:
            return _("Submitted.")
        case What.BEGUN if event.step:
            return _("A worker took the job up again.")
        case What.BEGUN:
            return _("A worker began.")
        case What.TAKEN_OVER:
            return _("The worker was not heard of any more; another took the job over (attempt %(attempt)d).") % at
        case What.RETURNED:
            return _("The worker gave the job back at step %(step)d, to go on from its last checkpoint later.") % at
        case What.CANCEL_ASKED:
            return _("You asked for it to be cancelled.")
        case What.SUCCEEDED:
            return _ended_well(event, job)
        case What.FAILED:
            return _("Stopped by a problem at step %(step)d.") % at
        case _:
            return _("Cancelled at step %(step)d.") % at if event.step else _("Cancelled.")


def _ended_well(event: JobEvent, job: Job) -> str:
    """How long it trained, why it ended, and which step was taken."""
    at = {"step": event.step, "total": job.total_steps}
    if event.step < job.total_steps:
        ended = _("Finished after %(step)d of %(total)d steps: nothing more was learned.") % at
    else:
        ended = _("Finished after %(step)d steps.") % at
    best = ((job.version and job.version.receipt) or {}).get("best_step")
    if best is None:
        return ended
    taken = _("The vectors of step %(best)d had the lowest loss on fixed draws and were taken.") % {"best": best}
    return f"{ended} {taken}"
