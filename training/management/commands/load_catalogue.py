"""``manage.py load_catalogue``: publish the sample catalogue. What is there already stays as it is."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hub.accounts.demo import LOGIN
from hub.accounts.models import User
from training import catalogue


class Command(BaseCommand):
    """Load the catalogue for an account; samples it has already are left alone."""

    help = "Publish the sample catalogue under an account; safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=catalogue.FOLDER)
        parser.add_argument("--owner", default=LOGIN, help="account that the samples belong to")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = User.objects.filter(username=options["owner"]).first()
        if owner is None:
            raise CommandError(
                f"There is no account called {options['owner']}. Create it first, or name another with --owner."
            )
        loaded = catalogue.load(options["folder"], owner=owner)
        if loaded:
            self.stdout.write(f"Loaded {len(loaded)} sample embeddings.")
