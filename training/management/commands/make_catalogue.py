"""``manage.py make_catalogue``: train the sample catalogue on the built-in base model. Needs no database."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training.catalogue import FOLDER
from training.pocket.concepts import CONCEPTS
from training.pocket.info import NAME


class Command(BaseCommand):
    """Teach each of the pocket world's held-out concepts; concepts that are there already are passed over."""

    help = "Train the sample catalogue; goes on from where it was stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, default=FOLDER)
        parser.add_argument("--only", action="append", choices=sorted(CONCEPTS), metavar="NAME", help="repeatable")
        parser.add_argument("--steps", type=int, help="optimiser steps, instead of the base model's default")
        parser.add_argument(
            "--strengths", action="store_true", help="train nothing: draw the steps of strength where they are missing"
        )
        parser.add_argument("--base", default=NAME, help="folder or name of the base model")

    def handle(self, *args: Any, **options: Any) -> None:
        import torch

        from training.catalogue_making import add_strengths, is_made, make
        from training.inversion.errors import InversionError
        from training.inversion.models import load_base

        torch.set_num_threads(1)  # the model is tiny: cores are better used by several of these commands side by side
        names = options["only"] or list(CONCEPTS)
        if options["strengths"]:
            base = load_base(options["base"])
            for name in filter(lambda name: is_made(options["out"] / name), names):
                self.stdout.write(f"{name}: {add_strengths(options['out'] / name, base=base)} pictures drawn")
            return
        wanted = [name for name in names if not is_made(options["out"] / name)]
        self.stdout.write(f"{len(wanted)} of {len(names)} concepts to train.")
        try:
            base = load_base(options["base"]) if wanted else None
            for number, name in enumerate(wanted, 1):
                receipt = make(CONCEPTS[name], options["out"] / name, base=base, steps=options["steps"])
                self.stdout.write(f"{number}/{len(wanted)} {name}: loss {receipt['loss']}, {receipt['seconds']} s")
        except InversionError as error:
            raise CommandError(error.message) from error
