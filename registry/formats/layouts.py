"""The ways tools name an embedding's tensors, and what each name means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.formats import lookalikes, torch_object
from registry.formats.errors import (
    BadToken,
    BadValues,
    NotAnEmbedding,
    SeveralTokens,
    TooLarge,
    UnknownLayout,
)
from registry.formats.limits import MAX_NAME_CHARACTERS, MAX_ROWS
from registry.formats.pickle_records import ParameterDict, TensorRef
from registry.formats.tensors import Tensor
from registry.formats.types import Encoder

#: Tensors of two text encoders, by the names that tools give them: SDXL's own, Replicate's, and an early script's.
PAIRS = {
    ("clip_l", "clip_g"): "sdxl",
    ("text_encoders_0", "text_encoders_1"): "sdxl-pivotal",
    ("emb", "emb2"): "sdxl-emb",
}
#: Tensors of one text encoder that are named by a tool and not after a word.
SINGLES = {"emb_params": "kohya", "emp_params": "onetrainer"}
#: Text encoders of models beyond SDXL, as OneTrainer and ComfyUI name them.
_OTHER_ENCODERS = frozenset(
    {"clip_h", "t5", "t5xxl", "llama", "gemma", "mt5xl", "qwen3_06b", "qwen3_4b", "qwen25_7b"}
)
_PER_LAYER = re.compile(r"(IN|OUT)\d\d|MID")
#: Names that stand for something else than a token where they are a file's key.
RESERVED = frozenset(
    {
        *SINGLES,
        *_OTHER_ENCODERS,
        *(name for pair in PAIRS for name in pair),
        "string_to_param",
        "__metadata__",
    }
)
#: Control characters, and characters that change how their neighbours are shown or cannot be seen.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A recognised layout."""

    layout: str
    encoders: tuple[Encoder, ...]
    tokens: tuple[str, ...] = ()
    name: str = ""
    step: int | None = None
    checkpoint: str = ""


def check_token(token: str) -> str:
    """Return the token. Raises ``BadToken`` where a file could not carry it."""
    if not token or token != token.strip() or len(token) > MAX_NAME_CHARACTERS or _UNPRINTABLE.search(token):
        raise BadToken(
            f"The placeholder token is empty, longer than {MAX_NAME_CHARACTERS} characters, or holds characters that "
            "cannot be seen. Choose a plain word such as <my-cat>.",
            where="token",
        )
    if token in RESERVED:
        raise BadToken(
            f"{token} is a name that tools give to tensors. Choose another placeholder token.", where="token"
        )
    return token


def from_tensors(tensors: Sequence[Tensor]) -> Found:
    """Recognise named tensors, as safetensors files and plain torch dictionaries hold them. Raises a ``FormatError``."""
    by_name = {tensor.name: tensor for tensor in tensors}
    lookalikes.refuse(by_name)
    for names, layout in PAIRS.items():
        if set(by_name) == set(names):
            return Found(layout=layout, encoders=_pair(*(by_name[name] for name in names)))
    _refuse_other_encoders(by_name)
    if len(by_name) > 1:
        raise SeveralTokens(
            f"The file holds {len(by_name)} embeddings ({_listed(by_name)}). Split it: one file for each token.",
            where=_listed(by_name),
        )
    name, tensor = next(iter(by_name.items()))
    encoders = (encoder("emb_params", tensor),)
    if name in SINGLES:
        return Found(layout=SINGLES[name], encoders=encoders)
    return Found(layout="diffusers", encoders=encoders, tokens=(check_token(name),))


def from_object(value: Any, records: dict[str, bytes]) -> Found:
    """Recognise what a torch file holds; ``records`` are its storages by key. Raises a ``FormatError``."""
    if isinstance(value, TensorRef):
        _refuse_bare(value)
    if isinstance(value, list | tuple):
        raise UnknownLayout(
            f"The file holds a list of {len(value)} things, as a training trace does. Export the last step alone, as {{token: vectors}}."
        )
    if not isinstance(value, dict) or not value:
        raise UnknownLayout(
            "The file holds no named tensors. An embedding is a dictionary of a token and its vectors."
        )
    if not all(type(key) is str for key in value):
        raise NotAnEmbedding(
            "The file's tensors have numbers for names, as a hypernetwork's do; it is not an embedding."
        )
    _check_names(value)
    lookalikes.refuse(value)
    if "string_to_param" in value:
        return _a1111(value, records)
    strangers = [key for key, item in value.items() if not isinstance(item, TensorRef)]
    if strangers:
        raise UnknownLayout(
            f"{_listed(strangers)} is no tensor; no embedding layout has it.", where=_listed(strangers)
        )
    return from_tensors(torch_object.tensors(value, records))


