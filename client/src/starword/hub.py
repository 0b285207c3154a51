"""One hub, as an object: ``Hub(url, token).search("kite")``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from starword import models
from starword.config import Access, checked_url
from starword.errors import BadAnswer, BadUsage, NotFound, Refused
from starword.files import MAX_FILE_BYTES, Progress, fetch, safe_name, safe_stem
from starword.models import Embedding, File, Job, Version, shaped
from starword.tools import Tool
from starword.transport import Transport

T = TypeVar("T")

#: Items of a page; the most that a hub gives.
PAGE = 100


@dataclass(frozen=True)
class Downloaded:
    """A file that is here now; ``fresh`` unless it was here before."""

    path: Path
    file: File
    embedding: Embedding
    fresh: bool


class Hub:
    """A hub at ``url``, as whom ``token`` belongs to or as anybody. Errors are :class:`starword.StarwordError`."""

    def __init__(self, url: str, token: str = "") -> None:
        self._transport = Transport(Access(checked_url(url), token))
        self.url = self._transport.access.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def me(self) -> models.Account:
        """Who the token belongs to."""
        return shaped(models.Account, self._transport.get("me"))

    def search(self, q: str = "", *, limit: int | None = None, **asked: str) -> Iterator[Embedding]:
        """Embeddings, page by page as they are taken; ``asked`` may be tag, base, kind, license, vectors, owner, sort."""
        return islice(self._pages("embeddings", Embedding, limit, q=q, **asked), limit)

    def embedding(self, owner: str, name: str) -> Embedding:
        """One embedding with all its versions."""
        return shaped(Embedding, self._transport.get(_path(owner, name)))

    def by_hash(self, digits: str) -> models.Matches:
        """The versions that have a hash, or one that begins so. Raises ``NotFound``."""
        return shaped(models.Matches, self._transport.get(f"hashes/{quote(digits, safe='')}"))

    def infotext(self, text: str) -> models.Infotext:
        """The embeddings that the text of a picture names."""
        return shaped(models.Infotext, self._transport.send("POST", "infotext", json={"text": text}))

    def inspect(self, files: Sequence[Path]) -> models.Inspection:
        """What files hold, which the hub reads and does not store."""
        return shaped(models.Inspection, self._transport.send("POST", "inspect", files=_parts("file", files)))

    def upload(self, files: Sequence[Path], previews: Sequence[Path] = (), **fields: Any) -> Embedding:
        """Publish files that belong together; ``fields`` are name, token, kind, base, license and the others of the API."""
        parts = [*_parts("file", files), *_parts("previews", previews)]
        made = self._transport.send("POST", "embeddings", data=_said(fields), files=parts)
        return shaped(Embedding, made)

    def add_version(self, owner: str, name: str, files: Sequence[Path], **fields: Any) -> Embedding:
        """Add a version to an embedding; ``fields`` may be notes and part."""
        path = f"{_path(owner, name)}/versions"
        return shaped(Embedding, self._transport.send("POST", path, data=_said(fields), files=_parts("file", files)))

    def download(
        self,
        owner: str,
        name: str,
        *,
        into: Path,
        tool: Tool,
        version: int | None = None,
        dtype: str = "float32",
        stem: str = "",
        replace: bool = False,
        progress: Progress | None = None,
    ) -> list[Downloaded]:
        """Download what ``tool`` reads into the folder ``into``; the newest version without a number.

        ``stem`` is another name for the file, and so another word in tools that go by it. Raises ``NotFound`` for a version
        and ``Refused`` for a format that there is not, ``HashMismatch`` for wrong bytes.
        """
        embedding = self.embedding(owner, name)
        chosen = _version(embedding, version)
        named = _own_stem(stem) if stem else _stem(embedding.name)
        folder = into / named if tool.own_folder else into
        found = []
        for file in _files(embedding, chosen, tool, dtype):
            filename = safe_name(file.filename)
            if stem and not tool.own_folder:
                filename = named + Path(filename).suffix
            asked = {"format": file.target, "dtype": file.dtype, "version": chosen.number, "file": file.filename}
            path = f"{_path(owner, name)}/download"
            fresh = fetch(self._transport, path, asked, file, folder / filename, replace=replace, progress=progress)
            found.append(Downloaded(folder / filename, file, embedding, fresh))
        return found

    def base_models(self) -> Iterator[models.BaseModel]:
        """What can be trained on."""
        return self._pages("base-models", models.BaseModel)

    def train(self, images: Sequence[Path], captions: Sequence[str] = (), **settings: Any) -> Job:
        """Submit a job; ``settings`` are base, token, kind, init, name and optional preset, vectors, steps, seed."""
        fields = _said({**settings, "captions": list(captions)})
        return shaped(Job, self._transport.send("POST", "jobs", data=fields, files=_parts("images", images)))

    def job(self, number: int) -> Job:
        """One of your jobs."""
        return shaped(Job, self._transport.get(f"jobs/{number:d}"))

    def job_changed(self, number: int, etag: str = "") -> tuple[Job | None, str]:
        """A job and its ETag; None where it is still as the answer with ``etag`` had it, which costs the hub little."""
        answer, etag = self._transport.get_changed(f"jobs/{number:d}", etag)
        return (None if answer is None else shaped(Job, answer)), etag

    def jobs(self, limit: int | None = None) -> Iterator[Job]:
        """Your jobs, the newest first."""
        return islice(self._pages("jobs", Job, limit), limit)

    def cancel(self, number: int) -> Job:
        """Cancel a job. Raises ``Refused`` where it has ended."""
        return shaped(Job, self._transport.send("POST", f"jobs/{number:d}/cancel"))

    def page(self, place: str) -> str:
        """The address of an embedding's page, from ``owner/name``."""
        return f"{self.url}/{quote(place, safe='/')}"

    def _pages(self, path: str, shape: type[T], limit: int | None = None, **asked: Any) -> Iterator[T]:
        """Items of all pages. Of “next” only the cursor is taken: where to ask is not for the answer to say."""
        cursor, seen = "", set[str]()
        while True:
            page = self._transport.get(path, **asked, limit=min(limit or PAGE, PAGE), cursor=cursor)
            if not isinstance(page, dict) or not isinstance(page.get("results"), list):
                raise BadAnswer("bad_answer", "The hub answered something else than a list.")
            yield from (shaped(shape, item) for item in page["results"])
            seen.add(cursor)
            cursor = parse_qs(urlsplit(str(page.get("next") or "")).query).get("cursor", [""])[0]
            if not cursor:
                return
            if cursor in seen:
                raise BadAnswer("bad_answer", "The hub's pages go round in circles.")


