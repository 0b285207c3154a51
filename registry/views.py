"""What one person shares."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from hub.accounts.models import User
from hub.accounts.names import SLUG
from hub.preferences import Preferences
from registry.browse import PAGE_SIZE
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
