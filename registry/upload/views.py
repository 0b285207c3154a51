"""The upload page and what it sends: files one by one, what is typed, and at last what shall be published."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from registry import storage
from registry.errors import RegistryError
from registry.formats import NamedFile
from registry.models import PICTURE_DIGEST_CHARACTERS, DraftPicture, Embedding, UploadDraft
from registry.models.draft import KEPT
from registry.upload import drafts
from registry.upload.forms import CardForm, FileForm, SharedForm
from registry.upload.page import Section, loose_pictures, sections
from registry.upload.publishing import Refused, publish

#: Fields of a card by the names they are sent under; numbers of nine digits are all within a column's reach.
_CARD_FIELD = re.compile(r"card-(\d{1,9})-([a-z]+)")
_PICTURE_FIELD = re.compile(r"picture-(\d{1,9})-card")
_CARD_FIELDS = frozenset({*CardForm.base_fields, *SharedForm.base_fields}) - {"seen"}
#: Refusals that the next file would meet, too.
_FULL = frozenset({"draft_full", "quota"})
_REMOVE = re.compile(r"remove-(card|picture)-(\d{1,9})")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """The page; a form that is sent adds files, saves, removes, discards or publishes, as its button says."""
    if request.method != "POST":
        return _page(request)
    do = request.POST.get("do", "add")
    if do == "discard":
        drafts.discard(owner=request.user)
        return redirect("registry:upload")
    draft = _save(request) if _is_said(request.POST) else drafts.for_account(request.user)
    refused = _add_pictures(request)
    if do == "publish":
        return _publish(request, draft, refused)
    if removed := _REMOVE.fullmatch(do):
        remove = drafts.remove_card if removed[1] == "card" else drafts.remove_picture
        near = remove(owner=request.user, **{removed[1]: int(removed[2])})
        if not refused:  # a long page goes on where one was, not at its top
            return redirect(f"{reverse('registry:upload')}#{near.anchor if near else 'upload-form'}")
    elif do == "add":
        return _add(request, refused)
    return _page(request, refused=refused, status=422) if refused else redirect("registry:upload")


def _page(
    request: HttpRequest,
    *,
    found: list[Section] | None = None,
    shared: SharedForm | None = None,
    refused: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:
    """The page of the account's draft, as it was left or as it was sent."""
    draft = drafts.for_account(request.user)
    found = sections(request.user, draft) if found is None else found
    context = {
        "draft": draft,
        "sections": found,
        "ready": sum(section.form is not None for section in found),
        "shared": shared or SharedForm.starting_with(draft.said if draft else {}),
        "files": FileForm(),
        "refused": list(refused),
        "wrong": [section for section in found if section.form and section.form.is_bound and section.form.errors],
        "published": _published(request) if "published" in request.GET else [],
        "loose": loose_pictures(draft),
        "at": _at(draft),
        "kept": KEPT,
        "max_cards": drafts.MAX_CARDS,
        "max_files": drafts.MAX_CARDS + drafts.MAX_PICTURES,
    }
    return render(request, "registry/upload.html", context, status=status)


def _at(draft: UploadDraft | None) -> str:
    """When the draft changed last, as a number that grows: a card that is older than the one on the page is not shown."""
    return f"{draft.touched.timestamp():.6f}" if draft else "0"


def _published(request: HttpRequest) -> Iterable[Embedding]:
    """What was published last, which the page shows once more."""
    draft = UploadDraft.objects.filter(owner=request.user).first()
    made = [embedding for _card, embedding in draft.published] if draft else []
    return Embedding.objects.filter(owner=request.user, pk__in=made).with_cards().order_by("id")


def _is_said(data: QueryDict) -> bool:
    """Whether a form with fields of the draft was sent."""
    return any(name in SharedForm.base_fields or _CARD_FIELD.fullmatch(name) for name in data)


def _save(request: HttpRequest) -> UploadDraft:
    """Keep what was typed."""
    shared = {name: request.POST[name] for name in SharedForm.base_fields if name in request.POST}
    cards: dict[int, dict[str, str]] = {}
    for name, value in request.POST.items():
        match = _CARD_FIELD.fullmatch(name)
        if match and match[2] in _CARD_FIELDS:
            cards.setdefault(int(match[1]), {"include": ""})[match[2]] = value
    return drafts.save(owner=request.user, shared=shared, cards=cards)


def _add(request: HttpRequest, refused: list[str]) -> HttpResponse:
    """Add the files of a form."""
    files = request.FILES.getlist("file")
    if not files and not refused and not _is_said(request.POST):  # else Enter was pressed in a field: it is saved
        refused = [_("Choose the embedding file.")]
    for file in files:
        try:
            drafts.add(owner=request.user, file=NamedFile(file.name, file.read(drafts.MAX_READ_BYTES)))
        except RegistryError as error:
            refused.append(error.message)
    # Each reason once: a full draft refuses all that is left with the same words.
    if refused:
        return _page(request, refused=dict.fromkeys(refused), status=422)
    return redirect("registry:upload")


