"""What people do with collections. Raises ``RegistryError`` naming the field that will not do; nothing is changed then."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from hub.accounts.models import User
from registry.errors import RegistryError
from registry.markdown import render
from registry.models import (
    MAX_COLLECTION_DESCRIPTION_CHARACTERS,
    MAX_COLLECTION_TITLE_CHARACTERS,
    MAX_NOTE_CHARACTERS,
    Collection,
    CollectionItem,
    Embedding,
    Visibility,
)
from registry.validation import check_choice, check_line, check_text

#: Collections of one account: more than anybody keeps in mind.
MAX_COLLECTIONS = 200
#: Entries of one collection, all of which are numbered anew when one is moved.
MAX_ITEMS = 1_000


def create_collection(
    *, owner: User, title: str, description: str = "", visibility: str = Visibility.PRIVATE
) -> Collection:
    """Make an empty collection."""
    fields = _checked({"title": title, "description": description, "visibility": visibility})
    with transaction.atomic():
        owner.lock()
        if Collection.objects.filter(owner=owner).count() >= MAX_COLLECTIONS:
            raise RegistryError(
                "too_many",
                _("You have %(count)d collections, the most there can be. Delete one first.")
                % {"count": MAX_COLLECTIONS},
            )
        return _saved(Collection(owner=owner, **fields))


def update_collection(*, collection: Collection, **fields: Any) -> Collection:
    """Change title, description or visibility; what else somebody changes at the same time stays."""
    changed = _checked(fields)
    for name, value in changed.items():
        setattr(collection, name, value)
    return _saved(collection, update_fields=[*changed, "updated"])


def put_item(
    *, collection: Collection, embedding: Embedding, note: str | None = None, position: int | None = None
) -> CollectionItem:
    """Put an embedding into a collection, or change its entry: ``note`` says why, ``position`` counts from 0.

    What is None stays as it is; a new entry comes last. That its owner may know of the embedding is for the caller to see.
    """
    said = None if note is None else check_line(note, "note", MAX_NOTE_CHARACTERS)
    with transaction.atomic():
        _lock(collection)
        item = collection.items.filter(embedding=embedding).first()
        if item is None:
            item = _append(collection, embedding, said or "")
        elif said is not None:
            item.note = said
            item.save(update_fields=["note"])
        if position is not None:
            _place(collection, item, position)
        collection.save(update_fields=["updated"])
    return item


def move_item(*, collection: Collection, embedding: Embedding, by: int) -> None:
    """Move an entry so many places back (negative: forward), as far as there are any."""
    with transaction.atomic():
        _lock(collection)
        order = list(collection.items.values_list("embedding_id", flat=True))
        if embedding.pk in order:
            item = collection.items.get(embedding=embedding)
            _place(collection, item, order.index(embedding.pk) + by)


def remove_item(*, collection: Collection, embedding: Embedding) -> bool:
    """Take an embedding out of a collection; say whether it was in it."""
    removed, _rows = collection.items.filter(embedding=embedding).delete()
    if removed:
        collection.save(update_fields=["updated"])
    return bool(removed)


@transaction.atomic
def choose_collections(
    *, owner: User, embedding: Embedding, chosen: Iterable[int], offered: Iterable[int], note: str = "", new: str = ""
) -> list[Collection]:
    """Let an embedding be in the ``chosen`` of one's ``offered`` collections and in no other of those; return those it came into.

    ``new`` is the title of one more to make. ``note`` is kept with each new entry.
    """
    wanted = set(chosen)
    own = {found.pk: found for found in Collection.objects.filter(owner=owner, pk__in=set(offered) | wanted)}
    held = set(
        CollectionItem.objects.filter(embedding=embedding, collection__in=own).values_list("collection", flat=True)
    )
    targets = [found for key, found in own.items() if key in wanted - held]
    if new.strip():
        targets.append(create_collection(owner=owner, title=new))
    for collection in targets:
        put_item(collection=collection, embedding=embedding, note=note)
    for key in held - wanted:
        remove_item(collection=own[key], embedding=embedding)
    return targets


def _lock(collection: Collection) -> None:
    """Let one change of a collection's entries through at a time."""
    Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)


def _append(collection: Collection, embedding: Embedding, note: str) -> CollectionItem:
    if collection.items.count() >= MAX_ITEMS:
        raise RegistryError(
            "too_many",
            _("“%(title)s” has %(count)d entries, the most there can be. Begin another collection.")
            % {"title": collection.title, "count": MAX_ITEMS},
        )
    last = collection.items.aggregate(last=Max("position", default=-1))["last"]
    return CollectionItem.objects.create(collection=collection, embedding=embedding, note=note, position=last + 1)


def _place(collection: Collection, item: CollectionItem, position: int) -> None:
    """Put an entry at a place and number all anew."""
    items = [other for other in collection.items.all() if other.pk != item.pk]
    items.insert(min(max(position, 0), len(items)), item)
    for number, other in enumerate(items):
        other.position = number
    CollectionItem.objects.bulk_update(items, ["position"])


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields as they are stored, with the rendered description."""
    result = dict(fields)
    if "title" in fields:
        result["title"] = check_line(fields["title"], "title", MAX_COLLECTION_TITLE_CHARACTERS, required=True)
    if "description" in fields:
        text = check_text(fields["description"], "description", MAX_COLLECTION_DESCRIPTION_CHARACTERS)
        result |= {"description": text, "description_html": render(text)}
    if "visibility" in fields:
        result["visibility"] = check_choice(fields["visibility"], Visibility, "visibility")
    return result


def _saved(collection: Collection, **options: Any) -> Collection:
    try:
        with transaction.atomic():
            collection.save(**options)
    except IntegrityError as error:
        raise RegistryError(
            "name_taken",
            _("You have a collection called “%(title)s” already. Choose another title.") % {"title": collection.title},
            field="title",
        ) from error
    return collection
