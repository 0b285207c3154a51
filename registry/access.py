"""The embedding at an address, for a page: found for who may know of it, refused to who may not change it."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from registry.models import Embedding
from registry.moderation import tombstones


def find(request: HttpRequest, owner: str, name: str) -> Embedding:
    """Return the embedding with its owner, or raise what its absence is answered with: 404, or 410 for what staff took down. One query."""
    embedding = Embedding.objects.visible_to(request.user).at(owner, name).select_related("owner").first()
    if embedding is None:
        raise tombstones.missing(request.user, owner, name)
    return embedding


def find_own(request: HttpRequest, owner: str, name: str) -> Embedding:
    """Return one's own embedding; what one may see and not change is 403."""
    embedding = find(request, owner, name)
    if not embedding.is_editable_by(request.user):
        raise PermissionDenied
    return embedding
