"""The ways tools name an embedding's tensors, and what each name means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from registry.formats import encoder_names, leaks, lookalikes, torch_object
from registry.formats.encoder_names import PAIRS, PLAIN, SINGLES
from registry.formats.errors import BadToken, BadValues, NotAnEmbedding, TooLarge, UnknownLayout
from registry.formats.limits import MAX_NAME_CHARACTERS, MAX_ROWS
from registry.formats.names import label, listed, read_token
from registry.formats.pickle_records import ParameterDict, TensorRef
from registry.formats.sentences import AND, Sentence, gettext_noop, joined
from registry.formats.tensors import Tensor
from registry.formats.types import Encoder

#: Layouts that may be half of an SDXL embedding: the tensor that is there, and the one that is not.
_HALVES = {"cascade": ("clip_g", "clip_l"), "clip-l": ("clip_l", "clip_g")}
_HALF = gettext_noop(
    "Only {here} is in the file. If both text encoders of SDXL were trained, its other half ({missing}) is missing."
)
_NAMELESS = gettext_noop("The file holds one tensor without a name, so nothing says which token or model it is for.")
_STEPS = gettext_noop("The file keeps {count} steps of a training; the last one was taken.")
#: Where the object of a torch file is, which has no name of its own.
_PICKLE = "the pickle's object"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One embedding of a recognised layout."""

    layout: str
    encoders: tuple[Encoder, ...]
    tokens: tuple[str, ...] = ()
    name: str = ""
    step: int | None = None
    checkpoint: str = ""
    label: str = ""  #: what tells it from others in its file
    warnings: tuple[str, ...] = ()
    said: tuple[tuple[str, str], ...] = ()  #: what else the file says, each with what it is


def from_tensors(tensors: Sequence[Tensor]) -> tuple[Found, ...]:
    """Recognise named tensors, as safetensors files and plain torch dictionaries hold them.

    Returns every embedding in them. Raises a ``FormatError``.
    """
    every = {tensor.name: tensor for tensor in tensors}
    lookalikes.refuse(every)
    outputs = [name for name in every if name in encoder_names.OUTPUTS]
    if not outputs:
        return _recognised(every)
    if len(outputs) == len(every):
        raise lookalikes.only_output(outputs)
    found = _recognised({name: tensor for name, tensor in every.items() if name not in outputs})
    return tuple(replace(one, warnings=(*one.warnings, lookalikes.left_out(outputs))) for one in found)


def _recognised(by_name: dict[str, Tensor]) -> tuple[Found, ...]:
    """Every embedding in tensors that are vectors of words."""
    for names, layout in PAIRS.items():
        if set(by_name) == set(names):
            renamed = dict(zip(("clip_l", "clip_g"), (by_name[name] for name in names), strict=True))
            return (Found(layout=layout, encoders=_together(renamed, tuple(renamed))),)
    named = named_encoders(by_name)
    if named:
        return (named,)
    if len(by_name) == 1:
        name, tensor = next(iter(by_name.items()))
        if name in SINGLES:
            return (Found(layout=SINGLES[name], encoders=(encoder("", tensor),)),)
        return (_word(tensor),)
    tool = [name for name in by_name if name in encoder_names.RESERVED]
    if tool:
        raise UnknownLayout(
            "The file holds {names} together, which no tool writes for an embedding.",
            names=listed(by_name),
            where=listed(tool),
        )
    return apart(tuple(_word(tensor) for tensor in by_name.values()))


def _word(tensor: Tensor) -> Found:
    """A tensor that is named after its token, as diffusers does it."""
    token, warnings = read_token(tensor.name)
    return Found(layout="diffusers", encoders=(encoder("", tensor),), tokens=(token,), label=token, warnings=warnings)


def apart(found: tuple[Found, ...]) -> tuple[Found, ...]:
    """Words of one file. Raises ``BadToken`` where two of them look the same."""
    tokens = [one.tokens for one in found]
    if len(set(tokens)) < len(tokens):
        twice = next(one.label for one in found if tokens.count(one.tokens) > 1)
        raise BadToken(
            "The file holds {token} twice, told apart by characters that cannot be seen. Export each as a file of its own.",
            token=listed([twice]),
            where=twice,
        )
    return found


