"""A person's page with its tabs, and the form of one's own profile."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hub.accounts.models import User
from hub.preferences import Preferences
from registry.browsing.search import search
from registry.errors import RegistryError
from registry.models import Collection, Embedding
from registry.people.forms import ProfileForm
from registry.people.services import figures_of, find_person, update_profile

#: Cards on a page: fills two, three, four and six columns.
PAGE_SIZE = 24


def _explicit(request: HttpRequest) -> bool:
    """Whether the reader chose to have explicit embeddings of others listed."""
    return Preferences.of(request).explicit


def _page(request: HttpRequest, person: User, tab: str, found: QuerySet[Any]) -> HttpResponse:
    """A tab of a person's page."""
    context = {
        "person": person,
        "own": person == request.user,
        "tab": tab,
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "figures": figures_of(person),
    }
    return render(request, "registry/owner.html", context)


@require_safe
def embeddings(request: HttpRequest, owner: str) -> HttpResponse:
    """What one person shares; on their own page also what they keep private."""
    person = find_person(owner)
    return _page(
        request, person, "embeddings", search(request.user, owner=owner, explicit=_explicit(request)).with_cards()
    )


@require_safe
def likes(request: HttpRequest, owner: str) -> HttpResponse:
    """What a person likes, the newest like first, unless they keep it to themselves."""
    person = find_person(owner)
    if not person.shows_likes_to(request.user):
        raise Http404
    listed = Embedding.objects.listed_for(request.user, explicit=_explicit(request))
    return _page(request, person, "likes", listed.liked_by(person).with_cards())


@require_safe
def collections(request: HttpRequest, owner: str) -> HttpResponse:
    """A person's collections, the last changed first."""
    person = find_person(owner)
    listed = Collection.objects.filter(owner=person).listed_for(request.user)
    shown = listed.with_covers(request.user, explicit=_explicit(request))
    return _page(request, person, "collections", shown.order_by("-updated", "-id"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Change what others read of oneself."""
    form = ProfileForm(request.POST) if request.method == "POST" else ProfileForm.of(request.user)
    if form.is_bound and form.is_valid():
        try:
            update_profile(user=request.user, **form.cleaned_data)
        except RegistryError as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("registry:profile")
    return render(request, "accounts/profile.html", {"form": form}, status=422 if form.is_bound else 200)
