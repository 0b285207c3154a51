"""Writing embeddings for the tools that read them. The same vectors and names always give the same bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from registry.formats import pickle_writer, safetensors, torch_zip
from registry.formats.layouts import check_token
from registry.formats.types import Encoder

#: No registered type exists for any of the formats; this one makes browsers save the file.
MEDIA_TYPE = "application/octet-stream"
#: Names of the files that diffusers' training scripts write, for the first and second text encoder.
_LEARNED = ("learned_embeds", "learned_embeds_2")
#: The id of ``*`` in CLIP's vocabulary, which AUTOMATIC1111 writes beside the token.
_STAR_ID = 265
#: Characters of a file name without its extension.
_MAX_STEM_CHARACTERS = 100


class Target(StrEnum):
    """What an embedding can be written as."""

    SAFETENSORS = "safetensors"
    DIFFUSERS = "diffusers"
    DIFFUSERS_BIN = "diffusers-bin"
    A1111 = "a1111"

    @property
    def label(self) -> str:
        """The format's name for people."""
        return _TEXTS[self][0]

    @property
    def read_by(self) -> str:
        """The tools that read it, for people."""
        return _TEXTS[self][1]


_TEXTS = {
    Target.SAFETENSORS: (
        "Safetensors",
        "AUTOMATIC1111, Forge, ComfyUI, InvokeAI, SD.Next, kohya sd-scripts, stable-diffusion.cpp; diffusers with token=",
    ),
    Target.DIFFUSERS: (
        "diffusers (safetensors)",
        "diffusers, AUTOMATIC1111, Forge, ComfyUI; the token travels in the file",
    ),
    Target.DIFFUSERS_BIN: ("diffusers (.bin)", "older versions of diffusers, AUTOMATIC1111, Forge, ComfyUI"),
    Target.A1111: (
        "AUTOMATIC1111 (.pt)",
        "AUTOMATIC1111, Forge, ComfyUI, InvokeAI and diffusers, old versions too",
    ),
}

#: What a tool's name on the command line means.
CLIENTS: dict[str, Target] = {
    **{target.value: target for target in Target},
    "forge": Target.SAFETENSORS,
    "comfyui": Target.SAFETENSORS,
    "invokeai": Target.SAFETENSORS,
    "kohya": Target.SAFETENSORS,
    "sdnext": Target.SAFETENSORS,
    "sd.cpp": Target.SAFETENSORS,
}


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file to hand out."""

    filename: str
    data: bytes
    media_type: str = MEDIA_TYPE


def canonical(encoders: Sequence[Encoder], metadata: dict[str, str] | None = None) -> bytes:
    """Safetensors of ``emb_params`` [n, d], or of ``clip_l`` [n, 768] and ``clip_g`` [n, 1280], in float32."""
    return safetensors.write({encoder.name: encoder.vectors for encoder in encoders}, metadata)


def write(
    target: Target,
    encoders: Sequence[Encoder],
    *,
    token: str,
    name: str,
    metadata: dict[str, str] | None = None,
) -> list[WrittenFile]:
    """Return the files of an embedding for ``target``: two where diffusers keeps SDXL's text encoders apart.

    ``encoders`` are those of an :class:`Inspection`. ``token`` goes into diffusers' files and ``name`` into
    AUTOMATIC1111's; ``metadata`` only into safetensors. Raises ``BadToken``.
    """
    match target:
        case Target.SAFETENSORS:
            return [WrittenFile(f"{stem(name)}.safetensors", canonical(encoders, metadata))]
        case Target.DIFFUSERS:
            word, about = check_token(token), {"format": "pt", **(metadata or {})}
            return [
                WrittenFile(f"{learned}.safetensors", safetensors.write({word: encoder.vectors}, about))
                for learned, encoder in zip(_LEARNED, encoders, strict=False)
            ]
        case Target.DIFFUSERS_BIN:
            word = check_token(token)
            return [
                WrittenFile(f"{learned}.bin", _torch({word: encoder.vectors}))
                for learned, encoder in zip(_LEARNED, encoders, strict=False)
            ]
        case Target.A1111:
            return [WrittenFile(f"{stem(name)}.pt", _a1111(encoders, name))]


def stem(name: str) -> str:
    """A file name without extension that every system and prompt box takes."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:_MAX_STEM_CHARACTERS].rstrip("-.") or "embedding"


def _a1111(encoders: Sequence[Encoder], name: str) -> bytes:
    """AUTOMATIC1111's dictionary; for SDXL it has none of its own and reads the two tensors by name."""
    if len(encoders) > 1:
        return _torch({encoder.name: encoder.vectors for encoder in encoders})
    vectors = encoders[0].vectors
    value: pickle_writer.Value = {
        "string_to_token": {"*": _STAR_ID},
        "string_to_param": {"*": pickle_writer.Float32("0", vectors.shape)},
        "name": name,
        "step": None,
        "sd_checkpoint": None,
        "sd_checkpoint_name": None,
    }
    return _archive(value, [vectors])


def _torch(tensors: dict[str, np.ndarray]) -> bytes:
    """A torch file of a plain dictionary."""
    value: pickle_writer.Value = {
        name: pickle_writer.Float32(str(index), vectors.shape)
        for index, (name, vectors) in enumerate(tensors.items())
    }
    return _archive(value, list(tensors.values()))


def _archive(value: pickle_writer.Value, arrays: list[np.ndarray]) -> bytes:
    records = {"data.pkl": pickle_writer.dumps(value)}
    for index, array in enumerate(arrays):
        records[f"data/{index}"] = np.ascontiguousarray(array, dtype="<f4").tobytes()
    records["version"] = b"3\n"
    return torch_zip.write(records)
