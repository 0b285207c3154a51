"""Which of a reader's collections an embedding is in, for the control that changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.db.models import Exists, OuterRef, QuerySet

from registry.models import Collection, CollectionItem, Embedding

if TYPE_CHECKING:
    from hub.accounts.models import User

register = template.Library()


@register.simple_tag
def collections_of(user: User, embedding: Embedding) -> QuerySet[Collection]:
    """A person's collections by title, each with ``holds``: whether the embedding is in it. One query."""
    held = CollectionItem.objects.filter(collection=OuterRef("pk"), embedding=embedding)
    return Collection.objects.filter(owner=user).annotate(holds=Exists(held)).order_by("title")
