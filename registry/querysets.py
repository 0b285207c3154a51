"""Which embeddings a person may see: the one place that decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User


class EmbeddingQuerySet(models.QuerySet):
    """Reads of embeddings, by what the reader may know of."""

    def listed_for(self, user: User | AnonymousUser) -> Self:
        """Embeddings that lists and searches show: public ones, and the reader's own."""
        if not user.is_authenticated:
            return self.filter(visibility="public")
        return self.filter(Q(visibility="public") | Q(owner=user))

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Embeddings that the reader may open by address: unlisted ones too; staff may open all."""
        if not user.is_authenticated:
            return self.exclude(visibility="private")
        if user.is_staff:
            return self
        return self.filter(~Q(visibility="private") | Q(owner=user))