def _path(owner: str, name: str) -> str:
    if {owner, name} & {"", ".", ".."}:  # would be another address
        raise NotFound("not_found", f"There can be no embedding {owner}/{name}.")
    return f"embeddings/{quote(owner, safe='')}/{quote(name, safe='')}"


def _parts(field: str, paths: Sequence[Path]) -> list[tuple[str, tuple[str, bytes]]]:
    """Files as httpx sends them. They are small; whole in memory, they are sent with their length."""
    for path in paths:
        if path.stat().st_size > MAX_FILE_BYTES:
            message = f"{path} has more than {MAX_FILE_BYTES >> 20} MiB, which no hub takes."
            raise Refused("too_large", message)
    return [(field, (path.name, path.read_bytes())) for path in paths]


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """Form fields that say something."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], ())}


def _stem(name: str) -> str:
    plain = safe_stem(name)
    if not plain:
        raise BadAnswer("bad_name", f"{name[:200]!r} is no name for a file.")
    return plain


def _own_stem(name: str) -> str:
    """A name that the person chose."""
    plain = safe_stem(name)
    if not plain:
        raise BadUsage("bad_name", f"{name[:200]!r} is no name for a file.")
    return plain


def _version(embedding: Embedding, number: int | None) -> Version:
    chosen = [item for item in embedding.versions if number in (None, item.number)]
    if not chosen:
        raise NotFound("not_found", f"{embedding.place} has no version {number}.")
    return max(chosen, key=lambda item: item.number)


def _files(embedding: Embedding, version: Version, tool: Tool, dtype: str) -> list[File]:
    """The files of a version that a tool reads, in the order in which it loads them."""
    found = [file for file in version.files if (file.target, file.dtype) == (tool.target, dtype)]
    if not found:
        there = ", ".join(dict.fromkeys(file.target for file in version.files))
        dtypes = " and ".join(dict.fromkeys(file.dtype for file in version.files))
        message = f"{embedding.place}@v{version.number} is not to be had as {tool.target} in {dtype}; there is {there}, in {dtypes}."
        raise Refused("no_such_format", message)
    return sorted(found, key=lambda file: file.filename)
