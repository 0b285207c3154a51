"""Words bundled into a LoRA, which are offered as embeddings of their own.

OneTrainer and ComfyUI name their tensors ``bundle_emb.WORD.ENCODER``; cloneofsimo's scripts name a tensor after the
word and say ``<embed>`` of it in the metadata.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from registry.formats import lookalikes
from registry.formats.encoder_names import RESERVED
from registry.formats.errors import NotAnEmbedding
from registry.formats.layouts import Found, apart, encoder, named_encoders
from registry.formats.names import listed, read_token
from registry.formats.sentences import Sentence, gettext_noop
from registry.formats.tensors import Tensor

_BUNDLED = re.compile(r"bundle_emb\.(?P<word>.+?)\.(?P<key>string_to_param\.\*|[a-z0-9_]+)")
_PREFIX = "bundle_emb."
_FLAG = "<embed>"
#: Keys of the vectors for the one text encoder of Stable Diffusion 1.x or 2.x; nothing where the tensor is named after the word.
_PLAIN_KEYS = frozenset({"", "string_to_param.*", "emb_params", "emp_params", "clip_l"})
_OUT_OF_A_LORA = Sentence(gettext_noop("The word comes out of a LoRA; used without it, it may look different."))


def names(tensors: Collection[str], metadata: object) -> frozenset[str]:
    """The names of bundled tensors, and nothing where a file has none. ``metadata`` may be anything."""
    said = metadata if isinstance(metadata, dict) else {}
    flagged = {name for name, value in said.items() if value == _FLAG} - RESERVED
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
    usable = tuple(found for word, keys in words.items() if (found := _one(word, keys)))
    if not usable:
        raise NotAnEmbedding(
            "The words bundled in this LoRA are stored as what the text encoder gives out, which only the tool that "
            "wrote them can use.",
            remedy=gettext_noop("Export them again without output embeddings."),
            where=listed(tensor.name for tensor in tensors),
        )
    return apart(usable)


def _one(word: str, keys: Mapping[str, Tensor]) -> Found | None:
    """A word's vectors, without those that stand for what a text encoder gives out; nothing where it has no others."""
    inputs = {key: tensor for key, tensor in keys.items() if not key.endswith("_out")}
    if not inputs:
        return None
    token, warnings = read_token(word)
    found = _vectors(token, inputs)
    warnings = (_OUT_OF_A_LORA, *warnings, *found.warnings)
    if len(inputs) < len(keys):
        warnings += (lookalikes.left_out(keys.keys() - inputs.keys()),)
    return replace(found, layout="bundle", tokens=(token,), label=token, warnings=warnings)


def _vectors(word: str, keys: Mapping[str, Tensor]) -> Found:
    """What a word's tensors are together. Raises ``NotAnEmbedding``."""
    if len(keys) == 1 and keys.keys() <= _PLAIN_KEYS:
        (single,) = keys.values()
        return Found(layout="bundle", encoders=(encoder("", single),))
    together = named_encoders(dict(keys))
    if together is None:
        raise NotAnEmbedding(
            "The bundled word {word!r} has tensors that no text encoder takes.",
            word=word[:80],
            remedy=gettext_noop("Export it as a file of its own."),
            where=word,
        )
    return together
