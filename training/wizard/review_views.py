"""Step three of the wizard: how long it takes, when its turn comes, what is declared, and off it goes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from training.checks import default_steps
from training.errors import TrainingError
from training.estimates import Estimate, estimates_of
from training.forms import BaseForm, ReviewForm
from training.limits import limits_of
from training.models import BaseModel, Preset
from training.queue import Place, place_of_next
from training.wizard.drafts import find_draft, submit_draft, touch
from training.wizard.steps import Work


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what will happen, and do it."""
    work = Work.of(request, pk)
    if work.draft.job:
        return redirect(work.draft.job)
    if work.first_open_step != "draft-review":
        return redirect(f"training:{work.first_open_step}", pk)
    if request.method != "POST":
        return _page(request, work, ReviewForm.of(work.draft))
    form = ReviewForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        declared = values.pop("rights")
        touch(work.draft, **values)
        try:
            return redirect(submit_draft(owner=request.user, pk=pk, rights=declared))
        except TrainingError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
    return _page(request, work, form, status=422)


@login_required
@require_POST
def base(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose another base model; pictures and words are looked at anew for it."""
    draft, form = find_draft(request.user, pk), BaseForm(request.POST)
    if form.is_valid() and not draft.is_submitted:
        touch(draft, base=form.cleaned_data["base"], vectors=None)
    return redirect("training:draft-review", pk)


def _page(request: HttpRequest, work: Work, form: ReviewForm, status: int = 200) -> HttpResponse:
    draft, estimates = work.draft, estimates_of(work.draft.base)
    preset = str(form["preset"].value())
    preset = preset if preset in Preset.values else Preset.BALANCED
    place = place_of_next(owner=request.user, base=draft.base, steps=default_steps(draft.base, preset))
    context = work.context("draft-review") | {
        "form": form,
        "base_form": BaseForm(initial={"base": draft.base.slug}),
        "has_bases": BaseModel.objects.filter(enabled=True).exclude(pk=draft.base_id).exists(),
        "presets": [_preset(form, draft.base, value, estimates[value]) for value in Preset.values],
        "chosen": estimates[preset],
        "place": place,
        "limits": limits_of(request.user),
        "kept_days": settings.HUB_TRAINING_IMAGES_DAYS,
        "kept_until": _kept_until(place, estimates[preset]),
    }
    return render(request, "training/wizard/review.html", context, status=status)


def _preset(form: ReviewForm, base: BaseModel, value: str, estimate: Estimate) -> dict[str, Any]:
    """A preset as the page offers it."""
    advice = {
        Preset.QUICK: _("Half the steps: good to see whether the pictures will do."),
        Preset.BALANCED: _("As many steps as this base model needs for most words."),
        Preset.THOROUGH: _("Twice the steps, but it stops as soon as nothing more is learned."),
    }
    return {
        "value": value,
        "label": Preset(value).label,
        "checked": str(form["preset"].value()) == value,
        "steps": default_steps(base, value),
        "estimate": estimate,
        "advice": advice[Preset(value)],
    }


def _kept_until(place: Place, estimate: Estimate) -> datetime:
    """When the pictures will be deleted if the job begins and ends as it probably does."""
    ends_in = timedelta(seconds=(place.seconds or 0) + (estimate.seconds or 0))
    return timezone.now() + ends_in + timedelta(days=settings.HUB_TRAINING_IMAGES_DAYS)
