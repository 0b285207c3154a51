"""Step one of the wizard: the pictures, what is said of them, their order, and the square that is cut out of each."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from registry import storage
from training.datasets import MAX_IMAGES, MIN_IMAGES
from training.errors import TrainingError
from training.forms import CropForm, ImagesForm
from training.models import DraftImage
from training.wizard import pictures
from training.wizard.drafts import find_draft
from training.wizard.start_views import answer, wants_json
from training.wizard.steps import Work


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def images(request: HttpRequest, pk: int) -> HttpResponse:
    """The pictures of a draft; a POST adds some."""
    work = Work.of(request, pk)
    if work.draft.job:
        return redirect(work.draft.job)
    if request.method != "POST":
        return _page(request, work, ImagesForm())
    form = ImagesForm(request.POST, request.FILES)
    if form.is_valid():
        added = pictures.add_images(owner=request.user, draft=pk, files=form.cleaned_data["images"])
        return answer(request, work.draft, added)
    if wants_json(request):
        return JsonResponse({"refused": form.errors.get("images", [])}, status=422)
    return _page(request, work, form, status=422)


def _page(request: HttpRequest, work: Work, form: ImagesForm, status: int = 200, **more: Any) -> HttpResponse:
    report = work.report
    context = work.context("draft-images") | {
        "form": form,
        "report": report,
        "rows": [(image, report.of_images.get(image.pk, [])) for image in work.images],
        "least": MIN_IMAGES,
        "most": MAX_IMAGES,
        **more,
    }
    return render(request, "training/wizard/images.html", context, status=status)


def _changed(request: HttpRequest, pk: int, said: str, focus: int | None = None, anchor: str = "") -> HttpResponse:
    """The page after a change: shown at once to the page's own requests, else gone to."""
    if request.htmx and not request.htmx.history_restore_request:
        return _page(request, Work.of(request, pk), ImagesForm(), said=said, focus=focus)
    messages.success(request, said)
    return redirect(reverse("training:draft-images", args=[pk]) + anchor)


@login_required
@require_POST
def move(request: HttpRequest, pk: int, image: int) -> HttpResponse:
    """Move a picture one place earlier or later."""
    earlier = request.POST.get("direction") == "earlier"
    moved = pictures.move(owner=request.user, draft=pk, image=image, earlier=earlier)
    said = _("%(file)s is picture %(number)d now.") % {"file": moved.filename, "number": moved.position + 1}
    return _changed(request, pk, said, anchor=f"#picture-{image}")


@login_required
@require_POST
def remove(request: HttpRequest, pk: int, image: int) -> HttpResponse:
    """Take a picture out."""
    gone = pictures.remove(owner=request.user, draft=pk, image=image)
    left = list(gone.draft.images.values_list("pk", flat=True))
    said = ngettext(
        "%(file)s is removed; %(count)d picture is left.",
        "%(file)s is removed; %(count)d pictures are left.",
        len(left),
    ) % {"file": gone.filename, "count": len(left)}
    next_one = left[min(gone.position, len(left) - 1)] if left else 0
    return _changed(request, pk, said, focus=next_one)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def crop(request: HttpRequest, pk: int, image: int) -> HttpResponse:
    """Choose the square that is cut out of a picture."""
    found = pictures.find_image(find_draft(request.user, pk), image)
    if request.method != "POST":
        return _crop_page(request, found, CropForm(image=found, initial=_square(found)))
    form = CropForm(request.POST, image=found)
    whole = "whole" in request.POST
    if whole or form.is_valid():
        square = None if whole else tuple(form.cleaned_data[name] for name in ("x", "y", "size"))
        try:
            pictures.crop(owner=request.user, draft=pk, image=image, square=square)
            return redirect(reverse("training:draft-images", args=[pk]) + f"#picture-{image}")
        except TrainingError as error:
            form.add_error(error.field, error.message)
    return _crop_page(request, found, form, status=422)


def _square(image: DraftImage) -> dict[str, int]:
    """The square that is learned from now: the one that was chosen, else the one in the middle."""
    side = min(image.width, image.height)
    x, y, size = image.crop or ((image.width - side) // 2, (image.height - side) // 2, side)
    return {"x": x, "y": y, "size": size}


def _crop_page(request: HttpRequest, image: DraftImage, form: CropForm, status: int = 200) -> HttpResponse:
    context = Work(image.draft).context("draft-images") | {
        "image": image,
        "form": form,
        "resolution": image.draft.base.resolution,
    }
    return render(request, "training/wizard/crop.html", context, status=status)


@login_required
@require_safe
def thumbnail(request: HttpRequest, pk: int, image: int) -> HttpResponse:
    """The square of a picture that the trainer will see, small."""
    found = pictures.find_image(find_draft(request.user, pk), image)
    return _private(bytes(found.thumbnail))


@login_required
@require_safe
def picture(request: HttpRequest, pk: int, image: int) -> HttpResponse:
    """A whole picture, as large as pages show it."""
    found = pictures.find_image(find_draft(request.user, pk), image)
    try:
        return _private(pictures.shown(found))
    except storage.BlobMissing as error:
        raise Http404("The storage has lost this picture.") from error


def _private(webp: bytes) -> HttpResponse:
    """A picture for its owner only; its address changes with it."""
    response = HttpResponse(webp, content_type="image/webp", headers={"X-Content-Type-Options": "nosniff"})
    patch_cache_control(response, private=True, max_age=24 * 60 * 60)
    return response
