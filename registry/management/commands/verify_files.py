"""``manage.py verify_files``: hash everything that is stored anew and compare it with the database. Changes nothing."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from registry.verification import Findings, verify

#: Seconds between two lines about how far it is.
PROGRESS_SECONDS = 5.0


class Command(BaseCommand):
    """Tells what the storage has lost and what has changed there, and ends with status 1 where there is any."""

    help = "Hash all stored files anew and tell which are lost, changed or orphaned. Fails when any is lost or changed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
        parser.add_argument(
            "--from",
            dest="since",
            default="",
            metavar="HEX",
            help="leave out files before this one, as in a run cut off",
        )

    def handle(self, *args: Any, since: str, **options: Any) -> None:
        """Look at everything."""
        if not re.fullmatch("[0-9a-f]{0,64}", since):
            raise CommandError(f"--from {since}: give the first hexadecimal digits of a file's name, in lower case.")
        self._told = time.monotonic()
        found = verify(since=since, progress=self._progress)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found)))
        else:
            self._tell(found)
        if not found.sound:
            counts = ", ".join(f"{len(getattr(found, kind))} {kind}" for kind in ("lost", "changed", "unreadable"))
            raise CommandError(f"Not everything is as it was stored: {counts}. Bring these files back from a backup.")

    def _progress(self, found: Findings, name: str) -> None:
        if time.monotonic() - self._told >= PROGRESS_SECONDS:
            self._told = time.monotonic()
            self.stderr.write(f"{_seen(found)}, now at {name[:8]}")
            self.stderr.flush()

    def _tell(self, found: Findings) -> None:
        for kind in ("lost", "changed", "unreadable"):
            for fault in getattr(found, kind):
                self.stdout.write(f"{kind}: {fault.file} {fault.what} Needed by {', '.join(fault.named_by)}.")
        for name in found.orphaned:
            self.stdout.write(f"orphaned: {name}")
        self.stdout.write(f"{_seen(found)}; {len(found.orphaned)} files are orphaned.")


def _seen(found: Findings) -> str:
    return f"Hashed {found.files} files ({filesizeformat(found.bytes)}), read {found.versions} versions"
