"""``starword train``, ``watch``, ``jobs`` and ``cancel``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from starword.cli.download import ForTool, Into, fetch_for, tell_downloaded
from starword.cli.output import say, tell, tell_json, tell_table
from starword.cli.reporting import AsJson, opened, reporting
from starword.cli.watching import watched
from starword.errors import BadUsage, JobCancelled, JobFailed
from starword.hub import Hub
from starword.models import Job
from starword.places import parse_place
from starword.tools import find_tool

#: Pictures that are taken out of a folder.
_PICTURES = (".png", ".jpg", ".jpeg", ".webp")
Number = Annotated[int, typer.Argument(metavar="JOB", min=1, help="Number of the job.")]


@reporting
def train(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGES", exists=True, help="Pictures, or folders of them.")],
    token: Annotated[str, typer.Option(help="The new word, such as '<my-cat>'.")],
    kind: Annotated[str, typer.Option(help="object or style.")],
    init: Annotated[str, typer.Option(help="Words that it starts from, such as “cat”.")],
    name: Annotated[str, typer.Option(help="Name of the embedding that it shall become.")],
    base: Annotated[str, typer.Option(help="Base model; needed where the hub has several.")] = "",
    preset: Annotated[str, typer.Option(help="quick, balanced or thorough.")] = "",
    vectors: Annotated[int | None, typer.Option(min=1, help="Vectors of the word.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same result.")] = None,
    captions: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="A line for each image, in their order; or JSON {image: caption}."
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it has ended, and show how far it is.")] = False,
    download: Annotated[bool, typer.Option("--download", help="Then download it (with --for and --into).")] = False,
    for_tool: ForTool = "safetensors",
    into: Into = Path(),
    as_json: AsJson = False,
) -> None:
    """Have a word trained from images. With --wait the exit status says how it ended."""
    tool, chosen = find_tool(for_tool), _pictures(images)
    settings = {"token": token, "kind": kind, "init": init, "name": name, "preset": preset}
    with opened() as hub:
        settings["base"] = base or _only_base(hub)
        texts = _captions(captions, chosen) if captions else []
        job = hub.train(chosen, texts, **settings, vectors=vectors, steps=steps, seed=seed)
        for finding in job.findings:
            say(f"{finding.level}: {finding.message}")
        if not (wait or download):
            if as_json:
                return tell_json(job)
            say(f"The job is queued: “starword watch {job.id}” follows it.")
            return tell(str(job.id))
        job = _ended(hub, job.id, as_json)
        if download and job.embedding:
            named = parse_place(job.embedding)
            found = fetch_for(hub, named, tool, into)
            if not as_json:
                tell_downloaded(found, tool)


@reporting
def watch(number: Number, as_json: AsJson = False) -> None:
    """Follow a job until it has ended; the exit status says how."""
    with opened() as hub:
        _ended(hub, number, as_json)


@reporting
def jobs(
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 24,
    as_json: AsJson = False,
) -> None:
    """List your jobs, the newest first."""
    with opened() as hub:
        found = list(hub.jobs(limit))
    if as_json:
        return tell_json(found)
    if not found:
        return say("You have no jobs.")
    rows = [
        [job.id, job.state, f"{job.step}/{job.total_steps}", job.name, job.base, job.embedding or ""] for job in found
    ]
    tell_table(["job", "state", "step", "name", "base", "embedding"], rows, ["job", "step"])


@reporting
def cancel(number: Number, as_json: AsJson = False) -> None:
    """Cancel a job of yours: at once while it waits, within a moment while it trains."""
    with opened() as hub:
        job = hub.cancel(number)
    if as_json:
        return tell_json(job)
    tell(f"Job {job.id} is {'cancelled' if job.state == 'cancelled' else 'being cancelled'}.")


def _ended(hub: Hub, number: int, as_json: bool) -> Job:
    """Follow a job to its end and print what came of it. Raises ``JobFailed`` or ``JobCancelled``."""
    try:
        job = watched(hub, number)
    except KeyboardInterrupt:
        say(f"The job goes on without you: “starword watch {number}” follows it, “starword cancel {number}” ends it.")
        raise
    if as_json:
        tell_json(job)
    if job.state == "failed":
        error = job.error
        raise JobFailed(error.code if error else "failed", f"Job {number} failed: {error.message if error else '?'}")
    if job.state == "cancelled":
        raise JobCancelled("cancelled", f"Job {number} was cancelled.")
    if not as_json and job.embedding:
        tell(hub.page(job.embedding))
    return job


def _only_base(hub: Hub) -> str:
    names = [base.name for base in hub.base_models()]
    if len(names) != 1:
        there = ", ".join(names) or "none at the moment"
        raise BadUsage("base", f"Which base model? Name it by --base; the hub has {there}.")
    return names[0]


def _pictures(paths: list[Path]) -> list[Path]:
    """The pictures themselves; of folders, those in them by name. Raises ``BadUsage`` for a folder without any."""
    found = []
    for path in paths:
        if path.is_dir():
            pictures = sorted(item for item in path.iterdir() if item.suffix.lower() in _PICTURES)
            if not pictures:
                raise BadUsage("no_pictures", f"There is no picture ({', '.join(_PICTURES)}) in {path}.")
            found += pictures
        else:
            found.append(path)
    return found


def _captions(file: Path, images: list[Path]) -> list[str]:
    """A caption for each image. Raises ``BadUsage`` where one is missing."""
    try:
        text = file.read_text(encoding="utf-8")
        told = json.loads(text) if file.suffix.lower() == ".json" else None
    except ValueError as error:
        raise BadUsage("captions", f"{file} cannot be read ({error}).") from error
    if told is not None:
        return _captions_by_name(file, told, images)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) != len(images):
        raise BadUsage("captions", f"{file} has {len(lines)} captions, and there are {len(images)} images.")
    return lines


def _captions_by_name(file: Path, told: object, images: list[Path]) -> list[str]:
    if not isinstance(told, dict):
        raise BadUsage("captions", f'{file} is no JSON object, such as {{"photo.png": "a {{}} on grass"}}.')
    missing = [image.name for image in images if not isinstance(told.get(image.name), str)]
    if missing:
        raise BadUsage("captions", f"{file} has no caption for {', '.join(missing[:5])}.")
    return [told[image.name] for image in images]
