"""The pages on which staff decide: the queue, one report, one embedding, what was taken down, and the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from hub.accounts.names import SLUG
from hub.accounts.staff import staff_only
from registry.lookup import copies_of
from registry.models import AuditEntry, Embedding, Reason, Report, Tombstone
from registry.moderation import reports as decisions
from registry.moderation import services
from registry.moderation.forms import CloseForm, HideForm, RateForm, TakeDownForm, WhyForm

#: Rows of a list.
PAGE_SIZE = 30
#: Rows beside something else: the latest say enough.
FEW = 10


@staff_only
@never_cache
@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    """The queue, oldest first; or what was decided, newest first."""
    state, reason = request.GET.get("state", ""), request.GET.get("reason", "")
    closed = state == "closed"
    found = (
        Report.objects.exclude(state=Report.State.OPEN) if closed else Report.objects.filter(state=Report.State.OPEN)
    )
    if reason in Reason.values:
        found = found.filter(reason=reason)
    found = found.select_related("reporter", "embedding__owner").order_by("-id" if closed else "id")
    context = {"page": _page(request, found), "closed": closed, "reason": reason, "reasons": Reason.choices}
    return render(request, "registry/staff_reports.html", context)


@staff_only
@never_cache
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """One report, with what can be done about it."""
    return _report(request, pk)


def _report(request: HttpRequest, pk: int, form: forms.Form | None = None) -> HttpResponse:
    found = get_object_or_404(Report.objects.select_related("reporter"), pk=pk)
    embedding = Embedding.objects.with_cards().filter(pk=found.embedding_id).first()
    context = {"report": found, "close_form": form or CloseForm(), "embedding": embedding}
    if embedding is not None:
        context |= _measures(embedding, reason=found.reason)
    return render(request, "registry/staff_report.html", context, status=422 if form else 200)


@staff_only
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide a report without doing anything to the embedding."""
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _report(request, pk, form)
    found = get_object_or_404(Report.objects.select_related("reporter", "embedding"), pk=pk)
    upheld = form.cleaned_data["outcome"] == "upheld"
    if decisions.close(report=found, by=request.user, upheld=upheld, answer=form.cleaned_data["answer"]):
        messages.success(request, _("Decided. Who sent the report is told."))
    else:
        messages.error(request, _("This report was decided already."))
    return redirect("registry:staff-reports")


@staff_only
@never_cache
@require_safe
def embedding(request: HttpRequest, pk: int) -> HttpResponse:
    """One embedding, what was said of it and done to it, and what can be done."""
    return _embedding(request, pk)


def _embedding(request: HttpRequest, pk: int, **bound: forms.Form) -> HttpResponse:
    found = get_object_or_404(Embedding.objects.with_cards(), pk=pk)
    context = {
        "embedding": found,
        "reports": found.reports.select_related("reporter").order_by("-id")[:FEW],
        "entries": AuditEntry.objects.filter(kind=found._meta.label_lower, key=str(pk))
        .select_related("by")
        .order_by("-id")[:FEW],
        "copies": copies_of(found)[:FEW],
    }
    context |= _measures(found) | bound
    return render(request, "registry/staff_embedding.html", context, status=422 if bound else 200)


def _measures(embedding: Embedding, reason: str = "") -> dict[str, forms.Form]:
    """An empty form for each thing that can be done."""
    return {
        "hide_form": HideForm(initial={"reason": reason}, prefix="hide"),
        "takedown_form": TakeDownForm(initial={"reason": reason}, prefix="takedown", embedding=embedding),
        "restore_form": WhyForm(prefix="restore"),
        "rate_form": RateForm(initial={"rating": embedding.rating, "locked": True}, prefix="rate"),
    }


@staff_only
@require_POST
def hide(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it out of everybody's sight."""
    return _do(request, pk, "hide", HideForm, services.hide, _("It is hidden, and its owner is told why."))


@staff_only
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Show it again."""
    return _do(request, pk, "restore", WhyForm, services.restore, _("It is shown again, as it was."))


@staff_only
@require_POST
def rate(request: HttpRequest, pk: int) -> HttpResponse:
    """Set its content rating."""
    return _do(request, pk, "rate", RateForm, services.rate, _("It is rated, and its owner is told."))


def _do(
    request: HttpRequest, pk: int, name: str, form: type[forms.Form], measure: Callable[..., bool], done: str
) -> HttpResponse:
    """Do one thing to an embedding, or show the page with what is wrong in the form."""
    filled = form(request.POST, prefix=name)
    if not filled.is_valid():
        return _embedding(request, pk, **{f"{name}_form": filled})
    found = get_object_or_404(Embedding.objects.select_related("owner"), pk=pk)
    if measure(embedding=found, by=request.user, **filled.cleaned_data):
        messages.success(request, done)
    else:
        messages.error(request, _("It was so already: somebody else was faster."))
    return redirect("registry:staff-embedding", pk)


@staff_only
@require_POST
def take_down(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete it for good and leave a tombstone."""
    found = get_object_or_404(Embedding.objects.select_related("owner"), pk=pk)
    form = TakeDownForm(request.POST, prefix="takedown", embedding=found)
    if not form.is_valid():
        return _embedding(request, pk, takedown_form=form)
    said = {name: form.cleaned_data[name] for name in ("reason", "text")}
    if services.take_down(embedding=found, by=request.user, **said):
        messages.success(request, _("%(path)s is taken down. Its files and pictures are deleted.") % {"path": found})
    else:
        messages.error(request, _("It was so already: somebody else was faster."))
    return redirect("registry:staff-tombstones")


@staff_only
@never_cache
@require_safe
def all_tombstones(request: HttpRequest) -> HttpResponse:
    """What was taken down."""
    return _tombstones(request)


def _tombstones(request: HttpRequest, lifting: int = 0, form: forms.Form | None = None) -> HttpResponse:
    found = Tombstone.objects.annotate(blocked=Count("hashes")).order_by("-id")
    context = {"page": _page(request, found), "lifting": lifting, "form": form or WhyForm()}
    return render(request, "registry/staff_tombstones.html", context, status=422 if form else 200)


@staff_only
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a name and its bytes come back."""
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _tombstones(request, pk, form)
    found = get_object_or_404(Tombstone.objects.select_related("owner"), pk=pk)
    if services.lift(tombstone=found, by=request.user, **form.cleaned_data):
        messages.success(request, _("%(path)s may be uploaded again.") % {"path": found})
    else:
        messages.error(request, _("It was so already: somebody else was faster."))
    return redirect("registry:staff-tombstones")


@staff_only
@never_cache
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Everything that staff did, newest first, by what, by whom and on what."""
    chosen = {name: request.GET.get(name, "").replace("\x00", "").strip()[:200] for name in ("action", "by", "q")}
    found = AuditEntry.objects.select_related("by", "about").order_by("-id")
    if chosen["action"]:
        found = found.filter(action=chosen["action"])
    if chosen["by"]:
        found = found.filter(by__username=chosen["by"]) if SLUG.fullmatch(chosen["by"]) else found.none()
    if chosen["q"]:
        found = found.filter(Q(label__icontains=chosen["q"]) | Q(text__icontains=chosen["q"]) | Q(key=chosen["q"]))
    actions = AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct()
    context = {"page": _page(request, found), "chosen": chosen, "actions": actions}
    return render(request, "registry/staff_audit.html", context)


def _page(request: HttpRequest, found: QuerySet[Any]) -> Any:
    return Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
