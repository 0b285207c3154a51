"""Where the wizard begins: a first choice of pictures, and the drafts that wait to be gone on with."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from training.datasets import MAX_IMAGES, MIN_IMAGES
from training.errors import TrainingError
from training.forms import ImagesForm
from training.limits import limits_of
from training.models import TrainingDraft
from training.wizard.drafts import LIFE, MAX_DRAFTS, drafts_of, expires, find_draft, start_draft
from training.wizard.pictures import Added, add_images


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def train(request: HttpRequest) -> HttpResponse:
    """Begin a draft with some pictures, or go on with one."""
    if request.method != "POST":
        return _start(request, ImagesForm())
    form = ImagesForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            draft, added = _begin(request, form.cleaned_data["images"])
            return answer(request, draft, added)
        except TrainingError as error:
            form.add_error("images", error.message)
    if wants_json(request):
        return JsonResponse({"refused": form.errors.get("images", [])}, status=422)
    return _start(request, form, status=422)


def _begin(request: HttpRequest, files: list[UploadedFile]) -> tuple[TrainingDraft, Added]:
    """A new draft with what can be taken of the files. Raises :class:`TrainingError` where that is nothing, and keeps no draft."""
    draft = start_draft(owner=request.user)
    added = add_images(owner=request.user, draft=draft.pk, files=files)
    if not added.taken:
        draft.delete()
        raise TrainingError(" ".join(added.refused), field="images")
    return draft, added


def wants_json(request: HttpRequest) -> bool:
    """Whether the page's own script sends a file, instead of a person a form."""
    return request.headers.get("X-Requested-With") == "XMLHttpRequest"


def answer(request: HttpRequest, draft: TrainingDraft, added: Added) -> HttpResponse:
    """Go to the pictures, and tell which files were not taken; tell the script where they are."""
    address = reverse("training:draft-images", args=[draft.pk])
    if wants_json(request):
        return JsonResponse({"address": address, "refused": added.refused}, status=201 if added.taken else 422)
    for sentence in added.refused:
        messages.error(request, sentence)
    return redirect(address)


def _start(request: HttpRequest, form: ImagesForm, status: int = 200) -> HttpResponse:
    drafts = list(drafts_of(request.user))
    context = {
        "form": form,
        "drafts": [(draft, expires(draft)) for draft in drafts],
        "is_full": len(drafts) >= MAX_DRAFTS,
        "limits": limits_of(request.user),
        "life_days": LIFE.days,
        "least": MIN_IMAGES,
        "most": MAX_IMAGES,
    }
    return render(request, "training/wizard/start.html", context, status=status)


@login_required
@require_safe
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft's own address leads to its pictures, or to its job."""
    found = find_draft(request.user, pk)
    return redirect(found.job) if found.job else redirect("training:draft-images", pk)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away; the job that it became stays."""
    found = find_draft(request.user, pk)
    if not found.is_submitted:
        found.delete()
        messages.success(request, _("The draft and its pictures are deleted."))
    return redirect("training:train")
