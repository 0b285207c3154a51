"""Step two of the wizard: the new word, and what it starts from."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from training.forms import ConceptForm, caption_field
from training.models import DraftImage
from training.wizard.drafts import find_draft, touch
from training.wizard.reading import read, use_instead
from training.wizard.steps import Work

#: Buttons of the form that only look something up.
_LOOK_UPS = ("check", "use")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def concept(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what the word is; a POST of ``check`` or ``use`` only shows how the base model reads what is typed."""
    work = Work.of(request, pk)
    if work.draft.job:
        return redirect(work.draft.job)
    if work.first_open_step == "draft-images":
        return redirect("training:draft-images", pk)
    if request.method != "POST":
        return _page(request, work, ConceptForm(draft=work.draft, images=work.images))
    if any(name in request.POST for name in _LOOK_UPS):
        return _page(request, work, _typed(request, work))
    form = ConceptForm(request.POST, draft=work.draft, images=work.images)
    if not form.is_valid():
        return _page(request, work, form, status=422)
    _save(request, pk, form)
    return redirect("training:draft-review", pk)


def _typed(request: HttpRequest, work: Work) -> ConceptForm:
    """A form that shows what was typed and complains of nothing yet."""
    values = request.POST.dict()
    if chosen := values.get("use"):
        values["initialiser"] = use_instead(values.get("initialiser", ""), chosen)
    form = ConceptForm(draft=work.draft, images=work.images, initial=values)
    if chosen:  # the button that was pressed is gone from the page
        form.fields["initialiser"].widget.attrs["autofocus"] = True
    return form


@transaction.atomic
def _save(request: HttpRequest, pk: int, form: ConceptForm) -> None:
    draft = find_draft(request.user, pk, lock=True)
    fields = ("kind", "token", "initialiser", "vectors", "name")
    touch(draft, **{field: form.cleaned_data[field] for field in fields})
    for key, caption in form.captions().items():
        DraftImage.objects.filter(draft=draft, pk=key).update(caption=caption)


def _page(request: HttpRequest, work: Work, form: ConceptForm, status: int = 200) -> HttpResponse:
    typed = {name: str(form[name].value() or "") for name in ("token", "initialiser", "kind")}
    context = work.context("draft-concept") | {
        "form": form,
        "reading": read(work.draft.base, **typed),
        "captions": [(image, form[caption_field(image)]) for image in work.images],
        "has_captions": any(form[caption_field(image)].value() for image in work.images),
        "wrong_captions": any(form[caption_field(image)].errors for image in work.images),
    }
    return render(request, "training/wizard/concept.html", context, status=status)
