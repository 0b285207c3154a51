"""What other tools take for an embedding, restated from their loaders: which file, under which word, which vectors.

Each rule gets a file's name, its bytes and the model that is in use, and returns what the tool learns or raises
``Refused`` where the tool ignores the file, warns of it or fails. None of the code under test is used.
"""

from __future__ import annotations

import io
import json
import os
import pickletools
import re
import zipfile
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import pytest

#: The text encoders of each model, by ComfyUI's names, and the widths of their words.
MODELS = {
    "sd1": {"clip_l": 768},
    "sd2": {"clip_h": 1024},
    "sdxl": {"clip_l": 768, "clip_g": 1280},
    "sd3": {"clip_l": 768, "clip_g": 1280, "t5xxl": 4096},
    "flux": {"clip_l": 768, "t5xxl": 4096},
    "hidream": {"clip_l": 768, "clip_g": 1280, "t5xxl": 4096, "llama": 4096},
    "hunyuan-video": {"clip_l": 768, "llama": 4096},
    "pixart": {"t5xxl": 4096},
    "sana": {"gemma2_2b": 2304},
    "cascade": {"clip_g": 1280},
    "anima": {"qwen3_06b": 1024},
}
#: What A1111 lets a pickle mention, and the records of a torch zip that it knows: since 1.10, and before.
A1111_GLOBALS = {
    "collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_device_tensor_from_numpy", "torch.nn.modules.container ParameterDict", "torch float32",
    "numpy.core.multiarray scalar", "numpy.core.multiarray _reconstruct", "numpy dtype", "numpy ndarray",
    "_codecs encode", "__builtin__ set",
    *(f"torch {kind}Storage" for kind in ("Float", "Half", "Int", "Long", "Double", "Byte", "BFloat16")),
}  # fmt: skip
A1111_RECORDS = re.compile(r"([^/]+)/((data/\d+)|version|byteorder|.data/serialization_id|(data\.pkl))")
A1111_OLD_RECORDS = re.compile(r"([^/]+)/((data/\d+)|version|(data\.pkl))")


class Refused(Exception):
    """The tool does not take the file."""


@dataclass(frozen=True)
class Loaded:
    """What a tool learns."""

    trigger: str  #: to be written into a prompt
    vectors: dict[str, np.ndarray]  #: by text encoder, as many rows as the tool makes tokens


def a1111(name, data, model, *, records=A1111_RECORDS):
    """AUTOMATIC1111 1.10 and Forge: ``load_from_file`` and ``create_embedding_from_data``; the word is the file's name."""
    stem, end = os.path.splitext(name)
    if end.upper() in (".PT", ".BIN"):
        _safe_for_a1111(data, records)
        state = _pickled(data)
    elif end.upper() == ".SAFETENSORS":
        state = _safetensors(data)
    else:
        raise Refused(end)
    if "string_to_param" in state:
        parts = {"": _only(state["string_to_param"])}
    elif type(state) is dict and {"clip_l", "clip_g"} <= set(state):
        if not all(isinstance(value, np.ndarray) for value in state.values()):
            raise Refused("something beside the tensors")
        parts = {"clip_l": state["clip_l"], "clip_g": state["clip_g"]}
    elif type(state) is dict and state and isinstance(next(iter(state.values())), np.ndarray):
        parts = {"": np.atleast_2d(_only(state))}
    else:
        raise Refused("neither textual inversion concept nor diffuser concept")
    if sum(part.shape[-1] for part in parts.values()) != sum(MODELS[model].values()):
        raise Refused("skipped: for another model")
    return Loaded(stem, dict(zip(MODELS[model], parts.values(), strict=True)))


def a1111_of_old(name, data, model):
    """AUTOMATIC1111 before 1.10, which knew fewer records."""
    return a1111(name, data, model, records=A1111_OLD_RECORDS)


def sdnext(name, data, model):
    """SD.Next: every tensor goes to the text encoder of its width; of a ``.pt`` only A1111's dictionary is read."""
    stem, end = os.path.splitext(name)
    if end.upper() == ".SAFETENSORS":
        values = list(_safetensors(data).values())
    elif end.upper() == ".PT":
        try:
            values = [_pickled(data)["string_to_param"]["*"]]
        except (KeyError, TypeError) as error:
            raise Refused("no string_to_param") from error
    else:
        raise Refused(end)
    by_width = {width: encoder for encoder, width in MODELS[model].items()}
    vectors = {by_width[value.shape[-1]]: value for value in values if value.shape[-1] in by_width}
    if not vectors:
        raise Refused("no text encoder has this width")
    return Loaded(stem, vectors)


def comfyui(name, data, model):
    """ComfyUI's ``load_embed``: each text encoder looks for its own key, then takes the first tensor there is."""
    stem, end = os.path.splitext(name)
    if end not in (".safetensors", ".pt", ".bin"):
        raise Refused(end)
    if re.search(r"[\s<\[,():]", stem):
        raise Refused("the word ends inside the name, or its end is taken for a weight")
    state = _safetensors(data) if end == ".safetensors" else _pickled(data)
    vectors = {}
    for key, width in MODELS[model].items():
        value = _for_comfyui(state, key, width)
        if value.shape[-1] == width:  # otherwise: "shape mismatch … will be ignored"
            vectors[key] = np.atleast_2d(value)
    if not vectors:
        raise Refused("ignored: shape mismatch")
    return Loaded(f"embedding:{stem}", vectors)