def encoder(name: str, tensor: Tensor) -> Encoder:
    """Vectors [n, d] from a tensor [n, d] or [d]. Raises ``BadValues``, ``TooLarge`` or ``NotAnEmbedding``."""
    values = tensor.values
    if values.ndim == 3 and values.shape[:2] == (1, 77):
        raise NotAnEmbedding(_ENCODER_OUTPUT, where=tensor.name)
    if values.ndim not in (1, 2):
        raise BadValues(
            f"{tensor.name!r} has {values.ndim} dimensions; vectors of a token have the shape [n, d] or [d].",
            where=tensor.name,
        )
    vectors = np.ascontiguousarray(np.atleast_2d(values), dtype=np.float32)
    if len(vectors) > MAX_ROWS:
        raise TooLarge(
            f"{tensor.name!r} has {len(vectors)} vectors; an embedding has at most {MAX_ROWS}. It may be a whole vocabulary.",
            where=tensor.name,
        )
    return Encoder(name=name, vectors=vectors, dtype=tensor.dtype)


_ENCODER_OUTPUT = (
    "The file holds what a text encoder gives out for a whole prompt (77 positions), not the vectors of a word; "
    "no tool loads it as an embedding."
)


def _pair(first: Tensor, second: Tensor) -> tuple[Encoder, ...]:
    encoders = (encoder("clip_l", first), encoder("clip_g", second))
    if encoders[0].shape[0] != encoders[1].shape[0]:
        raise BadValues(
            f"The two text encoders have {encoders[0].shape[0]} and {encoders[1].shape[0]} vectors; they must have as many.",
            where=f"{first.name}, {second.name}",
        )
    return encoders


def _refuse_other_encoders(names: dict[str, Tensor]) -> None:
    """Raise for tensors that are named after text encoders, alone or in combinations that are no SDXL pair."""
    if any(_PER_LAYER.fullmatch(name) for name in names):
        raise UnknownLayout(
            "The file holds vectors for each layer of the UNet (XTI), which no prompt box can use."
        )
    known = {name for pair in PAIRS for name in pair if pair != ("emb", "emb2")} | _OTHER_ENCODERS
    if not known & set(names):
        return
    if set(names) & _OTHER_ENCODERS or len(names) > 1:
        raise UnknownLayout(
            f"The file holds vectors for {_listed(names)}; that is for a model beyond SD 1.x, SD 2.x and SDXL, which are supported.",
            where=_listed(names),
        )
    raise UnknownLayout(
        f"The file holds only {_listed(names)}: half of an SDXL embedding, which has clip_l and clip_g. Upload the whole file.",
        where=_listed(names),
    )


def _refuse_bare(view: TensorRef) -> None:
    if len(view.shape) == 3 and view.shape[1] == 77:
        raise NotAnEmbedding(_ENCODER_OUTPUT)
    raise UnknownLayout(
        f"The file holds one tensor {list(view.shape)} without a name, so nothing says which token it is for. "
        "Save it as {token: vectors}."
    )


def _check_names(names: dict[Any, Any]) -> None:
    if any(len(name) > MAX_NAME_CHARACTERS for name in names):
        raise TooLarge(f"The file names something with more than {MAX_NAME_CHARACTERS} characters.")


def _a1111(value: dict[Any, Any], records: dict[str, bytes]) -> Found:
    """AUTOMATIC1111's file, or the older one it grew out of, with a ``ParameterDict``."""
    parameters = value["string_to_param"]
    if not isinstance(parameters, dict) or not all(
        type(key) is str and isinstance(item, TensorRef) for key, item in parameters.items()
    ):
        raise UnknownLayout(
            "string_to_param is no dictionary of tokens and vectors.", where="string_to_param"
        )
    _check_names(parameters)
    if not parameters:
        raise BadValues("string_to_param is empty: the file holds no vectors.", where="string_to_param")
    if len(parameters) > 1:
        raise SeveralTokens(
            f"The file holds {len(parameters)} embeddings ({_listed(parameters)}). Split it: one file for each token.",
            where="string_to_param",
        )
    (tensor,) = torch_object.tensors(parameters, records)
    step = value.get("step")
    return Found(
        layout="parameter-dict" if isinstance(parameters, ParameterDict) else "a1111",
        encoders=(encoder("emb_params", tensor),),
        tokens=(check_token(tensor.name),),
        name=_label(value.get("name")),
        step=step if type(step) is int and 0 <= step < 2**31 else None,
        checkpoint=_label(value.get("sd_checkpoint_name")) or _label(value.get("sd_checkpoint")),
    )


def _label(value: Any) -> str:
    """A text that a file says of itself, fit to be shown."""
    return _UNPRINTABLE.sub("", value).strip()[:MAX_NAME_CHARACTERS] if isinstance(value, str) else ""


def _listed(names: Any) -> str:
    """The first few names, for a message."""
    names = [_UNPRINTABLE.sub("?", str(name))[:60] for name in names]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
