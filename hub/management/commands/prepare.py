"""``manage.py prepare``: what a run needs in its database beyond the schema. Safe to repeat."""

from __future__ import annotations

import io
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from hub.accounts.demo import ensure_demo
from training.bases import ensure_builtin_bases

#: Name of the file in the folder of the state that says that the sample catalogue was loaded.
SAMPLES_LOADED = "samples-loaded"


class Command(BaseCommand):
    """Register the built-in base model; in an embedded run also the demo account and the sample catalogue."""

    help = "Register built-in base models; in an embedded run also make the demo account and the sample catalogue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default="", help="address that var/demo.json names in an embedded run")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("createcachetable")
        ensure_builtin_bases()
        self._index_hashes()
        if settings.EMBEDDED:
            ensure_demo(url=options["url"], path=settings.VAR / "demo.json")
            self._load_samples_once()

    def _load_samples_once(self) -> None:
        """Load the sample catalogue on the first start; samples that somebody deletes stay deleted."""
        marker = settings.VAR / SAMPLES_LOADED
        if not marker.exists():
            call_command("load_catalogue")
            marker.touch()

    def _index_hashes(self) -> None:
        """After an upgrade: a small run does it at once, an operator decides when a large hub does."""
        if settings.EMBEDDED:
            try:
                call_command("index_hashes")
            except CommandError as error:  # a lost file has been named; the others are of use without it
                self.stderr.write(f"{error} The hub starts all the same; restore their files from a backup.")
            return
        waiting = io.StringIO()
        call_command("index_hashes", count=True, stdout=waiting)
        if int(waiting.getvalue()):
            self.stdout.write(
                f"{int(waiting.getvalue())} versions wait to be indexed; until then some of their formats are missing. "
                "Run: manage.py index_hashes"
            )
