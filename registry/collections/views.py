"""The pages of collections: one, a form for one, and putting an embedding into some."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hub.preferences import Preferences
from registry.access import find
from registry.collections import services
from registry.collections.forms import CollectionForm
from registry.errors import RegistryError
from registry.models import Collection, CollectionItem

#: Cards on a page, as on every page of cards.
PAGE_SIZE = 24
#: Largest number that a key can be.
_MAX_KEY = 2**31 - 1


def find_collection(request: HttpRequest, pk: int) -> Collection:
    """A collection that the reader may know of, else 404."""
    if pk > _MAX_KEY:
        raise Http404
    visible = Collection.objects.visible_to(request.user).filter(owner__is_active=True)
    return get_object_or_404(visible.select_related("owner"), pk=pk)


def _find_own(request: HttpRequest, pk: int) -> Collection:
    """One's own collection; what one may see and not change is 403."""
    collection = find_collection(request, pk)
    if not collection.is_editable_by(request.user):
        raise PermissionDenied
    return collection


@require_safe
def collection(request: HttpRequest, pk: int) -> HttpResponse:
    """A collection: cards, each with why it is there."""
    found = find_collection(request, pk)
    items = found.items_for(request.user, explicit=Preferences.of(request).explicit).with_cards()
    page = Paginator(items, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"collection": found, "page": page, "editable": found.is_editable_by(request.user)}
    return render(request, "registry/collection.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Begin a collection."""
    form = CollectionForm(request.POST) if request.method == "POST" else CollectionForm()
    if form.is_bound and form.is_valid():
        try:
            return redirect(services.create_collection(owner=request.user, **form.cleaned_data))
        except RegistryError as error:
            _tell(form, error)
    return render(request, "registry/collection_form.html", {"form": form}, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename, describe, share."""
    found = _find_own(request, pk)
    form = CollectionForm(request.POST) if request.method == "POST" else CollectionForm.of(found)
    if form.is_bound and form.is_valid():
        try:
            services.update_collection(collection=found, **form.cleaned_data)
        except RegistryError as error:
            _tell(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect(found)
    context = {"form": form, "collection": found}
    return render(request, "registry/collection_form.html", context, status=422 if form.is_bound else 200)


def _tell(form: CollectionForm, error: RegistryError) -> None:
    form.add_error(error.field if error.field in form.fields else None, error.message)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a collection, after asking; what is in it stays."""
    found = _find_own(request, pk)
    if request.method == "POST":
        found.delete()
        messages.success(request, _("The collection “%(title)s” is deleted.") % {"title": found.title})
        return redirect("registry:collections-of", request.user.username)
    return render(request, "registry/collection_delete.html", {"collection": found})


@login_required
@require_POST
def change_item(request: HttpRequest, pk: int, embedding: int) -> HttpResponse:
    """Change an entry's note, move it, or take it out: ``do`` is note, earlier, later or remove."""
    found = _find_own(request, pk)
    item = get_object_or_404(CollectionItem.objects.select_related("embedding"), collection=found, embedding=embedding)
    action = request.POST.get("do")
    try:
        if action == "remove":
            services.remove_item(collection=found, embedding=item.embedding)
            messages.success(request, _("“%(title)s” is taken out.") % {"title": item.embedding.title})
        elif action in ("earlier", "later"):
            by = 1 if action == "later" else -1
            services.move_item(collection=found, embedding=item.embedding, by=by)
            messages.success(request, _("“%(title)s” is moved.") % {"title": item.embedding.title})
        else:
            services.put_item(collection=found, embedding=item.embedding, note=request.POST.get("note", ""))
            messages.success(request, _("Saved."))
    except RegistryError as error:
        messages.error(request, error.message)
    page = request.POST.get("page", "")
    where = f"?page={page}" if page.isdecimal() and len(page) < 6 else ""
    return redirect(f"{found.get_absolute_url()}{where}#entry-{item.embedding_id}")


@login_required
@require_POST
def collect(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Choose which of one's collections an embedding is in, and begin a new one for it if wished."""
    shown = find(request, owner, name)
    try:
        added = services.choose_collections(
            owner=request.user,
            embedding=shown,
            chosen=_keys(request, "in"),
            offered=_keys(request, "offered"),
            note=request.POST.get("note", ""),
            new=request.POST.get("new", ""),
        )
    except RegistryError as error:
        messages.error(request, error.message)
        return redirect(shown)
    if added:
        told = (
            _("Added to “%(title)s”.") % {"title": added[0].title}
            if len(added) == 1
            else ngettext("Added to %(count)d collection.", "Added to %(count)d collections.", len(added))
            % {"count": len(added)}
        )
        messages.success(request, told)
    else:
        messages.success(request, _("Your collections are saved."))
    return redirect(shown)


def _keys(request: HttpRequest, name: str) -> list[int]:
    """Whole numbers of a repeated field; what is none is left out."""
    given = request.POST.getlist(name)[: services.MAX_COLLECTIONS]
    return [int(value) for value in given if value.isdecimal() and len(value) < 10]