def _add_pictures(request: HttpRequest) -> list[str]:
    """Add the pictures that a form brings for its cards, and give loose ones to cards; return what was refused."""
    wishes = {}
    for name, value in request.POST.items():
        match = _PICTURE_FIELD.fullmatch(name)
        if match and re.fullmatch(r"\d{1,9}", value):
            wishes[int(match[1])] = int(value)
    if wishes:
        drafts.assign_pictures(owner=request.user, cards=wishes)
    refused = []
    for name in request.FILES:
        match = _CARD_FIELD.fullmatch(name)
        if match is None or match[2] != "pictures":
            continue
        for file in request.FILES.getlist(name):
            new = NamedFile(file.name, file.read(drafts.MAX_READ_BYTES))
            try:
                drafts.add(owner=request.user, file=new, card=int(match[1]))
            except RegistryError as error:
                refused.append(error.message)
    return refused


@login_required
@require_POST
def add_file(request: HttpRequest) -> HttpResponse:
    """Add one file and answer with the cards that it changed; a reason where there is no room."""
    file = request.FILES.get("file")
    card = request.POST.get("card", "")
    try:
        if file is None:
            raise RegistryError("required", _("Choose the embedding file."), field="file")
        new = NamedFile(file.name, file.read(drafts.MAX_READ_BYTES))
        added = drafts.add(owner=request.user, file=new, card=int(card) if re.fullmatch(r"\d{1,9}", card) else None)
    except RegistryError as error:
        headers = {"Draft-Full": "1"} if error.code in _FULL else {}
        return HttpResponse(error.message, content_type="text/plain; charset=utf-8", status=422, headers=headers)
    return _changed(request, [card.pk for card in added.cards])


@login_required
@require_POST
def save_fields(request: HttpRequest) -> HttpResponse:
    """Keep what is typed while it is typed; answers with cards only where pictures moved."""
    if _is_said(request.POST):
        _save(request)
    before = set(DraftPicture.objects.filter(draft__owner=request.user, card=None).values_list("pk", flat=True))
    if any(_PICTURE_FIELD.fullmatch(name) and value for name, value in request.POST.items()):
        _add_pictures(request)
        moved = DraftPicture.objects.filter(pk__in=before).exclude(card=None).values_list("card", flat=True)
        return _changed(request, moved)
    return HttpResponse(status=204)


def _changed(request: HttpRequest, cards: Iterable[int]) -> HttpResponse:
    """Some cards, and the pictures that are of none."""
    draft = drafts.for_account(request.user)
    context: dict[str, Any] = {
        "sections": sections(request.user, draft, only=list(cards)),
        "loose": loose_pictures(draft),
        "draft": draft,
        "at": _at(draft),
    }
    return render(request, "registry/_upload_changed.html", context)


def _publish(request: HttpRequest, draft: UploadDraft | None, refused: list[str]) -> HttpResponse:
    """Publish what is chosen, or show what is wrong beside the field it is about."""
    found = sections(request.user, draft, data=request.POST)
    sent = {int(match[1]) for name in request.POST if (match := _CARD_FIELD.fullmatch(name))}
    if again := _sent_twice(draft, sent, found):
        return again
    shared = SharedForm(request.POST)
    chosen = [section for section in found if section.form and section.form.is_bound and section.form.is_wanted]
    valid = [form.is_valid() for form in (shared, *(section.form for section in chosen))]
    if not chosen:
        refused.append(_("Choose at least one embedding to publish."))
    elif all(valid) and not refused and not any(section.news for section in chosen):
        try:
            made = publish(owner=request.user, draft=draft, shared=shared, chosen=chosen)
        except Refused:
            # The same form may have been sent twice at once, and the other one was first.
            draft = UploadDraft.objects.filter(owner=request.user).first()
            if again := _sent_twice(draft, sent, sections(request.user, draft)):
                return again
        else:
            return _to_published(request, made)
    return _page(request, found=_settled(found, chosen), shared=shared, refused=refused, status=422)


def _settled(found: list[Section], chosen: list[Section]) -> list[Section]:
    """Sections as they are shown again: nothing is asked of cards that shall not be published."""
    for section in found:
        if section.form and section.form.is_bound and section not in chosen:
            section.form = CardForm(initial=section.form.initial | section.card.said, card=section.card)
    return found


def _sent_twice(draft: UploadDraft | None, sent: set[int], found: list[Section]) -> HttpResponse | None:
    """Where to go when everything that was sent is published already: the button was pressed twice, or in another tab."""
    done = dict(draft.published) if draft else {}
    if not sent or any(section.card.pk in sent for section in found) or not sent & done.keys():
        return None
    return redirect(reverse("registry:upload") + "?published=1")


def _to_published(request: HttpRequest, made: list[Embedding]) -> HttpResponse:
    """The page of what was published, or all of them where there are several or the draft holds more."""
    if len(made) == 1 and drafts.for_account(request.user) is None:
        messages.success(request, _("%(title)s is uploaded.") % {"title": made[0].title})
        return redirect(made[0])
    return redirect(reverse("registry:upload") + "?published=1")


@login_required
@require_safe
def picture(request: HttpRequest, pk: int, digest: str) -> HttpResponseBase:
    """A picture of one's own draft."""
    found = get_object_or_404(DraftPicture, pk=pk, draft__owner=request.user)
    if digest != found.blob[:PICTURE_DIGEST_CHARACTERS]:
        raise Http404
    try:
        response = FileResponse(storage.open_blob(found.blob), content_type="image/webp")
    except storage.BlobMissing as error:
        raise Http404 from error
    response["Cache-Control"] = "private, max-age=3600"
    return response
