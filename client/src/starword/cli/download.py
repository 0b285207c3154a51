"""``starword download``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from starword.cli.output import console, plain, say, tell, tell_json
from starword.cli.reporting import AsJson, opened, reporting
from starword.hub import Downloaded, Hub
from starword.places import PlaceName, parse_place
from starword.tools import TOOLS, Tool, find_tool, folder_of

#: Options that ``train --download`` takes as well.
ForTool = Annotated[str, typer.Option("--for", metavar="TOOL", help=f"The tool that reads it: {', '.join(TOOLS)}.")]
Into = Annotated[Path, typer.Option(metavar="PATH", file_okay=False, help="The tool's folder, or any other.")]


@reporting
def download(
    place: Annotated[
        str, typer.Argument(metavar="OWNER/NAME[@vN]", help="Which embedding; the newest version without @.")
    ],
    for_tool: ForTool = "safetensors",
    into: Into = Path(),
    dtype: Annotated[str, typer.Option(help="float32 or float16; float16 is half as large.")] = "float32",
    word: Annotated[
        str, typer.Option("--as", help="Another name for the file, and so another word in most tools.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace another file of that name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Download an embedding to where a tool looks for it. Goes on where it was cut off, and checks every byte."""
    named, tool = parse_place(place), find_tool(for_tool)
    with opened(named) as hub:
        found = fetch_for(hub, named, tool, into, dtype=dtype, stem=word, replace=force)
    if as_json:
        return tell_json([{"path": str(item.path), "sha256": item.file.sha256, "fresh": item.fresh} for item in found])
    tell_downloaded(found, tool)


def fetch_for(
    hub: Hub, named: PlaceName, tool: Tool, into: Path, *, dtype: str = "float32", stem: str = "", replace: bool = False
) -> list[Downloaded]:
    """Download what a tool reads to where it looks, with a bar while it lasts."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console(to_errors=True), disable=not sys.stderr.isatty(), transient=True) as bars:
        bar = bars.add_task(plain(named.name))
        return hub.download(
            named.owner,
            named.name,
            into=folder_of(tool, into),
            tool=tool,
            version=named.version,
            dtype=dtype,
            stem=stem,
            replace=replace,
            progress=lambda have, size: bars.update(bar, completed=have, total=size),
        )


def tell_downloaded(found: list[Downloaded], tool: Tool) -> None:
    """Write where the files are, and what to do with them."""
    for item in found:
        tell(str(item.path) if item.fresh else f"{item.path} (was here already)")
    for item in found:
        say(tool.usage.format(word=item.path.stem, token=item.embedding.token, file=item.path))
