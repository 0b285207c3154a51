"""The pages of jobs: a list, and a job's page that follows it. How a job comes to be is in :mod:`training.wizard`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HTMX_STOP_POLLING

from hub.accounts.notices import mark_seen
from registry import storage
from registry.models import Embedding, License
from registry.pages import charts
from training import diary, failures, retention, services, steps
from training.errors import TrainingError
from training.models import Job, JobPreview, State
from training.queue import Place, place_of, polling_tag
from training.wizard import remarks

#: Jobs on a page of the list.
PAGE_SIZE = 30
#: Seconds between two looks at a job: often while it trains, rarely while it waits.
POLL_SECONDS = {State.RUNNING: 1, State.QUEUED: 3}
#: What the engine is busy with, in words; :class:`training.inversion.callbacks.Stage` names them.
STAGES = {
    "loading": gettext_lazy("loading the base model"),
    "encoding": gettext_lazy("preparing the images"),
    "training": gettext_lazy("training"),
    "previewing": gettext_lazy("drawing the pictures"),
}


@login_required
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """One's own jobs, newest first."""
    found = Job.objects.filter(owner=request.user).select_related("base", "embedding__owner")
    return render(
        request, "training/jobs.html", {"page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))}
    )


def _find(request: HttpRequest, pk: int) -> Job:
    """One's own job; staff may look at anybody's."""
    visible = Job.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("base", "owner", "embedding__owner", "version"), pk=pk)


def _context(request: HttpRequest, job: Job, place: Place | None) -> dict[str, Any]:
    previews = list(job.previews.all())
    final = [preview for preview in previews if preview.final and preview.settings.get("strength", 1) == 1]
    snapshots = list(job.snapshots.values("step", "loss")) if job.state == State.SUCCEEDED else []
    plain = {(item.template, item.seed): item for item in final if item.variant == "initialiser"}
    return {
        "job": job,
        "state_sentence": State(job.state).label,
        "place": place,
        "tag": polling_tag(job, place),
        "curve": charts.loss_curve(job.loss_curve),
        "fixed_curve": charts.loss_curve(job.fixed_loss_curve),
        "diary": diary.entries(job),
        "pairs": [(item, plain.get((item.template, item.seed))) for item in final if item.variant == "learned"],
        "stage": STAGES.get(job.stage, job.stage),
        "steps": steps.arrange(job, previews, snapshots),
        "poll_seconds": POLL_SECONDS.get(State(job.state)),
        "snapshots": snapshots,
        "own": job.owner_id == request.user.pk,
        "reason": failures.sentence_for(job),
        "findings": remarks.retold(job.findings),
        "images": retention.kept_images(job),
        "can_go_on": services.steps_further(job),
    }


@login_required
@never_cache
@require_safe
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """A job's page. Asked for by the page itself it answers with the part that changes."""
    part = bool(request.htmx) and not request.htmx.history_restore_request
    try:
        found = _find(request, pk)
    except Http404:
        if not part:
            raise
        # A page that is still open asks for a job that was deleted: it shall say so and stop asking.
        return render(request, "training/job_gone.html", status=HTMX_STOP_POLLING)
    place = _place(found)
    if found.ended:
        mark_seen(request.user, url=found.get_absolute_url())
    if part and request.GET.get("seen") == polling_tag(found, place):
        return HttpResponse(status=204)  # htmx leaves the page as it is
    return render(
        request, "training/job.html#progress" if part else "training/job.html", _context(request, found, place)
    )


def _place(job: Job) -> Place | None:
    return place_of(job) if job.state == State.QUEUED else None


@login_required
@require_safe
def picture(request: HttpRequest, pk: int, preview: int) -> HttpResponse:
    """A picture drawn while the job ran."""
    found = get_object_or_404(JobPreview, pk=preview, job=_find(request, pk))
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    try:
        return HttpResponse(storage.read(found.blob), content_type="image/webp", headers=headers)
    except storage.BlobMissing as error:
        raise Http404("The storage has lost this picture.") from error


def _change(request: HttpRequest, pk: int, action: Callable[..., Any], done: str) -> HttpResponse:
    """Do something to one's own job and go to where it led."""
    found = get_object_or_404(Job, pk=pk, owner=request.user)
    try:
        result = action(job=found)
    except TrainingError as error:
        messages.error(request, error.message)
        return redirect(found)
    if done and result:
        messages.success(request, done)
    return redirect(found if isinstance(result, bool) else result)


@login_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a job."""
    return _change(request, pk, services.cancel_job, "")


@login_required
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Submit a job's images and settings again; a name that will not do is told beside its field."""
    found = get_object_or_404(
        Job.objects.select_related("base", "owner", "embedding__owner"), pk=pk, owner=request.user
    )
    name = request.POST.get("name", "").strip()
    try:
        again = services.retry_job(job=found, name=name)
    except TrainingError as error:
        if error.field == "name":
            told = {"retry_name": name, "retry_error": error.message}
            return render(request, "training/job.html", _context(request, found, None) | told, status=422)
        messages.error(request, error.message)
        return redirect(found)
    messages.success(request, _("Queued again."))
    return redirect(again)


@login_required
@require_POST
def snapshot(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the vectors of another step the next version."""
    step = request.POST.get("step", "")
    wanted = int(step) if step.isdecimal() and len(step) < 10 else 0
    return _change(
        request, pk, partial(_chosen, step=wanted), _("The vectors of that step are the newest version now.")
    )


def _chosen(*, job: Job, step: int) -> Embedding:
    return services.choose_snapshot(job=job, step=step).embedding


@login_required
@require_POST
def further(request: HttpRequest, pk: int) -> HttpResponse:
    """Train a finished job further, as a new job."""
    more = request.POST.get("steps", "")
    wanted = int(more) if more.isdecimal() and len(more) < 10 else 0
    return _change(request, pk, partial(services.train_further, steps=wanted), _("Queued. It goes on where it ended."))


@login_required
@require_POST
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Make what a job learned public."""
    done = [_("Your embedding is public now.")]
    if Job.objects.filter(pk=pk, owner=request.user, embedding__license=License.OTHER).exists():
        done.append(_("Choose its licence under “Edit”, so that others know what they may do with it."))
    return _change(request, pk, services.publish_draft, " ".join(done))


@login_required
@require_POST
def images_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a job's training images now."""
    return _change(request, pk, retention.delete_images, _("The training images are deleted."))
