"""``manage.py sweep_blobs``: remove stored bytes that nothing names any more. May run beside the site, be stopped and run again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandParser
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from registry import drafts, storage
from registry.fields import BlobField

#: Blobs younger than this are kept whatever names them: forms that are being filled in name theirs by a signed reference only.
MIN_AGE = timedelta(seconds=2 * drafts.MAX_AGE_SECONDS)


class Command(BaseCommand):
    """Deleted embeddings and jobs, uploads that were never published and refused ones leave blobs behind."""

    help = "Remove stored files that no embedding, version, picture or training image names."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--dry-run", action="store_true", help="only tell what would be removed")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        """Remove what is old and named by no row."""
        older_than = timezone.now() - MIN_AGE
        # Read before the folders are listed: a row that commits later names a blob that was put lately.
        named = _named()
        kept = removed = freed = 0
        take = storage.size_if_older if dry_run else storage.remove_if_older
        for name in storage.every_name():
            if name in named:
                kept += 1
                continue
            size = take(name, older_than)
            removed += size > 0
            freed += size
        what = "would be removed" if dry_run else "removed"
        self.stdout.write(f"{removed} blobs {what}, {filesizeformat(freed)}; {kept} are in use.")


def _named() -> set[str]:
    """The blobs that any row names: about 0.1 GB of memory for a million."""
    fields = [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, BlobField)
    ]
    return {
        sha256
        for model, field in fields
        for sha256 in model._default_manager.values_list(field, flat=True).distinct().iterator()
    }
