"""What a file would give away of its maker: internal names, checkpoints, paths and prompts, for the owner to see first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from registry.formats.limits import MAX_LEAK_CHARACTERS, MAX_LEAKS
from registry.formats.names import label
from registry.formats.pickle_records import ParameterDict

#: Entries of metadata that are looked at, for each of a file's embeddings again; trainers write about a hundred.
_MAX_ENTRIES = 1000
#: Metadata that every writer sets and that tells nothing: words' flags, the framework, numbers, truth values.
_PLAIN_METADATA = re.compile(r"pt|<embed>|np|flax|tf|None|True|False|null|true|false|[-+0-9.e]*")
#: Values that are a path, and names of metadata that people fill with words of their own or of their machine.
_PATH = re.compile(r"^(/|~|[A-Za-z]:[\\/]|\\\\)|[\\/].*[\\/]|\.(safetensors|ckpt|pt|png|jpg)\b")
_TELLING = re.compile(r"name|dir|path|comment|author|user|host|session|dataset|tag|model|date|time", re.IGNORECASE)
#: What A1111's dictionary has anyway. Its name and checkpoint are told on their own.
_A1111_KEYS = frozenset({"string_to_token", "string_to_param", "name", "step", "sd_checkpoint", "sd_checkpoint_name"})


def of(said: Iterable[tuple[str, str]], metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Return one text for each thing that a file says beyond its numbers, at most ``MAX_LEAKS`` and how many more.

    ``said`` are such things, each with what it is; of ``metadata`` paths and names come first, numbers are left out.
    """
    telling, others = [], []
    for name, value in islice(metadata.items(), _MAX_ENTRIES):
        if not _PLAIN_METADATA.fullmatch(value[:1000]):
            group = telling if _PATH.search(value[:1000]) or _TELLING.search(name[:200]) else others
            group.append((f"metadata {name}", value))
    told = [(what, label(text)) for what, text in (*said, *telling, *others)]
    shown = [f"{label(what)}: {text}"[:MAX_LEAK_CHARACTERS] for what, text in told if text]
    more = len(shown) - MAX_LEAKS + max(0, len(metadata) - _MAX_ENTRIES)
    return tuple(shown[:MAX_LEAKS] + ([f"and {more} more"] if more > 0 else []))


def of_a1111(value: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What A1111's dictionary says beside an embedding: keys that it has from elsewhere, other tokens, a path of torch."""
    keys = [key for key in value if key not in _A1111_KEYS]
    told = [(f"key {key}", _briefly(value[key])) for key in keys[:MAX_LEAKS]]
    if len(keys) > MAX_LEAKS:
        told.append(("other keys", f"{len(keys) - MAX_LEAKS} more"))
    if label(value.get("sd_checkpoint_name")):
        told.append(("checkpoint's hash", label(value.get("sd_checkpoint"))))
    parameters, tokens = value["string_to_param"], value.get("string_to_token")
    if isinstance(tokens, dict):
        told += [("other token", str(token)) for token in islice(tokens, MAX_LEAKS) if token not in parameters]
    if isinstance(parameters, ParameterDict):
        told.append(("path on the machine where it was saved", parameters.source))
    return tuple(told)


def _briefly(item: Any) -> str:
    """A value in a few words."""
    match item:
        case str():
            return item or "empty"
        case bool() | int() | float() | None:
            return str(item)
        case dict() | list() | tuple():
            return f"{len(item)} things"
    return "a tensor"
