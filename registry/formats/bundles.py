"""Words bundled into a LoRA, which are offered as embeddings of their own.

OneTrainer and ComfyUI name their tensors ``bundle_emb.WORD.ENCODER``; cloneofsimo's scripts name a tensor after the
word and say ``<embed>`` of it in the metadata.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from registry.formats.errors import NotAnEmbedding
from registry.formats.layouts import Found, apart, encoder, named_encoders
from registry.formats.names import listed, read_token
from registry.formats.tensors import Tensor

_BUNDLED = re.compile(r"bundle_emb\.(?P<word>.+?)\.(?P<key>string_to_param\.\*|[a-z0-9_]+)")
_PREFIX = "bundle_emb."
_FLAG = "<embed>"


def names(tensors: Collection[str], metadata: object) -> frozenset[str]:
    """The names of bundled tensors, and nothing where a file has none. ``metadata`` may be anything."""
    flagged = {name for name, value in metadata.items() if value == _FLAG} if isinstance(metadata, dict) else set()
    if flagged.issuperset(tensors):  # words without a LoRA are a file of embeddings
        return frozenset()
    return frozenset(name for name in tensors if name in flagged or name.startswith(_PREFIX))


def found(tensors: Sequence[Tensor]) -> tuple[Found, ...]:
    """The embeddings of bundled tensors, by word. Raises ``NotAnEmbedding`` where none can be used on its own."""
    words: dict[str, dict[str, Tensor]] = {}
    for tensor in tensors:
        match = _BUNDLED.fullmatch(tensor.name)
        word, key = (match["word"], match["key"]) if match else (tensor.name, "")
        words.setdefault(word, {})[key] = tensor
    usable = tuple(_one(word, inputs) for word, keys in words.items() if (inputs := _inputs(keys)))
    if not usable:
        raise NotAnEmbedding(
            "The words bundled in this LoRA are stored as what the text encoder gives out, which only the tool that "
            "wrote them can use.",
            where=listed(tensor.name for tensor in tensors),
        )
    return apart(usable)


def _inputs(keys: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A word's vectors without those that stand for what a text encoder gives out."""
    return {key: tensor for key, tensor in keys.items() if not key.endswith("_out")}


def _one(word: str, keys: Mapping[str, Tensor]) -> Found:
    word, warnings = read_token(word)
    warnings = ("The word comes out of a LoRA; used without it, it may look different.", *warnings)
    single = next(iter(keys.values()))
    plain = set(keys) <= {"", "string_to_param.*", "emb_params", "emp_params", "clip_l"} and len(keys) == 1
    if not plain:
        together = named_encoders(dict(keys))
        if together is None:
            raise NotAnEmbedding(f"The bundled word {word[:80]!r} has tensors that no text encoder takes.", where=word)
        return Found(layout="bundle", encoders=together.encoders, tokens=(word,), label=word, warnings=warnings)
    return Found(layout="bundle", encoders=(encoder("", single),), tokens=(word,), label=word, warnings=warnings)
