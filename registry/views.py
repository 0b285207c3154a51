"""The registry's pages. What they show comes from querysets and search, what they change goes through services."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hub.accounts.models import User
from hub.accounts.names import SLUG
from hub.preferences import Preferences
from registry import charts, downloads, services, snippets
from registry.browse import PAGE_SIZE
from registry.errors import RegistryError
from registry.formats import Dtype
from registry.forms import DetailsForm
from registry.models import Embedding
from registry.moderation import tombstones
from registry.search import search


@require_safe
def owner(request: HttpRequest, owner: str) -> HttpResponse:
    """What one person shares; on their own page also what they keep private."""
    if not SLUG.fullmatch(owner):
        raise Http404
    person = get_object_or_404(User, username=owner, is_active=True)
    found = search(request.user, owner=owner, explicit=Preferences.of(request).explicit).with_cards()
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "registry/owner.html", {"person": person, "page": page})


def _find(request: HttpRequest, owner: str, name: str) -> Embedding:
    """The embedding at an address, or 404 for what the person may not know of."""
    embedding = Embedding.objects.visible_to(request.user).at(owner, name).with_details().first()
    if embedding is None:
        raise tombstones.missing(request.user, owner, name)
    return embedding


def _find_own(request: HttpRequest, owner: str, name: str) -> Embedding:
    """One's own embedding; what one may see and not change is 403."""
    embedding = _find(request, owner, name)
    if not embedding.is_editable_by(request.user):
        raise PermissionDenied
    return embedding


@require_safe
def embedding(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """An embedding's page, for its newest version or the one asked for."""
    shown = _find(request, owner, name)
    versions = list(shown.versions.all())
    wanted = request.GET.get("version", "")
    version = next((item for item in versions if wanted in ("", str(item.number))), None)
    if version is None:
        raise Http404
    liked = request.user.is_authenticated and shown.liked_by.filter(owner=request.user).exists()
    context = {
        "embedding": shown,
        "version": version,
        "versions": versions,
        "pairs": snippets.preview_pairs(version),
        "snippets": snippets.for_version(shown, version, request.build_absolute_uri("/").rstrip("/")),
        "formats": snippets.formats(version),
        "contents": snippets.contents(version),
        "curve": charts.loss_curve(version.receipt.get("fixed_loss_curve", [])) if version.receipt else None,
        "liked": liked,
        "editable": shown.is_editable_by(request.user),
    }
    return render(request, "registry/embedding.html", context)


@require_safe
def download(request: HttpRequest, owner: str, name: str, number: int, target: str) -> HttpResponseBase:
    """A version's file in a format."""
    version = downloads.find_version(request.user, owner, name, number)
    try:
        dtype = request.GET.get("dtype", Dtype.FLOAT32)
        return downloads.serve(request, version, target, request.GET.get("file"), dtype)
    except RegistryError as error:
        raise Http404(error.message) from error


@require_safe
def picture(request: HttpRequest, pk: int, digest: str) -> HttpResponse:
    """A preview as it is stored."""
    return downloads.serve_picture(request, pk, digest)


@require_safe
def rendition(request: HttpRequest, pk: int, digest: str, width: int, kind: str) -> HttpResponse:
    """A preview in another size or format."""
    return downloads.serve_picture(request, pk, digest, width, kind)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Change what may change of one's own embedding."""
    shown = _find_own(request, owner, name)
    form = DetailsForm(request.POST) if request.method == "POST" else DetailsForm.of(shown)
    if form.is_bound and form.is_valid():
        try:
            services.update_embedding(embedding=shown, **form.cleaned_data)
        except RegistryError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            messages.success(request, "Saved.")
            return redirect(shown)
    status = 422 if form.is_bound else 200
    return render(request, "registry/edit.html", {"form": form, "embedding": shown}, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Delete one's own embedding, after asking."""
    shown = _find_own(request, owner, name)
    if request.method == "POST":
        services.delete_embedding(embedding=shown)
        messages.success(request, f"{shown.title} is deleted.")
        return redirect("registry:owner", owner)
    return render(request, "registry/delete.html", {"embedding": shown})


@login_required
@require_POST
def publish(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Share one's own draft with everyone."""
    shown = services.publish(embedding=_find_own(request, owner, name))
    messages.success(request, f"{shown.title} is public now.")
    return redirect(shown)


@login_required
@require_POST
def like(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Like an embedding, or take it back."""
    shown = _find(request, owner, name)
    change = services.unlike if request.POST.get("action") == "unlike" else services.like
    change(user=request.user, embedding=shown)
    return redirect(shown)
