"""``starword search``, ``show`` and ``resolve``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from starword.cli.output import say, tell, tell_facts, tell_json, tell_table
from starword.cli.reporting import AsJson, opened, reporting
from starword.errors import BadUsage, NotFound
from starword.fingerprints import hashes_of, text_of_picture
from starword.hub import Hub
from starword.models import Embedding
from starword.places import parse_place

_DIGITS = re.compile(r"[0-9a-fA-F]{8,64}")
#: Pictures whose text is not looked for.
_UNREAD = (".jpg", ".jpeg", ".webp", ".avif")


@reporting
def search(
    words: Annotated[list[str] | None, typer.Argument(help="Words to look for; without any, all.")] = None,
    tag: Annotated[str, typer.Option(help="With this tag.")] = "",
    base: Annotated[str, typer.Option(help="For this family of base models: sd1, sd2, sdxl, …")] = "",
    kind: Annotated[str, typer.Option(help="object, style or negative.")] = "",
    license: Annotated[str, typer.Option(help="Under this licence.")] = "",
    vectors: Annotated[str, typer.Option(help="With so many vectors: 2, 3-4, 9-.")] = "",
    owner: Annotated[str, typer.Option(help="Of this person.")] = "",
    sort: Annotated[
        str, typer.Option(help="new, downloads, likes or trending; without it what fits the words best, or new.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Find embeddings."""
    asked = {
        "tag": tag,
        "base": base,
        "kind": kind,
        "license": license,
        "vectors": vectors,
        "owner": owner,
        "sort": sort,
    }
    with opened() as hub:
        found = list(hub.search(" ".join(words or []), limit=limit, **asked))
    if as_json:
        return tell_json(found)
    if not found:
        return say("Nothing was found.")
    tell_table(
        ["embedding", "word", "base", "kind", "downloads", "title"], [_row(item) for item in found], ["downloads"]
    )


def _row(item: Embedding) -> list[object]:
    return [item.place, item.token, item.base, item.kind, item.downloads, item.title]


@reporting
def show(
    place: Annotated[str, typer.Argument(metavar="OWNER/NAME[@vN]", help="Which embedding.")],
    as_json: AsJson = False,
) -> None:
    """Tell about an embedding, and the files of its newest version or of the one that is named."""
    named = parse_place(place)
    with opened(named) as hub:
        found = hub.embedding(named.owner, named.name)
        address = hub.page(found.place)
    versions = [version for version in found.versions if named.version in (None, version.number)]
    if named.version and not versions:
        raise NotFound("not_found", f"{found.place} has no version {named.version}.")
    if as_json:
        return tell_json(found)
    tell_facts(
        [
            ("embedding", found.place),
            ("title", found.title),
            ("word", found.token),
            ("kind", found.kind),
            ("base", found.base),
            ("licence", found.license),
            ("tags", ", ".join(found.tags)),
            ("visibility", found.visibility),
            ("downloads", found.downloads),
            ("versions", ", ".join(f"v{version.number}" for version in found.versions)),
            ("page", address),
            ("about", found.description),
        ]
    )
    if versions:
        newest = max(versions, key=lambda version: version.number)
        tell("")
        rows = [[file.target, file.dtype, file.filename, file.size, file.sha256[:12]] for file in newest.files]
        tell_table([f"v{newest.number} as", "dtype", "file", "bytes", "sha256 begins"], rows, ["bytes"])


@reporting
def resolve(
    what: Annotated[list[str], typer.Argument(metavar="FILE|HASH", help="Files, pictures (PNG) or hashes.")],
    as_json: AsJson = False,
) -> None:
    """Tell which embedding a file or a hash is, and which ones a picture was made with. 3 where one is not on the hub."""
    with opened() as hub:
        answers = [_resolved(hub, item) for item in what]
    if as_json:
        tell_json(answers)
    else:
        for answer in answers:
            _tell_answer(answer)
    if not all(answer["found"] for answer in answers):
        raise typer.Exit(NotFound.exit_status)


def _resolved(hub: Hub, item: str) -> dict[str, Any]:
    """What one argument is: ``found``, and ``matches`` with the hash that led there or the ``embeddings`` of a picture."""
    path = Path(item)
    if not path.is_file():
        if not _DIGITS.fullmatch(item):
            raise BadUsage("no_such_file", f"{item!r} is no file, and no hash of 8 to 64 hexadecimal digits.")
        return {"asked": item, **_looked_up(hub, [item.lower()])}
    answer = _looked_up(hub, hashes_of(path))
    if not answer["found"] and (text := text_of_picture(path)):
        told = hub.infotext(text)
        answer = {"found": bool(told.embeddings) and not told.not_found, "embeddings": told.embeddings}
    return {"asked": item, **answer}


def _looked_up(hub: Hub, hashes: Iterable[str]) -> dict[str, Any]:
    for digits in hashes:
        try:
            told = hub.by_hash(digits)
        except NotFound:
            continue
        return {"found": True, "hash": digits, "unique": told.unique, "matches": told.results}
    return {"found": False, "matches": []}


def _tell_answer(answer: dict[str, Any]) -> None:
    for used in answer.get("embeddings", []):
        places = ", ".join(match.place for match in used.matches) or "not on this hub"
        tell(f"{answer['asked']}: {used.name} is {places}" + (f" (by {used.recognised})" if used.found else ""))
    for match in answer.get("matches", []):
        unsure = "" if answer["unique"] else " (or another: the digits are too few)"
        tell(f"{answer['asked']}: {match.place} {match.token} ({', '.join(match.matched)}){unsure}")
    if not answer["found"] and not answer.get("embeddings"):
        unread = Path(answer["asked"]).suffix.lower() in _UNREAD
        tell(
            f"{answer['asked']}: not on this hub"
            + (", and what it was made with is read from PNG alone" if unread else "")
        )
