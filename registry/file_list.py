"""The files that a version can be downloaded as, arranged for its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode

from registry.formats import Dtype, Target
from registry.models import Embedding, File, Version


@dataclass(frozen=True, slots=True)
class Format:
    """A file to download for some tools; ``half`` is the same in float16, where the numbers allow it."""

    target: Target
    file: File
    half: File | None
    address: str
    half_address: str


def formats(embedding: Embedding, version: Version) -> Sequence[Format]:
    """What a version can be downloaded as, in the order of the targets; the first is the canonical file."""
    files = [file for file in version.files.all() if file.target in list(Target)]
    halves = {(file.target, file.filename): file for file in files if file.dtype == Dtype.FLOAT16}
    found = []
    for file in files:
        if file.dtype == Dtype.FLOAT32:
            half = halves.get((file.target, file.filename))
            half_address = page_address(embedding, version, half) if half else ""
            found.append(Format(Target(file.target), file, half, page_address(embedding, version, file), half_address))
    order = list(Target)
    return sorted(found, key=lambda item: order.index(item.target))


def page_address(embedding: Embedding, version: Version, file: File) -> str:
    """Where a person's browser gets a file."""
    path = reverse("registry:download", args=[embedding.owner.username, embedding.name, version.number, file.target])
    asked = {"file": file.filename} | ({"dtype": file.dtype} if file.dtype != Dtype.FLOAT32 else {})
    return f"{path}?{urlencode(asked)}"


def contents(version: Version) -> Sequence[File]:
    """One file of each content: several tools read the same bytes under another name."""
    return list({file.sha256: file for file in reversed(version.files.all())}.values())[::-1]
