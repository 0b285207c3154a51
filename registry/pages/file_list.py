"""The files that a version can be downloaded as, arranged for its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_noop

from registry.formats import Dtype, Target
from registry.models import Embedding, File, Version
from registry.pages.snippets import Snippet

#: What :attr:`Target.read_by` says, which is a library's and so marked for translation here.
READ_BY = (
    gettext_noop("every tool in this list; diffusers with token="),
    gettext_noop("AUTOMATIC1111, Forge and SD.Next; the file's name is the word"),
    gettext_noop("AUTOMATIC1111 and Forge, old versions too; the file's name is the word"),
    gettext_noop("ComfyUI; write embedding: and the file's name"),
    gettext_noop("InvokeAI; the file's name in angle brackets is the word"),
    gettext_noop("kohya sd-scripts; the file's name is the word"),
    gettext_noop("diffusers; the token travels in the file"),
    gettext_noop("older versions of diffusers"),
    gettext_noop("diffusers, with one call for each text encoder"),
    gettext_noop("stable-diffusion.cpp; the file's name in lower case is the word"),
)


@dataclass(frozen=True, slots=True)
class Format:
    """A file to download for some tools; ``half`` is the same in float16, where the numbers allow it."""

    target: Target
    file: File
    half: File | None
    address: str
    half_address: str

    @property
    def read_by(self) -> str:
        """The tools that read it, for people."""
        return gettext(self.target.read_by)


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


def with_files(found: Sequence[Snippet], formats: Sequence[Format]) -> list[tuple[Snippet, Format]]:
    """Snippets, each with the first file of the format that it needs; those without one are left out."""
    of_target = {item.target: item for item in reversed(formats)}
    return [(snippet, of_target[snippet.target]) for snippet in found if snippet.target in of_target]


def page_address(embedding: Embedding, version: Version, file: File) -> str:
    """Where a person's browser gets a file."""
    path = reverse("registry:download", args=[embedding.owner.username, embedding.name, version.number, file.target])
    asked = {"file": file.filename} | ({"dtype": file.dtype} if file.dtype != Dtype.FLOAT32 else {})
    return f"{path}?{urlencode(asked)}"


def contents(version: Version) -> Sequence[File]:
    """One file of each content: several tools read the same bytes under another name."""
    return list({file.sha256: file for file in reversed(version.files.all())}.values())[::-1]
