"""What is written to the terminal. Nothing of a hub gets there raw: it could move the cursor, colour or hide text."""

from __future__ import annotations

import dataclasses
import json
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

#: Width of tables for pipes and files, where nothing needs to fit.
_ENDLESS = 10_000
#: Characters that change the order in which others are shown, so that a text reads as another.
_REORDERING = {"\u061c", "\u200e", "\u200f", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}


def plain(text: object) -> str:
    """A text of the hub in one line, with what is no letter for the eye written as its number."""
    return "".join(_shown(letter) for letter in str(text))


def _shown(letter: str) -> str:
    if letter in "\n\t":
        return " "
    hidden = unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or letter in _REORDERING
    return f"\\u{ord(letter):04x}" if hidden else letter


def console(to_errors: bool = False) -> Console:
    """A console that takes texts as they are, without markup or emoji codes."""
    stream = sys.stderr if to_errors else sys.stdout
    width = None if stream.isatty() else _ENDLESS
    return Console(file=stream, markup=False, emoji=False, highlight=False, width=width, soft_wrap=False)


def tell(text: str) -> None:
    """Write a line of what was asked for to the standard output."""
    print(plain(text))


def say(text: str) -> None:
    """Write a line about what happens to the standard error, which scripts may throw away."""
    print(plain(text), file=sys.stderr, flush=True)


def ask(question: str) -> str:
    """Ask on the standard error, since the standard output holds nothing but what was asked for; "" at its end."""
    print(f"{plain(question)} ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def tell_json(value: Any) -> None:
    """Write data as JSON in ASCII, which holds no control character."""
    print(_json(value, indent=2))


def say_error(code: str, message: str, fields: dict[str, list[str]], as_json: bool) -> None:
    """Write an error: a sentence, with ``--json`` one line in the hub's own shape, the last."""
    if as_json:
        error = {"code": code, "message": message, **({"fields": fields} if fields else {})}
        print(_json({"error": error}), file=sys.stderr)
        return
    say(f"Error: {message}")
    for name, lines in fields.items():
        for line in lines:
            if line not in message:
                say(f"  {name}: {line}")


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, default=dataclasses.asdict, indent=indent).replace("\x7f", "\\u007f")


def tell_table(columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()) -> None:
    """Write rows as a table; the columns in ``right`` hold numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    console().print(table)


def tell_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Write names and values; those without a value are left out."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value not in (None, "", []):
            table.add_row(name, Text(plain(value)))
    console().print(table)
