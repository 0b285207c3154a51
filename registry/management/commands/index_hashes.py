"""``manage.py index_hashes``: bring files, hashes and directions of versions up to date after an upgrade. May be stopped and run again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import QuerySet

from registry import fingerprints, similarity, storage
from registry.formats import FormatError, inspect
from registry.models import Version
from registry.skeletons import skeletons

#: Rows fetched at once; each version is a transaction of its own.
BATCH = 200


class Command(BaseCommand):
    """Writes each version's files anew, in every format there is now, and keeps their hashes and where its numbers point; nothing else changes."""

    help = "Index the hashes of versions that were made before a format or a kind of hash was added."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--all", action="store_true", help="index versions that are up to date too")
        parser.add_argument("--count", action="store_true", help="only tell how many versions wait")

    def handle(self, *args: Any, all: bool, count: bool, **options: Any) -> None:
        """Index what waits; a version whose file is lost is named and left."""
        waiting = Version.objects.all() if all else Version.objects.exclude(indexed=fingerprints.current_index())
        if count:
            self.stdout.write(str(waiting.count()))
            return
        done, lost = 0, 0
        for key in _keys(waiting):
            try:
                done += _index(key)
            except (storage.BlobMissing, FormatError) as error:
                lost += 1
                self.stderr.write(f"Version {key}: its file cannot be read ({error!r}).")
        if done or options["verbosity"] > 1:
            self.stdout.write(f"Indexed {done} versions.")
        if lost:
            raise CommandError(f"{lost} versions could not be indexed.")


def _keys(versions: QuerySet[Version]) -> Iterator[int]:
    """Yield primary keys in order, a batch at a time: rows that are made meanwhile are indexed already."""
    last = 0
    while keys := list(versions.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield from keys
        last = keys[-1]


@transaction.atomic
def _index(key: int) -> int:
    """Index one version; 0 when it was deleted meanwhile."""
    version = Version.objects.select_for_update(of=["self"]).select_related("embedding__owner").filter(pk=key).first()
    if version is None:
        return 0
    encoders = inspect(storage.read(version.blob)).encoders
    fingerprints.index(version, encoders)
    similarity.index(version, encoders)
    embedding = version.embedding
    if not embedding.skeletons:
        embedding.skeletons = skeletons(embedding.name, embedding.title, embedding.token)
        embedding.save(update_fields=["skeletons"])
    return 1
