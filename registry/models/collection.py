"""Collections: embeddings that somebody put together, each with a word on why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from registry.models.embedding import Embedding, Visibility

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User

MAX_COLLECTION_TITLE_CHARACTERS = 80
MAX_COLLECTION_DESCRIPTION_CHARACTERS = 2_000
MAX_NOTE_CHARACTERS = 300
#: Pictures on the card of a collection.
COVERS = 4


class CollectionQuerySet(models.QuerySet):
    """Reads of collections, by what the reader may know of."""

    def listed_for(self, user: User | AnonymousUser) -> Self:
        """Collections that lists show: public ones, and the reader's own."""
        if not user.is_authenticated:
            return self.filter(visibility=Visibility.PUBLIC)
        return self.filter(Q(visibility=Visibility.PUBLIC) | Q(owner=user))

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Collections that the reader may open by address: unlisted ones too; staff may open all."""
        if not user.is_authenticated:
            return self.exclude(visibility=Visibility.PRIVATE)
        if user.is_staff:
            return self
        return self.filter(~Q(visibility=Visibility.PRIVATE) | Q(owner=user))

    def holding(self, embedding: int, user: User | AnonymousUser, *, explicit: bool = False) -> Self:
        """Collections with an embedding among the entries that the reader finds in them; see ``Collection.items_for``."""
        known, listed = Embedding.objects.visible_to(user), Embedding.objects.listed_for(user, explicit=explicit)
        found = Q(embedding__in=listed)
        if user.is_authenticated:
            found |= Q(collection__owner=user, embedding__in=known)
        return self.filter(pk__in=CollectionItem.objects.filter(found, embedding=embedding).values("collection"))

    def with_counts(self, user: User | AnonymousUser, *, explicit: bool = False) -> Self:
        """With ``count``: the entries that lists show the reader."""
        # Asked for each entry: all that lists show would be far more than the entries of some collections.
        listed = Embedding.objects.listed_for(user, explicit=explicit).filter(pk=OuterRef("items__embedding"))
        return self.select_related("owner").annotate(count=Count("items", filter=Exists(listed)))

    def with_covers(self, user: User | AnonymousUser, *, explicit: bool = False) -> Self:
        """With what a card shows: count, and the first few of those entries. A fixed number of queries."""
        listed = Embedding.objects.listed_for(user, explicit=explicit)
        shown = CollectionItem.objects.filter(embedding__in=listed).with_cards()
        return self.with_counts(user, explicit=explicit).prefetch_related(
            Prefetch("items", shown[:COVERS], to_attr="first_items")
        )


class Collection(models.Model):
    """A named list of embeddings, one's own or anybody's."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="collections")
    title = models.CharField(max_length=MAX_COLLECTION_TITLE_CHARACTERS)
    description = models.TextField(blank=True, max_length=MAX_COLLECTION_DESCRIPTION_CHARACTERS, help_text="Markdown.")
    description_html = models.TextField(blank=True, editable=False)
    visibility = models.CharField(max_length=16, choices=Visibility.choices, default=Visibility.PRIVATE)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "title"], name="registry_collection_title")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("registry:collection", args=[self.pk])

    def items_for(self, user: User | AnonymousUser, *, explicit: bool = False) -> QuerySet[CollectionItem]:
        """The entries that a reader finds, in order; ``explicit`` as for every list.

        The owner also finds what is unlisted; to list it for others is for its own owner to decide.
        """
        own = self.is_editable_by(user)
        embeddings = Embedding.objects
        known = embeddings.visible_to(user) if own else embeddings.listed_for(user, explicit=explicit)
        return self.items.filter(embedding__in=known)

    def is_editable_by(self, user: User | AnonymousUser) -> bool:
        """Whether ``user`` may change it."""
        return user.is_authenticated and self.owner_id == user.pk


class CollectionItemQuerySet(models.QuerySet):
    """Reads of entries."""

    def with_cards(self) -> Self:
        """With what the cards of their embeddings show; a fixed number of queries."""
        return self.prefetch_related(Prefetch("embedding", Embedding.objects.with_cards()))


class CollectionItem(models.Model):
    """An embedding in a collection."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="items")
    embedding = models.ForeignKey(Embedding, on_delete=models.CASCADE, related_name="collected_in")
    note = models.CharField(_("note"), max_length=MAX_NOTE_CHARACTERS, blank=True)
    position = models.IntegerField(help_text="Smaller ones come first.")
    added = models.DateTimeField(auto_now_add=True)

    objects = CollectionItemQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["collection", "embedding"], name="registry_collected_once")]

    def __str__(self) -> str:
        return f"{self.embedding_id} in {self.collection_id}"
