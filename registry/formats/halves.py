"""An SDXL embedding in two files, one for each text encoder: as diffusers writes it, under the same token, or ``clip_l`` and ``clip_g``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from registry.formats import layouts, safetensors, torch_zip
from registry.formats.errors import Malformed
from registry.formats.layouts import Found
from registry.formats.names import listed
from registry.formats.sentences import gettext_noop
from registry.formats.types import Encoder

_WIDTHS = (768, 1280)
#: The files that diffusers' training scripts write, in a zip without folders.
_NAMES = re.compile(r"(?P<prefix>)(?P<record>learned_embeds(_2)?(-steps-[0-9]{1,9})?\.safetensors)")
#: What people add to a file's name to say for which text encoder it is.
_ENCODER_IN_NAME = re.compile(r"(^|[-_. ])(clip[-_. ]?)?[lg]$", re.IGNORECASE)
_FIRST_NAME = re.compile(rb"learned_embeds[^/]*")


def join(files: Sequence[tuple[str, Found]]) -> Found | None:
    """Return two halves, each with the name of its file, as one embedding; nothing where they are no halves.

    Raises ``Malformed`` for halves that have unlike counts of vectors.
    """
    founds = [found for _, found in files]
    if len(founds) != 2 or not (_are_of_diffusers(founds) or _are_named_halves(files)):
        return None
    small, large = sorted(founds, key=width)
    if (width(small), width(large)) != _WIDTHS or small.tokens != large.tokens:
        return None
    counts = [found.encoders[0].shape[0] for found in founds]
    if counts[0] != counts[1]:
        raise Malformed(
            "{where} are for the same token, but have {first} and {second} vectors.",
            first=counts[0],
            second=counts[1],
            remedy=gettext_noop("Take both from the same training step."),
            where=listed(name for name, _ in files),
        )
    encoders = tuple(
        Encoder(name, found.encoders[0].vectors, found.encoders[0].dtype)
        for name, found in (("clip_l", small), ("clip_g", large))
    )
    if _are_of_diffusers(founds):
        return replace(small, layout="diffusers-sdxl", encoders=encoders)
    # The first warning of either says that the other is missing.
    return replace(small, layout="sdxl", encoders=encoders, warnings=(*small.warnings[1:], *large.warnings[1:]))


def _are_of_diffusers(founds: Sequence[Found]) -> bool:
    return all(found.layout == "diffusers" for found in founds)


def _are_named_halves(files: Sequence[tuple[str, Found]]) -> bool:
    """Whether one file is ``clip_l`` alone and the other ``clip_g``, under names that differ in that only."""
    layouts_of_both = {found.layout for _, found in files}
    words = {name_of_both(name).casefold() for name, _ in files}
    return layouts_of_both == {"clip-l", "cascade"} and len(words) == 1


def name_of_both(filename: str) -> str:
    """The name of a half's file without extension and text encoder; "" where it says nothing else."""
    return _ENCODER_IN_NAME.sub("", PurePosixPath(filename).stem)


def width(found: Found) -> int:
    """How many numbers a vector has, for the first text encoder."""
    return found.encoders[0].shape[1]


def looks_like(data: bytes) -> bool:
    """Whether the bytes begin as a zip archive of the two files does; torch's records are in a folder."""
    name = data[30 : 30 + int.from_bytes(data[26:28], "little")]
    return torch_zip.looks_like(data) and _FIRST_NAME.fullmatch(name) is not None


def read(data: bytes) -> tuple[Found, dict[str, str]]:
    """Return the embedding in a zip of both files, and the metadata of both. Raises a ``FormatError``."""
    records = torch_zip.stored(data, _NAMES)
    if len(records) != len(_WIDTHS):
        raise _no_halves(records)
    files: list[tuple[str, Found]] = []
    metadata: dict[str, str] = {}
    for name, record in records.items():
        if not safetensors.looks_like(record):
            raise Malformed("{where} in the archive is no safetensors file.", where=name)
        tensors, about, bundled = safetensors.read(record)
        found = () if bundled else layouts.from_tensors(tensors)
        if len(found) != 1 or width(found[0]) not in _WIDTHS:  # before the other's numbers take memory too
            raise _no_halves(records)
        files.append((name, found[0]))
        for key, value in about.items():
            metadata[key if metadata.get(key, value) == value else f"{key} ({name})"] = value
    both = join(files)
    if both is None:
        raise _no_halves(records)
    return both, metadata


def _no_halves(names: Iterable[str]) -> Malformed:
    return Malformed(
        "The archive holds {where}, which are not the two halves of one SDXL embedding: the same token with vectors of 768 numbers in one file and of 1280 in the other.",
        remedy=gettext_noop("Upload each file on its own."),
        where=listed(names),
    )
