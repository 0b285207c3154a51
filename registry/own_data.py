"""What the registry keeps about a person, and the stored files of every app that are theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import F

from hub.accounts.models import User
from hub.accounts.own_data import Table
from registry.blobs import columns
from registry.models import (
    Collection,
    CollectionItem,
    DraftCard,
    DraftFile,
    DraftPicture,
    Embedding,
    Like,
    Preview,
    Report,
    Reservation,
    Tombstone,
    UploadDraft,
    Version,
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a person: ``place`` says where in the archive, without an extension."""

    place: str
    blob: str


def tables(user: User) -> list[Table]:
    """What the registry keeps of a person."""
    return [
        Table("embeddings", Embedding.objects.filter(owner=user), frozenset({"skeletons", "description_html"})),
        Table("versions", Version.objects.filter(embedding__owner=user)),
        Table("previews", Preview.objects.filter(version__embedding__owner=user)),
        Table("reserved_names", Reservation.objects.filter(owner=user)),
        Table("likes", Like.objects.filter(owner=user)),
        Table("collections", Collection.objects.filter(owner=user), frozenset({"description_html"})),
        Table("upload_draft", UploadDraft.objects.filter(owner=user)),
        Table("upload_draft_files", DraftFile.objects.filter(draft__owner=user)),
        Table("upload_draft_cards", DraftCard.objects.filter(draft__owner=user)),
        Table("upload_draft_pictures", DraftPicture.objects.filter(draft__owner=user)),
        Table("reports", Report.objects.filter(reporter=user)),
        Table("taken_down", Tombstone.objects.filter(owner=user)),
        Table("collection_items", CollectionItem.objects.filter(collection__owner=user)),
    ]


def files(user: User) -> Iterator[StoredFile]:
    """Every stored file that a row of the person names, of whatever app; named after the table and the row."""
    for field in columns():
        rows = field.model._default_manager.filter(**{field.owner: user}).exclude(**{field.name: ""}).order_by("pk")
        for key, blob in rows.values_list("pk", field.name).iterator():
            column = "" if field.name == "blob" else f"-{field.name}"
            yield StoredFile(f"files/{field.model._meta.model_name}-{key}{column}", blob)


def forget(user: User) -> None:
    """Delete what a person shared, and take their likes back. Part of the transaction around it.

    Embeddings of others are locked in one order, so that two accounts that go at once do not wait for each other.
    """
    liked = Embedding.objects.filter(liked_by__owner=user).order_by("pk").select_for_update(no_key=True, of=("self",))
    keys = list(liked.values_list("pk", flat=True))
    Embedding.objects.filter(pk__in=keys).update(likes=F("likes") - 1)
    Like.objects.filter(owner=user).delete()
    Collection.objects.filter(owner=user).delete()
    Embedding.objects.filter(owner=user).delete()
