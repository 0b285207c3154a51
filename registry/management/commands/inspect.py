"""``manage.py inspect FILE…``: what is in embedding files, told from their bytes alone. Needs no database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser, OutputWrapper

from registry.formats import FormatError, NamedFile, inspect_files, report
from registry.formats.limits import MAX_FILE_BYTES


def read_file(path: Path) -> bytes:
    """The file's bytes, or just enough of a larger one for it to be refused. Raises ``OSError``."""
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def say(stream: OutputWrapper, text: str) -> None:
    """Write a line. What the terminal cannot show is written as an escape: file names may be any bytes."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


class Command(BaseCommand):
    """Prints one report a file; ends with status 1 when a file was refused.

    Of a file with several embeddings it tells the first, as of any file, and all of them as ``parts``.
    """

    help = "Show what embedding files hold: layout, shapes, tokens, base model family, warnings, hashes."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="print one JSON object a line, one for each file")

    def handle(self, *args: Any, files: list[Path], json: bool, **options: Any) -> None:
        """Inspect each file."""
        refused = False
        for path in files:
            answer = self._answer(path)
            refused |= "error" in answer
            say(self.stdout, _as_json(answer) if json else _as_text(answer))
        if refused:
            raise SystemExit(1)

    def _answer(self, path: Path) -> dict[str, Any]:
        try:
            parts = inspect_files([NamedFile(path.name, read_file(path))])
            told = [{"label": part.label, **report(part.inspection)} for part in parts]
            return {"file": str(path), **told[0], **({"parts": told} if len(told) > 1 else {})}
        except FormatError as error:
            return {"file": str(path), "error": {"code": error.code, "message": error.message, "where": error.where}}
        except OSError as error:
            message = f"The file cannot be read: {error.strerror or error}."
            return {"file": str(path), "error": {"code": "unreadable", "message": message, "where": str(path)}}


def _as_json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=True)


def _as_text(answer: dict[str, Any]) -> str:
    if "error" in answer:
        error = answer["error"]
        return f"{answer['file']}: refused ({error['code']}, at {error['where']}). {error['message']}"
    parts = answer.get("parts", [])
    if parts:
        heads = [f"{answer['file']}, {part['label']}" for part in parts]
        return "\n".join(_lines(head, part) for head, part in zip(heads, parts, strict=True))
    return _lines(answer["file"], answer)


def _lines(head: str, answer: dict[str, Any]) -> str:
    """One embedding's report for people."""
    lines = [f"{head}: {answer['layout']} in {answer['container']}"]
    for encoder in answer["encoders"]:
        rows, width = encoder["shape"]
        norms = answer["norms"][encoder["name"]]
        low, high = answer["usual_norms"][encoder["name"]]
        lines.append(
            f"  {encoder['name']}: {rows} x {width} {encoder['dtype']}, norms {min(norms):.3g} to {max(norms):.3g} "
            f"(usual: {low:g} to {high:g})"
        )
    lines += [f"  token: {token}" for token in answer["tokens"]]
    lines += [
        f"  {label}: {answer[label]}" for label in ("name", "step", "checkpoint") if answer[label] not in ("", None)
    ]
    lines += [f"  base: {base['base']} ({base['reason']})" for base in answer["bases"]]
    lines += [f"  warning: {warning}" for warning in answer["warnings"]]
    lines += [f"  gives away: {leak}" for leak in answer["leaks"]]
    lines += [f"  digest: {answer['digest']}", f"  sha256: {answer['sha256']}"]
    return "\n".join(lines)
