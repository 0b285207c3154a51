"""From the bytes of one file to everything that can be told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from registry.formats import (
    bundles,
    detect,
    families,
    halves,
    hashes,
    image_embedding,
    layouts,
    leaks,
    safetensors,
    torch_legacy,
    torch_zip,
)
from registry.formats.errors import NotAnEmbedding, SeveralTokens
from registry.formats.layouts import Found
from registry.formats.names import listed
from registry.formats.sentences import Sentence, gettext_noop
from registry.formats.types import Inspection

_CHECKPOINT = gettext_noop(
    "The file names the checkpoint it was trained on ({checkpoint}); converted files leave that out."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything that one file holds, before its families of base models are known."""

    container: str
    found: tuple[Found, ...]  #: at least one
    metadata: dict[str, str] = field(default_factory=dict)
    said: tuple[tuple[str, str], ...] = ()  #: what its container says of its maker, each with what it is
    bundled: bool = False  #: words in a LoRA


def inspect(data: bytes) -> Inspection:
    """Read a file of one embedding. Nothing in it is run or imported. Raises a ``FormatError`` that says what is wrong."""
    contents = read(data)
    words = [found.label for found in contents.found]
    if contents.bundled:
        raise NotAnEmbedding(
            "The file is a LoRA that has words bundled in it ({where}), not an embedding.",
            remedy=gettext_noop("Choose one of the words, or export it as a file of its own."),
            where=listed(words),
        )
    if len(contents.found) > 1:
        raise SeveralTokens(
            "The file holds {count} embeddings ({where}). Split it: one file for each token.",
            count=len(contents.found),
            where=listed(words),
        )
    return complete(data, contents, contents.found[0])


def read(data: bytes) -> Contents:
    """Read whatever embeddings a file holds. Raises a ``FormatError``."""
    container = detect.container(data)
    match container:
        case detect.SAFETENSORS:
            tensors, metadata, bundled = safetensors.read(data)
            found = bundles.found(tensors) if bundled else layouts.from_tensors(tensors)
            return Contents(container=container, found=found, metadata=metadata, bundled=bundled)
        case detect.ZIP:
            both, metadata = halves.read(data)
            return Contents(container=container, found=(both,), metadata=metadata)
        case detect.TORCH_ZIP:
            found = layouts.from_object(*torch_zip.read(data))
            return Contents(container=container, found=found, said=torch_zip.folder(data))
        case detect.TORCH_LEGACY:
            return Contents(container=container, found=layouts.from_object(*torch_legacy.read(data)))
        case _:
            found, said = image_embedding.read(data)
            return Contents(container=container, found=found, said=said)


def complete(data: bytes, contents: Contents, found: Found) -> Inspection:
    """What is told of one of a file's embeddings. Raises ``UnknownBase``."""
    bases = families.candidates(found.encoders, found.layout)
    warnings = [*found.warnings, *families.warnings(found.encoders, bases[0].base, found.layout)]
    if found.checkpoint:
        warnings.append(Sentence(_CHECKPOINT, checkpoint=found.checkpoint))
    return Inspection(
        container=contents.container,
        layout=found.layout,
        encoders=found.encoders,
        tokens=found.tokens,
        name=found.name,
        step=found.step,
        checkpoint=found.checkpoint,
        bases=bases,
        warnings=tuple(warnings),
        metadata={} if contents.bundled else contents.metadata,
        sha256=hashes.sha256(data),
        digest=hashes.digest(found.encoders),
        leaks=leaks_of(contents, found),
    )


def leaks_of(contents: Contents, found: Found) -> tuple[str, ...]:
    """What a file and one of its embeddings would give away of their maker."""
    names = (("internal name", found.name), ("checkpoint", found.checkpoint))
    return leaks.of((*names, *found.said, *contents.said), contents.metadata)


def report(inspection: Inspection) -> dict[str, Any]:
    """An inspection as plain values, as the command line and the API show it."""
    return {
        "container": inspection.container,
        "layout": inspection.layout,
        "encoders": [
            {"name": encoder.name, "shape": list(encoder.shape), "dtype": encoder.dtype}
            for encoder in inspection.encoders
        ],
        "tokens": list(inspection.tokens),
        "name": inspection.name,
        "step": inspection.step,
        "checkpoint": inspection.checkpoint,
        "bases": [{"base": candidate.base.value, "reason": candidate.reason} for candidate in inspection.bases],
        "norms": {encoder.name: [round(norm, 4) for norm in encoder.norms] for encoder in inspection.encoders},
        "usual_norms": {
            encoder.name: list(families.usual_norms(encoder.name, inspection.bases[0].base))
            for encoder in inspection.encoders
        },
        "warnings": list(inspection.warnings),
        "leaks": list(inspection.leaks),
        "digest": inspection.digest,
        "sha256": inspection.sha256,
    }
