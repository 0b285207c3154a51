"""``manage.py sweep_blobs``: remove stored bytes that nothing names any more. May run beside the site, be stopped and run again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.template.defaultfilters import filesizeformat

from registry import blobs


class Command(BaseCommand):
    """Deleted embeddings and jobs, uploads that were never published and refused ones leave blobs behind."""

    help = "Remove stored files that no embedding, version, picture or training image names."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--dry-run", action="store_true", help="only tell what would be removed")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        """Remove what is old and named by no row."""
        swept = blobs.sweep(dry_run=dry_run)
        what = "would be removed" if dry_run else "removed"
        self.stdout.write(f"{swept.removed} blobs {what}, {filesizeformat(swept.freed)}; {swept.kept} are in use.")
