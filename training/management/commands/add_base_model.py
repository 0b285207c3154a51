"""``manage.py add_base_model SLUG SOURCE``: let jobs be trained on another diffusion model."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training.bases import Facts, register_base
from training.errors import TrainingError


class Command(BaseCommand):
    """Loads the model once, to see that the engine can train on it and to note what its files say. Needs what a worker needs."""

    help = "Register a base model from a folder in the diffusers layout or a hub name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="its name in addresses and requests, for example sd15")
        parser.add_argument("source", help="a folder, the same on every worker, or a hub name")
        parser.add_argument("--license", required=True, help="the model's licence, as its card says it")
        parser.add_argument("--title", help="its name for people; the slug otherwise")
        parser.add_argument("--description", default="")
        parser.add_argument(
            "--defaults", type=_settings, default={}, metavar="JSON",
            help='settings that suit it better than the engine\'s, for example \'{"batch_size": 4}\'',
        )  # fmt: skip
        parser.add_argument(
            "--replace", action="store_true", help="take these weights for a slug that is there already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from training.inversion.errors import InversionError
        from training.inversion.models import load_base  # imports torch

        source = options["source"]
        if Path(source).is_dir():
            source = str(Path(source).resolve())  # a worker starts elsewhere
        try:
            loaded = load_base(source, device="cpu")
            base = register_base(
                slug=options["slug"],
                title=options["title"] or options["slug"],
                source=source,
                license=options["license"],
                description=options["description"],
                defaults=options["defaults"],
                replace=options["replace"],
                facts=Facts(
                    family=loaded.family,
                    widths=[encoder.width for encoder in loaded.encoders],
                    prediction_type=loaded.prediction_type,
                    resolution=loaded.resolution,
                    fingerprint=loaded.fingerprint,
                ),
            )
        except (InversionError, TrainingError) as error:
            raise CommandError(error.message) from error
        widths = " and ".join(map(str, base.widths))
        self.stdout.write(
            f"{base.slug}: family {base.family}, vectors {widths} wide, predicts {base.prediction_type}, "
            f"{base.resolution} pixels, weights {base.fingerprint[:12]}…, licence {base.license}."
        )


def _settings(text: str) -> dict[str, object]:
    """A JSON object. Raises ``ValueError``, which the parser tells."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value
