"""The page on which staff watch queue and workers, and step in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from hub.accounts.staff import staff_only
from training import figures, staff
from training.errors import TrainingError
from training.figures import Condition
from training.models import Job, Worker

#: Seconds between two looks of an open page, each of which costs a dozen statements.
POLL_SECONDS = 5


@staff_only
@never_cache
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """Queue, workers, what came of jobs and why they failed. Asked for by the page itself, the part that changes."""
    part = bool(request.htmx) and not request.htmx.history_restore_request
    page = "training/staff.html#figures" if part else "training/staff.html"
    return render(request, page, {"part": part} | _figures())


def _figures() -> dict[str, Any]:
    depths, workers = figures.depths(), figures.workers()
    waiting, running = sum(depth.jobs for depth in depths), sum(base.jobs for base in figures.training())
    waiting_jobs, running_jobs = figures.waiting_jobs(), figures.running_jobs()
    return {
        "poll_seconds": POLL_SECONDS,
        "waiting": waiting,
        "held": sum(depth.jobs for depth in depths if depth.held),
        "oldest_seconds": max((depth.oldest_seconds for depth in depths if not depth.held), default=0),
        "running": running,
        "ready": sum(worker.condition == Condition.READY for worker in workers),
        "workers": workers,
        "running_jobs": running_jobs,
        "more_running": running - len(running_jobs),
        "waiting_jobs": waiting_jobs,
        "more_waiting": waiting - len(waiting_jobs),
        "throughput": figures.throughput(),
        "failures": figures.failures(),
        "failed_jobs": figures.failed_jobs(),
    }


@staff_only
@require_POST
def requeue(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a job from its worker: the one that had it when the page was drawn."""
    fence = request.POST.get("fence", "")
    found = get_object_or_404(Job, pk=pk)
    if str(found.fence) == fence and staff.requeue(job=found, by=request.user):
        messages.success(request, _("Job %(pk)d waits again. It goes on from its last checkpoint.") % {"pk": pk})
    else:
        messages.error(request, _("Job %(pk)d has gone on meanwhile: that worker trains it no more.") % {"pk": pk})
    return redirect("training:staff-jobs")


@staff_only
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """End anybody's job."""
    if staff.cancel(job=get_object_or_404(Job, pk=pk), by=request.user):
        messages.success(
            request, _("Job %(pk)d is cancelled. If it trains, its worker stops within seconds.") % {"pk": pk}
        )
    else:
        messages.error(request, _("Job %(pk)d had ended already.") % {"pk": pk})
    return redirect("training:staff-jobs")


@staff_only
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue a failed job again for its owner."""
    found = get_object_or_404(Job.objects.select_related("base", "owner"), pk=pk)
    try:
        again = staff.retry(job=found, by=request.user)
    except TrainingError as error:
        told = {"pk": pk, "owner": found.owner, "message": error.message}
        messages.error(request, _("Job %(pk)d was not queued again. %(owner)s would read: “%(message)s”") % told)
    else:
        messages.success(request, _("Job %(pk)d is queued again, as job %(again)d.") % {"pk": pk, "again": again.pk})
    return redirect("training:staff-jobs")


@staff_only
@require_POST
def drain(request: HttpRequest, name: str, draining: bool) -> HttpResponse:
    """Have a worker take no more jobs, or take them again."""
    name = name.replace("\x00", " ")  # the database takes no NUL
    staff.drain(worker=get_object_or_404(Worker, pk=name), draining=draining, by=request.user)
    if draining:
        told = _("%(worker)s takes no more jobs. When the page says that it is empty, it can be stopped.")
        messages.success(request, told % {"worker": name})
    else:
        messages.success(request, _("%(worker)s takes jobs again, within some seconds.") % {"worker": name})
    return redirect("training:staff-jobs")