def named_encoders(by_name: dict[str, Tensor]) -> Found | None:
    """One embedding whose tensors are named after text encoders, or nothing where none is.

    Raises ``UnknownLayout`` where the names belong to no model that is known.
    """
    canonical = {encoder_names.ALIASES.get(name, name): tensor for name, tensor in by_name.items()}
    known = encoder_names.find(frozenset(canonical))
    if known and len(canonical) == len(by_name):
        found = Found(layout=known.layout, encoders=_together(canonical, known.names))
        if known.layout not in _HALVES:
            return found
        here, missing = _HALVES[known.layout]
        return replace(found, warnings=(Sentence(_HALF, here=here, missing=missing),))
    if len(by_name) > 1 and all(encoder_names.LAYER.fullmatch(name) for name in by_name):
        raise UnknownLayout(
            "The file holds vectors for layers of the UNet (XTI), but not for each of the 16 that have them.",
            remedy=gettext_noop("Export it again with all of them."),
            where=listed(by_name),
        )
    if not encoder_names.NAMED & set(by_name):
        return None
    if len(by_name) == 1 and set(by_name) < {"text_encoders_0", "text_encoders_1"}:
        raise UnknownLayout(
            "The file holds only {where}: half of an SDXL embedding, which has both.",
            remedy=gettext_noop("Upload the whole file."),
            where=listed(by_name),
        )
    raise UnknownLayout(
        "The file holds vectors for {where}; no supported model has these text encoders.",
        remedy=gettext_noop("Choose an embedding for one of the supported models."),
        where=listed(by_name),
    )


def from_object(value: Any, records: dict[str, bytes]) -> tuple[Found, ...]:
    """Recognise what a torch file holds; ``records`` are its storages by key. Raises a ``FormatError``."""
    if isinstance(value, TensorRef):
        return (_bare(value, records),)
    if isinstance(value, list | tuple):
        return (_trace(value, records),)
    if not isinstance(value, dict) or not value:
        raise UnknownLayout(
            "The file holds no named tensors; an embedding is a dictionary of a token and its vectors.", where=_PICKLE
        )
    if not all(type(key) is str for key in value):
        raise NotAnEmbedding(
            "The file's tensors have numbers for names, as a hypernetwork's do; it is not an embedding.",
            where=listed(key for key in value if type(key) is not str),
        )
    _check_names(value)
    if "string_to_param" in value:  # whatever a tool keeps beside it
        parameters = _parameters(value["string_to_param"])
        layout = "parameter-dict" if isinstance(value["string_to_param"], ParameterDict) else "a1111"
        return a1111(value, torch_object.tensors(parameters, records), layout=layout)
    lookalikes.refuse(value)
    strangers = [key for key, item in value.items() if not isinstance(item, TensorRef)]
    lookalikes.refuse_state(strangers)
    if strangers:
        raise UnknownLayout("{where} is no tensor; no embedding layout has it.", where=listed(strangers))
    return from_tensors(torch_object.tensors(value, records))


def a1111(value: dict[Any, Any], tensors: Sequence[Tensor], *, layout: str) -> tuple[Found, ...]:
    """AUTOMATIC1111's dictionary, or the older one it grew out of, whose ``string_to_param`` is ``tensors``."""
    step = value.get("step")
    several, said = len(tensors) > 1, leaks.of_a1111(value)
    found = []
    for tensor in tensors:
        token, warnings = read_token(tensor.name)
        one = Found(
            layout=layout,
            encoders=(encoder("", tensor),),
            tokens=(token,),
            name=label(value.get("name")),
            step=step if type(step) is int and 0 <= step < 2**31 else None,
            checkpoint=label(value.get("sd_checkpoint_name")) or label(value.get("sd_checkpoint")),
            label=token if several else label(value.get("name")),
            warnings=warnings,
            said=said,
        )
        found.append(one)
    return apart(tuple(found))


