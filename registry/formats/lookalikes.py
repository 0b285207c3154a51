"""Files that people mistake for embeddings, told by the names of their tensors."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from registry.formats.errors import NotAnEmbedding
from registry.formats.sentences import Sentence, gettext_noop

#: Names that no word has, so that one of them tells what a file is, and none of them can be a token.
_WEIGHT = re.compile(r"\.(weight|bias)$")
_BUNDLED = re.compile(r"^(bundle_emb|string_to_param)\.")
#: Names that a word could have too: they tell what a file is only where it holds several tensors.
_LORA = re.compile(
    r"(^|[._])lora[._].*\.weight$|(^|\.)(hada|lokr|oft)_|\.(alpha|dora_scale)$|^(unet|text_encoder)(_\d+)?:\d+:(up|down)$"
)
_CHECKPOINT = re.compile(
    r"^(model\.diffusion_model|cond_stage_model|first_stage_model|conditioner|text_model|text_encoders?)\.|token_embedding|position_embedding"
)
#: Keys of what is no tensor.
_OPTIMIZER = frozenset({"optimizer_state_dict", "optimizer", "optimizer_states"})
_TRAINING = frozenset({"state_dict", "model_state_dict", "pytorch-lightning_version", "global_step"})


def is_weight(name: str) -> bool:
    """Whether a tensor of this name is never a word's, even where it is a file's only one."""
    return bool(_WEIGHT.search(name) or _BUNDLED.search(name))


def refuse(names: Collection[str]) -> None:
    """Raise ``NotAnEmbedding`` where the names of a file's tensors tell of something else; otherwise do nothing."""
    several = len(names) > 1
    for name in names:
        if _LORA.search(name) and (several or is_weight(name)):
            raise NotAnEmbedding(
                "The file is a LoRA ({name!r} is one of its weights), not an embedding.",
                name=name[:80],
                remedy=gettext_noop("If words are bundled in it, export them as a file of their own."),
                where=name,
            )
        if _BUNDLED.search(name):
            raise NotAnEmbedding(
                "{name!r} is a word bundled into another file.",
                name=name[:80],
                remedy=gettext_noop("Export the embedding as a file of its own."),
                where=name,
            )
        if _WEIGHT.search(name) or (several and _CHECKPOINT.search(name)):
            raise _checkpoint(name)


def refuse_state(keys: Iterable[str]) -> None:
    """Raise ``NotAnEmbedding`` where keys, none of them a tensor's, are those of a training that was interrupted."""
    for key in keys:
        if key in _OPTIMIZER:
            raise NotAnEmbedding(
                "The file is the state of an optimiser, kept to go on training.",
                remedy=gettext_noop("Upload the embedding beside it, which has the same name without .optim."),
                where=key,
            )
        if key in _TRAINING:
            raise _checkpoint(key)


def only_output(names: Iterable[str]) -> NotAnEmbedding:
    """The refusal of a file that holds nothing but what a text encoder gives out."""
    first = next(iter(names))
    return NotAnEmbedding(
        "{name!r} holds what the text encoder gives out, which only the tool that wrote it can use.",
        name=first[:80],
        remedy=gettext_noop("Export the embedding again without output embeddings."),
        where=first,
    )


_LEFT_OUT = gettext_noop(
    "What the text encoder gives out ({names}) is of use only to the tool that wrote it, and was left out."
)


def left_out(names: Iterable[str]) -> Sentence:
    """What is said where such vectors stand beside an embedding's own."""
    told = ", ".join(sorted(name[:80] for name in names)[:4])
    return Sentence(_LEFT_OUT, names=told)


def _checkpoint(name: str) -> NotAnEmbedding:
    return NotAnEmbedding(
        "The file is a model checkpoint (it holds {name!r}), not an embedding.", name=name[:80], where=name
    )
