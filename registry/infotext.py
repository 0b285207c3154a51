"""A1111's infotext: written for pictures drawn here, and read, like ComfyUI's prompts, for the embeddings that a picture was made with.

Nothing is looked up here.

Four places name them: ``TI hashes: "a: 0123456789ab, b: …"`` (A1111 since 1.5), ``Hashes: {"embed:a": "0123456789"}``
(the Civitai extension), ``Used embeddings: a [abcd]`` (older A1111, a checksum of 16 bits) and ``embedding:a`` in a prompt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

#: Characters of a text: a ComfyUI workflow of hundreds of nodes stays under it, and reading it stays under 50 ms.
MAX_CHARACTERS = 256 * 1024
#: Embeddings of one text; a prompt has room for about 75.
MAX_REFERENCES = 100
#: Hashes and checksums of one text: four for each embedding, more than any tool writes. Each is looked up.
MAX_VALUES = 4 * MAX_REFERENCES
#: Characters of a name, as file systems have it.
MAX_NAME_CHARACTERS = 255
#: Times that one kind of list is looked for; a text has each once, a grid of pictures a few times.
_MAX_LISTS = 20

_TI_HASHES = re.compile(r"\bTI hashes:[ \t]*")
_HASHES = re.compile(r"\bHashes:[ \t]*(?=\{)")
_USED = re.compile(r"\bUsed embeddings:[ \t]*([^\n]*)")
#: A ComfyUI name ends at white space, "<" or "["; parentheses, colons and commas belong to weights and lists.
_IN_PROMPT = re.compile(rf"\bembedding:([^\s<>\[\](){{}},:;|\"'\\]{{1,{MAX_NAME_CHARACTERS}}})", re.IGNORECASE)
_CHECKSUM = re.compile(r"(.+?)\s*\[([0-9a-fA-F]{4,64})\]")
_HEX = re.compile(r"[0-9a-fA-F]{8,64}")
_EXTENSION = re.compile(r"\.(?:safetensors|pt|bin|png|webp)$", re.IGNORECASE)
#: Other entries of an infotext line whose values can look like a hash; they end an unquoted list.
_OTHER_ENTRY = re.compile(r"\b(?:hash|hashes|seed|steps|size|version|model)$", re.IGNORECASE)


class Source(StrEnum):
    """Where a text names an embedding."""

    TI_HASHES = "ti_hashes"
    HASHES = "hashes"
    USED_EMBEDDINGS = "used_embeddings"
    PROMPT = "prompt"


@dataclass(slots=True)
class Reference:
    """An embedding that a text names: the name as first written, and every hash given for it, in lower case."""

    name: str
    hashes: list[str]
    checksums: list[str]  #: 4 digits, A1111's checksum of the numbers
    sources: list[Source]


class TooManyReferences(ValueError):
    """The text names more embeddings than a picture can use, or more hashes than such have."""


def parse(text: str) -> list[Reference]:
    """Return what the text names, each embedding once whatever the case and folder it is written with.

    Raises ``TooManyReferences``. Takes time in proportion to the text, which the caller bounds by :data:`MAX_CHARACTERS`.
    """
    found: dict[str, Reference] = {}
    count = 0
    for name, value, source in _mentions(text):
        label = stem(name)
        if not label:
            continue
        reference = found.setdefault(label.casefold(), Reference(label, [], [], []))
        values = reference.checksums if len(value) == 4 else reference.hashes
        if value and value.lower() not in values:
            values.append(value.lower())
            count += 1
        if source not in reference.sources:
            reference.sources.append(source)
        if len(found) > MAX_REFERENCES or count > MAX_VALUES:
            raise TooManyReferences
    return list(found.values())


def of_drawing(
    prompt: str, seed: int | None, settings: Mapping[str, Any], size: tuple[int, int], **more: object
) -> str:
    """Return A1111's text of a picture drawn here: its prompt, and what else is known of it in a line.

    ``settings`` are those of a preview, ``size`` is in pixels; ``more`` are further entries, "_" standing for a space.
    """
    entries = {
        "Steps": settings.get("sampler_steps"),
        "CFG scale": settings.get("guidance_scale"),
        "Seed": seed,
        "Size": "{}x{}".format(*size),
        "Strength": settings.get("strength"),  # of the learned word, where it is not the whole
        **{name.replace("_", " "): value for name, value in more.items()},
    }
    line = ", ".join(f"{name}: {_quoted(str(value))}" for name, value in entries.items() if value not in ("", None))
    return f"{' '.join(prompt.split())}\n{line}"


def _quoted(value: str) -> str:
    """A value as A1111 writes it: in quotes where it would not end where it does."""
    return json.dumps(value, ensure_ascii=False) if any(mark in value for mark in ',:"\n') else value


def stem(name: str) -> str:
    """The name of a file without folder and extension, as prompts use it."""
    last = re.split(r"[/\\]", name)[-1].strip(" .")
    return _EXTENSION.sub("", last).strip(" .")[:MAX_NAME_CHARACTERS]


def _mentions(text: str) -> Iterator[tuple[str, str, Source]]:
    """Yield (name, hash or "", source)."""
    for match in _first(_TI_HASHES, text):
        for name, value in _pairs(text, match.end()):
            yield name, value, Source.TI_HASHES
    for match in _first(_HASHES, text):
        for name, value in _json_pairs(text, match.end()):
            yield name, value, Source.HASHES
    for match in _first(_USED, text):
        for piece in match[1].split(","):
            if entry := _CHECKSUM.fullmatch(piece.strip()[: MAX_NAME_CHARACTERS + 80]):
                yield entry[1], entry[2], Source.USED_EMBEDDINGS
    for match in _IN_PROMPT.finditer(text):
        yield match[1], "", Source.PROMPT


def _first(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for _, match in zip(range(_MAX_LISTS), pattern.finditer(text), strict=False):
        yield match


def _pairs(text: str, start: int) -> Iterator[tuple[str, str]]:
    """The pairs of ``a: 0123456789ab, b: …`` from ``start``, in quotes or not."""
    line = text[start:].split("\n", 1)[0]
    quoted = line.startswith('"')
    if quoted:
        try:
            line = json.JSONDecoder().raw_decode(line)[0]
        except ValueError:  # a copy that lost its end
            line = line[1:].split('"', 1)[0]
    for piece in line.split(","):
        name, colon, value = piece.rpartition(":")
        name, value = name.strip().strip('"'), value.strip().strip('"')
        if colon and _HEX.fullmatch(value) and (quoted or not _OTHER_ENTRY.search(name)):
            yield name, value
        elif not quoted:
            return  # the next entry of the line


def _json_pairs(text: str, start: int) -> Iterator[tuple[str, str]]:
    """The entries of ``{"embed:a": "0123456789"}`` from ``start``; other kinds of models are left out."""
    try:
        value, _ = json.JSONDecoder().raw_decode(text[start:])
    except (ValueError, RecursionError):  # cut off, or made to be deep
        return
    for key, digits in value.items():
        kind, _, name = key.partition(":")
        if kind in {"embed", "embedding"} and isinstance(digits, str) and _HEX.fullmatch(digits):
            yield name, digits