def encoder(name: str, tensor: Tensor) -> Encoder:
    """Vectors [n, d] from a tensor [n, d] or [d]; without ``name`` the width gives it.

    Raises ``BadValues``, ``TooLarge`` or ``NotAnEmbedding``.
    """
    values = tensor.values
    if values.ndim == 3 and values.shape[:2] == (1, 77):
        raise NotAnEmbedding(_ENCODER_OUTPUT, where=tensor.name)
    if values.ndim not in (1, 2):
        raise BadValues(
            "{where!r} has {count} dimensions; vectors of a token have the shape [n, d] or [d].",
            count=values.ndim,
            remedy=gettext_noop("Export one token and its vectors."),
            where=tensor.name,
        )
    vectors = np.ascontiguousarray(np.atleast_2d(values), dtype=np.float32)
    if len(vectors) > MAX_ROWS:
        raise TooLarge(
            "{where!r} has {count} vectors; an embedding has at most {limit}. It may be a whole vocabulary.",
            count=len(vectors),
            limit=MAX_ROWS,
            remedy=gettext_noop("Export one token and its vectors."),
            where=tensor.name,
        )
    name = name or encoder_names.BY_WIDTH.get(vectors.shape[1], PLAIN)
    return Encoder(name=name, vectors=vectors, dtype=tensor.dtype)


_ENCODER_OUTPUT = gettext_noop(
    "The file holds what a text encoder gives out for a whole prompt (77 positions), not the vectors of a word; "
    "no tool loads it as an embedding."
)


def _together(tensors: dict[str, Tensor], names: tuple[str, ...]) -> tuple[Encoder, ...]:
    """The encoders in order. Raises ``BadValues`` where they have unlike counts of vectors."""
    encoders = tuple(encoder(name, tensors[name]) for name in names)
    counts = [one.shape[0] for one in encoders]
    if len(set(counts)) > 1:
        raise BadValues(
            "The text encoders have {counts} vectors; they must have as many.",
            counts=joined(AND, dict.fromkeys(counts)),
            remedy=gettext_noop("Export them again from the same training step."),
            where=", ".join(tensors[name].name for name in names),
        )
    return encoders


def _bare(view: TensorRef, records: dict[str, bytes]) -> Found:
    """One tensor without a name, as training code of DeepFloyd IF leaves it."""
    if len(view.shape) == 3 and view.shape[1] == 77:
        raise NotAnEmbedding(_ENCODER_OUTPUT, where=_PICKLE)
    (tensor,) = torch_object.tensors({"tensor": view}, records)
    return Found(layout="raw", encoders=(encoder("", tensor),), warnings=(Sentence(_NAMELESS),))


def _trace(values: Sequence[Any], records: dict[str, bytes]) -> Found:
    """The steps of a training that kept each; the last is what it arrived at."""
    wanted = ("emb", "emb2")
    if not values or not all(
        isinstance(step, dict)
        and set(step) == set(wanted)
        and all(isinstance(view, TensorRef) for view in step.values())
        for step in values
    ):
        raise UnknownLayout(
            "The file holds a list of {count} things.",
            count=len(values),
            remedy=gettext_noop("Export the last step of the training alone, as {token: vectors}."),
            where=_PICKLE,
        )
    (found,) = from_tensors(torch_object.tensors(values[-1], records))
    return replace(found, warnings=(Sentence(_STEPS, count=len(values)),))


def _parameters(parameters: Any) -> dict[str, TensorRef]:
    """What ``string_to_param`` holds, checked."""
    if not isinstance(parameters, dict) or not all(
        type(key) is str and isinstance(item, TensorRef) for key, item in parameters.items()
    ):
        raise UnknownLayout("string_to_param is no dictionary of tokens and vectors.", where="string_to_param")
    _check_names(parameters)
    if not parameters:
        raise BadValues(
            "string_to_param is empty: the file holds no vectors.",
            remedy=gettext_noop("Export it again with the tool that made it."),
            where="string_to_param",
        )
    return parameters


def _check_names(names: dict[Any, Any]) -> None:
    if any(len(name) > MAX_NAME_CHARACTERS for name in names):
        raise TooLarge(
            "The file names something with more than {limit} characters.",
            limit=MAX_NAME_CHARACTERS,
            remedy=gettext_noop("Export it again under a shorter name."),
            where=listed(name for name in names if len(name) > MAX_NAME_CHARACTERS),
        )
