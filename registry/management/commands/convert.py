"""``manage.py convert FILE --to CLIENT --out DIR``: rewrite an embedding for a tool. Needs no database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.formats import CLIENTS, Dtype, FormatError, Inspection, Target, inspect, write
from registry.management.commands.inspect import read_file

#: Tokens that stand for "whatever the file is called" and not for a word of their own.
_NO_TOKEN = ("", "*")
#: Targets whose files hold the token; the word of all others is the file's name.
_CARRY_THE_TOKEN = (Target.DIFFUSERS, Target.DIFFUSERS_BIN, Target.DIFFUSERS_SDXL)


class Command(BaseCommand):
    """Prints the path of each file it writes."""

    help = "Rewrite an embedding file for another tool, from its numbers alone."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--to", required=True, choices=sorted(CLIENTS), metavar="CLIENT", help=", ".join(sorted(CLIENTS))
        )
        parser.add_argument(
            "--out", required=True, type=Path, metavar="DIR", help="folder to write into; made if missing"
        )
        parser.add_argument(
            "--token", default="", help="placeholder token; default: the file's own, or one made of its name"
        )
        parser.add_argument(
            "--dtype",
            default=Dtype.FLOAT32,
            choices=list(Dtype),
            help="precision of the numbers; float16 halves the file",
        )
        parser.add_argument("--name", default="", help="name of the result; default: the name of FILE")

    def handle(
        self, *args: Any, file: Path, to: str, out: Path, token: str, dtype: str, name: str, **options: Any
    ) -> None:
        """Convert the file."""
        name = name or file.stem
        try:
            inspection = inspect(read_file(file))
            word = token or _token(inspection, name)
            written = write(CLIENTS[to], inspection.encoders, token=word, name=name, dtype=dtype)
            out.mkdir(parents=True, exist_ok=True)
            for result in written:
                path = out / result.filename
                if path.exists() and path.samefile(file):
                    raise CommandError(f"{path} is the file to convert. Choose another folder or name.")
                path.write_bytes(result.data)
                self.stdout.write(str(path))
        except FormatError as error:
            raise CommandError(f"{file}: {error.message} ({error.code})") from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from error
        if CLIENTS[to] not in _CARRY_THE_TOKEN and inspection.tokens and inspection.tokens[0] not in _NO_TOKEN:
            self.stderr.write(
                f"The file was made for the token {inspection.tokens[0]}; tools that read it use its file name instead."
            )


def _token(inspection: Inspection, name: str) -> str:
    """The token that the file names, or one made of its name."""
    own = next(iter(inspection.tokens), "")
    return f"<{name}>" if own in _NO_TOKEN else own
