"""``starword upload``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from starword.cli.output import ask, say, tell, tell_json
from starword.cli.reporting import AsJson, opened, reporting
from starword.errors import BadUsage, StarwordError
from starword.hub import Hub
from starword.models import Inspection, Part

Existing = typer.Argument(metavar="FILES", exists=True, dir_okay=False, help="Files that belong together.")


@reporting
def upload(
    files: Annotated[list[Path], Existing],
    name: Annotated[str, typer.Option(help="Its name in addresses.")],
    license: Annotated[str, typer.Option(help="Under which licence, such as cc0-1.0.")],
    token: Annotated[
        str, typer.Option(help="The word as typed in prompts; else the one in the file, else <name>.")
    ] = "",
    kind: Annotated[
        str, typer.Option(help="object, style or negative; without it negative for that half of a pair, else object.")
    ] = "",
    base: Annotated[str, typer.Option(help="Family of base models; needed where the vectors fit several.")] = "",
    title: Annotated[str, typer.Option(help="Its name for people; else the name.")] = "",
    description: Annotated[str, typer.Option(help="What it is; Markdown.")] = "",
    tags: Annotated[str, typer.Option(help="Tags with commas between.")] = "",
    visibility: Annotated[str, typer.Option(help="public, unlisted or private.")] = "private",
    rating: Annotated[str, typer.Option(help="general, suggestive or explicit.")] = "",
    part: Annotated[str, typer.Option(help="Which one, where the files hold several embeddings.")] = "",
    preview: Annotated[
        list[Path] | None, typer.Option(exists=True, dir_okay=False, help="A picture; repeat it.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look into embedding files, say what is in them, and publish them as one embedding."""
    with opened() as hub:
        chosen = _choose(hub.inspect(files), part)
        fields = {
            "name": name,
            "token": token or next(iter(chosen.tokens), f"<{name}>"),
            "kind": kind or ("negative" if chosen.role == "negative" else "object"),
            "base": base or _only_base(chosen),
            "title": title,
            "description": description,
            "tags": tags,
            "license": license,
            "visibility": visibility,
            "rating": rating,
            "part": part,
        }
        _say_findings(chosen, fields)
        if not yes:
            _ask(hub)
        made = hub.upload(files, preview or [], **fields)
        address = hub.page(made.place)
    if as_json:
        return tell_json(made)
    tell(address)


def _choose(inspection: Inspection, label: str) -> Part:
    chosen = [part for part in inspection.parts if label in ("", part.label, part.role)]
    if len(chosen) != 1:
        labels = ", ".join(part.label for part in inspection.parts)
        raise BadUsage("several_embeddings", f"The files hold several embeddings. Name one by --part: {labels}.")
    return chosen[0]


def _only_base(part: Part) -> str:
    if len(part.bases) != 1:
        fitting = ", ".join(item.base for item in part.bases) or "none that the hub knows"
        raise BadUsage("base", f"Which base model? Name it by --base; the vectors fit {fitting}.")
    return part.bases[0].base


def _say_findings(part: Part, fields: dict[str, str]) -> None:
    """Write what was found and what it will be called, and what may be wrong with it."""
    many = "1 vector" if part.vectors == 1 else f"{part.vectors} vectors"
    say(f"{many} for {fields['base']} ({part.container}, {part.layout}); the word is {fields['token']}.")
    for warning in part.warnings:
        say(f"Warning: {warning}")
    for leak in part.leaks:
        say(f"Inside the file, and not published: {leak}")
    for place in part.duplicates:
        say(f"The same numbers are here already: {place.owner}/{place.name}@v{place.version}")


def _ask(hub: Hub) -> None:
    if not sys.stdin.isatty():
        raise BadUsage("not_asked", "Nobody can be asked here. Use --yes to publish without a question.")
    if ask(f"Upload to {hub.url}? [y/N]").lower() not in ("y", "yes"):
        raise StarwordError("declined", "Nothing was uploaded.")
