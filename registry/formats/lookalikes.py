"""Files that people mistake for embeddings, told by the names of their tensors."""

from __future__ import annotations

import re
from collections.abc import Iterable

from registry.formats.errors import NotAnEmbedding

_LORA = re.compile(
    r"(^|[._])lora([._]|_[AB]\b|$)|(^|\.)(hada|lokr|oft)_|\.(alpha|dora_scale)$|^(unet|text_encoder)(_\d+)?:\d+:(up|down)$"
)
_BUNDLED = re.compile(r"^(bundle_emb|string_to_param)\.")
_CHECKPOINT = re.compile(
    r"^(model\.diffusion_model|cond_stage_model|first_stage_model|conditioner|text_model|text_encoders?)\.|token_embedding|position_embedding"
)
_OUTPUT = re.compile(r"^(emp_params|emb_params|clip_[lgh]|t5|t5xxl|llama|gemma)_out$")
_OPTIMIZER = frozenset({"optimizer_state_dict", "optimizer", "optimizer_states"})
_TRAINING = frozenset({"state_dict", "model_state_dict", "pytorch-lightning_version", "global_step"})


def refuse(names: Iterable[str]) -> None:
    """Raise ``NotAnEmbedding`` where the names tell of something else; otherwise do nothing."""
    for name in names:
        if _LORA.search(name):
            raise NotAnEmbedding(
                f"The file is a LoRA ({name[:80]!r} is one of its weights), not an embedding. If words are bundled "
                "in it, export them as a file of their own.",
                where=name,
            )
        if _BUNDLED.search(name):
            raise NotAnEmbedding(
                f"{name[:80]!r} is a word bundled into another file. Export the embedding as a file of its own.",
                where=name,
            )
        if _OUTPUT.search(name):
            raise NotAnEmbedding(
                f"{name[:80]!r} holds what the text encoder gives out, which only the tool that wrote it can use. "
                "Export the embedding again without output embeddings.",
                where=name,
            )
        if name in _OPTIMIZER:
            raise NotAnEmbedding(
                "The file is the state of an optimiser, kept to go on training. Upload the embedding beside it, "
                "which has the same name without .optim.",
                where=name,
            )
        if name in _TRAINING or _CHECKPOINT.search(name):
            raise NotAnEmbedding(
                f"The file is a model checkpoint (it holds {name[:80]!r}), not an embedding.", where=name
            )