def invokeai(name, data, model):
    """InvokeAI: the base model is told by the file; the word is the file's name in angle brackets."""
    stem, end = os.path.splitext(name)
    if end in (".pt", ".bin"):
        if _globals(data) - A1111_GLOBALS:
            raise Refused("flagged by picklescan")
        state = _pickled(data)
    elif end == ".safetensors":
        state = _safetensors(data)
    else:
        raise Refused(end)
    known = {"string_to_param", "emb_params", "clip_g"} & set(state)
    if not known and not (len(state) < 10 and all(isinstance(value, np.ndarray) for value in state.values())):
        raise Refused("not a textual inversion")
    if "string_to_token" in state:
        width = next(iter(state["string_to_param"].values())).shape[-1]
    elif "emb_params" in state or "clip_g" in state:
        width = state["emb_params" if "emb_params" in state else "clip_g"].shape[-1]
    else:
        width = next(iter(state.values())).shape[0]
    if {768: "sd1", 1024: "sd2", 1280: "sdxl"}.get(width) != model:
        raise Refused("for another base model, or none that is known")
    trigger = f"<{stem}>"
    if not re.fullmatch(r"<[a-zA-Z0-9., _-]+>", trigger):
        raise Refused("a name that is no trigger")
    if model == "sdxl":
        parts = [state["clip_l"], state["clip_g"]]
    else:
        parts = [next(iter(state.get("string_to_param", state).values()))]
    return Loaded(trigger, {key: np.atleast_2d(part) for key, part in zip(MODELS[model], parts, strict=True)})


def kohya(name, data, model):
    """kohya's ``gen_img``: the first tensor, or SDXL's two; its first side is the number of tokens."""
    stem, end = os.path.splitext(name)
    state = _safetensors(data) if end == ".safetensors" else _pickled(data)
    state = state.get("string_to_param", state)
    if model == "sdxl":
        if not {"clip_l", "clip_g"} <= set(state):
            raise Refused("SDXL needs clip_l and clip_g")
        vectors = {key: state[key] for key in MODELS[model]}
    else:
        vectors = {next(iter(MODELS[model])): next(iter(state.values()))}
    counts = {len(value) for value in vectors.values()}
    widths = [value.shape[-1] for value in vectors.values()]
    if len(counts) > 1 or widths != list(MODELS[model].values()):
        raise Refused("for another model")
    return Loaded(stem, vectors)


def sdcpp(name, data, model):
    """stable-diffusion.cpp: keys are ignored, each text encoder takes the tensor of its width; words are lower-case."""
    stem, end = os.path.splitext(name)
    if end not in (".gguf", ".safetensors", ".pt", ".ckpt"):
        raise Refused(end)
    if model not in ("sd1", "sd2", "sdxl"):
        raise Refused(model)
    state = _pickled(data) if data[:2] == b"PK" else _safetensors(data)
    tensors = list(state.get("string_to_param", state).values())
    found = {
        key: next((value for value in tensors if value.shape[-1] == width), None)
        for key, width in MODELS[model].items()
    }
    if any(value is None for value in found.values()):
        raise Refused("no tensor of this width")
    return Loaded(stem.lower(), {key: np.atleast_2d(value) for key, value in found.items()})


def _only(values):
    if len(values) != 1:
        raise Refused(f"{len(values)} tensors")
    return next(iter(values.values()))


def _for_comfyui(state, key, width):
    if isinstance(state, dict) and "string_to_param" in state:
        return next(iter(state["string_to_param"].values()))
    if isinstance(state, list):
        fitting = [value for step in state for value in step.values() if value.shape[-1] == width]
        return np.concatenate([np.atleast_2d(value) for value in fitting])
    return state[key] if key in state else next(iter(state.values()))


def _safe_for_a1111(data, records):
    """A1111's own check of a torch zip, before it is unpickled for good."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        bad = [name for name in archive.namelist() if not records.fullmatch(name)]
    if bad or (strange := _globals(data) - A1111_GLOBALS):
        raise Refused(f"bad file inside {bad}" if bad else f"global {strange} is forbidden")


def _globals(data):
    """What the pickle of a torch zip mentions."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (stream,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        return {word for code, word, _ in pickletools.genops(archive.read(stream)) if code.name == "GLOBAL"}


def _pickled(data):
    """What a torch file holds, tensors as arrays. Nothing but tensors and plain values is loaded."""
    torch = pytest.importorskip("torch", reason="torch is not installed; files of torch are read with it")
    return _as_arrays(torch.load(io.BytesIO(data), weights_only=True, map_location="cpu"), torch)


def _as_arrays(value, torch):
    if isinstance(value, torch.Tensor):
        return value.detach().float().numpy()
    if isinstance(value, OrderedDict):
        return OrderedDict((name, _as_arrays(item, torch)) for name, item in value.items())
    if isinstance(value, dict):
        return {name: _as_arrays(item, torch) for name, item in value.items()}
    return [_as_arrays(item, torch) for item in value] if isinstance(value, list) else value


def _safetensors(data):
    """The tensors of a safetensors file as float32, in the order of their numbers."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    state = {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        start, stop = entry["data_offsets"]
        kind = {"F32": "<f4", "F16": "<f2"}[entry["dtype"]]
        raw = np.frombuffer(data[8 + length + start : 8 + length + stop], kind)
        state[name] = raw.reshape(entry["shape"]).astype(np.float32)
    return state
