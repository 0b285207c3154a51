"""What a file would give away of its maker: internal names, checkpoints and paths, for the owner to see first."""

from __future__ import annotations

import re
from collections.abc import Mapping

from registry.formats.layouts import Found
from registry.formats.limits import MAX_LEAK_CHARACTERS, MAX_LEAKS
from registry.formats.names import label

#: Folders that writers give a torch zip when they know no name.
_PLAIN_FOLDERS = frozenset({"", "archive"})
#: Metadata that every writer sets and that tells nothing: words' flags, the framework.
_PLAIN_METADATA = frozenset({"pt", "<embed>", "np", "flax", "tf"})
#: Values that are a path, and names of metadata that people fill with words of their own or of their machine.
_PATH = re.compile(r"^(/|~|[A-Za-z]:[\\/]|\\\\)|[\\/].*[\\/]|\.(safetensors|ckpt|pt|png|jpg)\b")
_TELLING = re.compile(r"name|dir|path|comment|author|user|host|session|dataset|tag|model|date|time", re.IGNORECASE)


def of(found: Found, metadata: Mapping[str, str], folder: str) -> tuple[str, ...]:
    """Return one text for each thing that the file says beyond its numbers, at most ``MAX_LEAKS``."""
    told = []
    if found.name:
        told.append(("internal name", found.name))
    if found.checkpoint:
        told.append(("checkpoint", found.checkpoint))
    if folder not in _PLAIN_FOLDERS:
        told.append(("folder inside the file", folder))
    told += [
        (f"metadata {name}", value)
        for name, value in metadata.items()
        if value not in _PLAIN_METADATA and (_PATH.search(value[:1000]) or _TELLING.search(name[:200]))
    ]
    return tuple(f"{what}: {label(value)}"[:MAX_LEAK_CHARACTERS] for what, value in _shown(told)[:MAX_LEAKS])


def _shown(told: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(label(what), value) for what, value in told if label(value)]
