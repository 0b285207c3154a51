"""Which rows name which blobs, and taking away those that none names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.apps import apps
from django.db import models
from django.utils import timezone

from registry import storage
from registry.fields import BlobField

#: Blobs younger than this are kept whatever names them: they are written before the row that names them commits.
MIN_AGE = timedelta(days=2)
#: A blob put more lately than this may belong to a row that is about to be committed.
IN_FLIGHT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found."""

    kept: int  #: blobs that a row names
    removed: int  #: others, that are old enough
    freed: int  #: bytes of those


def columns() -> list[BlobField]:
    """Every column of every app that names blobs."""
    return [field for model in apps.get_models() for field in model._meta.fields if isinstance(field, BlobField)]


def named(since: str = "") -> set[str]:
    """The blobs that any row names, from ``since`` on in their order: about 0.1 GB of memory for a million."""
    return {
        sha256
        for field in columns()
        for sha256 in field.model._default_manager.filter(**{f"{field.name}__gte": since})
        .order_by()
        .values_list(field.name, flat=True)
        .distinct()
        .iterator()
    }


def named_among(names: set[str]) -> set[str]:
    """Those of the blobs that any row names; one query for each column."""
    return {
        sha256
        for field in columns()
        for sha256 in field.model._default_manager.filter(**{f"{field.name}__in": names})
        .order_by()
        .values_list(field.name, flat=True)
        .distinct()
    }


def naming(sha256: str) -> list[str]:
    """The rows that name a blob, each with the account it belongs to."""
    return [
        f"{field.model._meta.label} {key} of {owner}"
        for field in columns()
        for key, owner in field.model._default_manager.filter(**{field.name: sha256})
        .order_by("pk")
        .values_list("pk", f"{field.owner}__username")
    ]


def sweep(*, dry_run: bool = False, stopping: Callable[[], bool] = lambda: False) -> Swept:
    """Remove what is old and named by no row. May run beside the site, and be stopped and run again."""
    older_than = timezone.now() - MIN_AGE
    # Read before the folders are listed: a row that commits later names a blob that was put lately.
    known = named()
    kept = removed = freed = 0
    take = storage.size_if_older if dry_run else storage.remove_if_older
    for name in storage.every_name():
        if stopping():
            break
        if name in known:
            kept += 1
            continue
        size = take(name, older_than)
        removed += size > 0
        freed += size
    return Swept(kept, removed, freed)


def named_by(embedding: models.Model) -> set[str]:
    """The blobs that an embedding's rows name: files, pictures, whatever belongs to it."""
    ways = {field: field.owner.removesuffix("__owner") for field in columns()}
    return {
        sha256
        for field, way in ways.items()
        if way.endswith("embedding")
        for sha256 in field.model._default_manager.filter(**{way: embedding}).values_list(field.name, flat=True)
    }


def remove(names: set[str]) -> None:
    """Remove now what no row names any more; what was put in the last minutes is left to the next sweep."""
    older_than = timezone.now() - IN_FLIGHT
    for name in names - named_among(names):
        storage.remove_if_older(name, older_than)
