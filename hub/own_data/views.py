"""Pages about all that the hub keeps of a person: taking it along, deleting it, and what is not shared yet."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hub.accounts.models import User
from hub.own_data import export
from hub.own_data.deletion import delete_account
from hub.own_data.forms import DeleteForm
from registry.models import Collection, Embedding, Like, Visibility
from registry.quota import bytes_stored, megabytes_allowed
from registry.upload import drafts as upload_drafts
from training.models import Job
from training.wizard.drafts import drafts_of

#: Cards on a page of drafts.
PAGE_SIZE = 24


@login_required
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """What is kept, in a few figures, and the way to take it along."""
    context = {"figures": _figures(request.user), "too_soon": False}
    return render(request, "accounts/data.html", context)


def _figures(user: User) -> dict[str, int]:
    return {
        "embeddings": Embedding.objects.filter(owner=user).count(),
        "likes": Like.objects.filter(owner=user).count(),
        "collections": Collection.objects.filter(owner=user).count(),
        "jobs": Job.objects.filter(owner=user).count(),
        "bytes": bytes_stored(user),
        "megabytes_allowed": megabytes_allowed(user),
    }


@login_required
@never_cache
@require_POST
def download(request: HttpRequest) -> HttpResponseBase:
    """Everything in one archive."""
    if not export.claim(request.user):
        context = {"figures": _figures(request.user), "too_soon": True}
        return render(request, "accounts/data.html", context, status=429)
    return archive_response(request.user)


def archive_response(user: User) -> StreamingHttpResponse:
    """The archive as an attachment, sent while it is written."""
    headers = {
        "Content-Disposition": f'attachment; filename="{export.filename(user)}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingHttpResponse(export.archive(user), content_type="application/zip", headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
@never_cache
def delete(request: HttpRequest) -> HttpResponse:
    """Delete one's account: after proving again who one is, and typing its name."""
    user = User.objects.get(pk=request.user.pk)
    form = DeleteForm(request.POST, user=user) if request.method == "POST" else DeleteForm(user=user)
    if form.is_bound and form.is_valid():
        delete_account(user=user)
        logout(request)
        messages.success(request, _("Your account is deleted, with everything that was in it. Farewell."))
        return redirect("registry:browse")
    context = {"form": form, "figures": _figures(user)}
    return render(request, "accounts/delete.html", context, status=422 if form.is_bound else 200)


@login_required
@require_safe
def drafts(request: HttpRequest) -> HttpResponse:
    """What one has begun and not shared yet."""
    private = Embedding.objects.filter(owner=request.user, visibility=Visibility.PRIVATE)
    page = Paginator(private.with_cards().order_by("-updated", "-id"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "upload_draft": upload_drafts.for_account(request.user),
        "training_drafts": drafts_of(request.user),
    }
    return render(request, "registry/drafts.html", context)
