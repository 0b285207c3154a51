"""Which embeddings a person may see: the one place that decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db import models
from django.db.models import Prefetch, Q

from hub.accounts.names import SLUG

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User


_PUBLIC = Q(visibility="public", moderation="")


class EmbeddingQuerySet(models.QuerySet):
    """Reads of embeddings, by what the reader may know of."""

    def public(self) -> Self:
        """Embeddings that everybody may know of, whatever their rating: shared with all, and not hidden by staff."""
        return self.filter(_PUBLIC)

    def listed_for(self, user: User | AnonymousUser, *, explicit: bool = False) -> Self:
        """Embeddings that lists and searches show: public ones, and the reader's own.

        Those of others that are rated explicit only where the reader chose to have them listed.
        """
        listed = _PUBLIC if explicit else _PUBLIC & ~Q(rating="explicit")
        return self.filter(listed | Q(owner=user) if user.is_authenticated else listed)

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Embeddings that the reader may open by address: unlisted ones too; staff may open all.

        What staff have hidden its owner still sees, who is told why.
        """
        shared = Q(moderation="") & ~Q(visibility="private")
        if not user.is_authenticated:
            return self.filter(shared)
        if user.is_staff:
            return self
        return self.filter(shared | Q(owner=user))

    def liked_by(self, person: User) -> Self:
        """Embeddings that a person likes, the newest like first."""
        return self.filter(liked_by__owner=person).order_by("-liked_by__id")

    def at(self, owner: str, name: str) -> Self:
        """The embedding at an address; nothing where the address could not be one."""
        if not (SLUG.fullmatch(owner) and SLUG.fullmatch(name)):
            return self.none()
        return self.filter(owner__username=owner, name=name)

    def with_cards(self) -> Self:
        """With what a card shows: owner, newest version and its cover. Three queries whatever the rows."""
        as_it_is = Q(settings__strength__isnull=True) | Q(settings__strength=1)
        covers = apps.get_model("registry", "Preview").objects.filter(as_it_is, variant="learned")
        versions = apps.get_model("registry", "Version").objects.order_by("embedding_id", "-number")
        return self.select_related("owner").prefetch_related(
            Prefetch("versions", versions.distinct("embedding_id"), to_attr="latest_versions"),
            Prefetch(
                "latest_versions__previews",
                covers.order_by("version_id", "position", "id").distinct("version_id"),
                to_attr="covers",
            ),
        )

    def with_details(self) -> Self:
        """With everything below it: owner, versions, their files and previews. Four queries whatever the rows."""
        return self.select_related("owner").prefetch_related("versions__files", "versions__previews")
