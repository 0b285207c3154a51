"""``manage.py convert FILE… --to CLIENT --out DIR``: rewrite an embedding for a tool. Needs no database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.formats import (
    CLIENTS,
    Dtype,
    Encoder,
    Family,
    FormatError,
    Inspection,
    NamedFile,
    Part,
    Target,
    WrittenFile,
    inspect_files,
    name_encoders,
    targets_for,
    write,
)
from registry.management.commands.inspect import read_file, say

#: Tokens that stand for "whatever the file is called" and not for a word of their own.
_NO_TOKEN = ("", "*")
#: Targets whose files hold the token; the word of all others is the file's name.
_CARRY_THE_TOKEN = (Target.DIFFUSERS, Target.DIFFUSERS_BIN, Target.DIFFUSERS_SDXL)


class Command(BaseCommand):
    """Prints the path of each file it writes, and on the error stream what is worth knowing of the result."""

    help = (
        "Rewrite an embedding for another tool, from its numbers alone. Nothing is overwritten unless --force says so."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "files",
            nargs="+",
            type=Path,
            metavar="FILE",
            help="the embedding; or files that belong together: two halves for SDXL, one and its sidecar, a word and its negative",
        )
        parser.add_argument(
            "--to", required=True, choices=sorted(CLIENTS), metavar="CLIENT", help=", ".join(sorted(CLIENTS))
        )
        parser.add_argument(
            "--out", required=True, type=Path, metavar="DIR", help="folder to write into; made if missing"
        )
        parser.add_argument(
            "--word", default="", help="which embedding, where the files hold several: its token or name"
        )
        parser.add_argument(
            "--base",
            default="",
            choices=["", *Family],
            metavar="FAMILY",
            help=f"model that it is for, where the file leaves that open: {', '.join(Family)}",
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
        parser.add_argument("--name", default="", help="name of the result; default: the name of FILE, or the word")
        parser.add_argument("--force", action="store_true", help="replace files that are there already")

    def handle(
        self,
        *args: Any,
        files: list[Path],
        to: str,
        out: Path,
        word: str,
        base: str,
        token: str,
        dtype: str,
        name: str,
        force: bool,
        **options: Any,
    ) -> None:
        """Convert the embedding."""
        target = CLIENTS[to]
        try:
            part = _choose(inspect_files([NamedFile(path.name, read_file(path)) for path in files]), word)
            found, name = part.inspection, name or part.label
            encoders = _named(found, base, target)
            written = write(target, encoders, token=token or _token(found, name), name=name, dtype=dtype)
            for path in _write(written, out, files, force=force):
                say(self.stdout, str(path))
        except FormatError as error:
            names = ", ".join(map(str, files))
            raise CommandError(f"{names}: {error.message} ({error.code}, at {error.where})") from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from error
        for warning in found.warnings:
            say(self.stderr, warning)
        if target not in _CARRY_THE_TOKEN and found.tokens and found.tokens[0] not in _NO_TOKEN:
            say(
                self.stderr,
                f"The file was made for the token {found.tokens[0]}; tools that read it use its file name instead.",
            )


def _choose(parts: Sequence[Part], word: str) -> Part:
    """The embedding that was asked for, or the only one."""
    asked = [part for part in parts if word in ("", part.label, part.role, *part.inspection.tokens)]
    if len(asked) == 1:
        return asked[0]
    there = ", ".join(part.label for part in parts)
    if not word:
        raise CommandError(f"The files hold {len(parts)} embeddings: {there}. Choose one of them with --word.")
    raise CommandError(f"Not one embedding but {len(asked)} are called {word}; there is {there}.")


def _named(found: Inspection, base: str, target: Target) -> Sequence[Encoder]:
    """The encoders, named after those of the model that the embedding is for where the file does not name them."""
    families = [candidate.base for candidate in found.bases]
    if base and base not in families:
        raise CommandError(f"The vectors are none for {base}; they fit {', '.join(families)}.")
    if not base and len(families) > 1 and target not in targets_for(found.encoders):
        named = {family for family in families if target in targets_for(name_encoders(found.encoders, family))}
        if named:
            raise CommandError(
                f"The file does not tell which model it is for, and {target} needs to know it. Say it with --base: "
                f"{', '.join(family for family in families if family in named)}."
            )
    return name_encoders(found.encoders, Family(base)) if base else found.encoders


def _token(found: Inspection, name: str) -> str:
    """The token that the file names, or one made of its name."""
    own = next(iter(found.tokens), "")
    return f"<{name}>" if own in _NO_TOKEN else own


def _write(written: Sequence[WrittenFile], out: Path, sources: Sequence[Path], *, force: bool) -> list[Path]:
    """Write all files or, where one is there already, none. Many systems and tools take no notice of case."""
    out.mkdir(parents=True, exist_ok=True)
    present = {path.name.casefold(): path for path in out.iterdir()}
    for result in written:
        there = present.get(result.filename.casefold())
        if there is not None and there.exists() and any(there.samefile(source) for source in sources):
            raise CommandError(f"{there} is the file to convert. Choose another folder or --name.")
        if there is not None and not force:
            raise CommandError(f"{there} is there already. Choose another folder or --name, or replace it by --force.")
    for result in written:
        with (out / result.filename).open("wb" if force else "xb") as file:
            file.write(result.data)
    return [out / result.filename for result in written]
