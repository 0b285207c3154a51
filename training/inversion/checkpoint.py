"""The engine's file: canonical safetensors, written atomically, and read back the way everybody reads it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from training.inversion.config import InversionConfig
from training.inversion.encoders import Conditioning
from training.inversion.errors import BadEmbedding
from training.inversion.files import write_whole
from training.inversion.models import BaseModel
from training.inversion.quiet import quiet_libraries

#: The tensor's name in the file, as kohya and most tools know it.
KEY = "emb_params"
#: Names and widths of the two tensors of Stable Diffusion XL, in the order of its text encoders.
XL_PARTS = (("clip_l", 768), ("clip_g", 1280))
#: Bytes that the header's end is padded to, so that the numbers can be read in place.
_ALIGNMENT = 8


def metadata_for(config: InversionConfig, base: BaseModel, images: int) -> dict[str, str]:
    """What the file says of itself: texts only, no time and no path, so that the same run gives the same bytes."""
    return {
        "token": config.placeholder_token,
        "kind": config.kind,
        "initialiser": config.initialiser,
        "vectors": str(config.vectors),
        "steps": str(config.steps),
        "seed": str(config.seed),
        "images": str(images),
        "base": base.name,
        "base_family": base.family,
        "base_fingerprint": base.fingerprint,
    }


def to_bytes(vectors: np.ndarray, metadata: dict[str, str]) -> bytes:
    """Canonical safetensors of vectors float32 [n, d]: one tensor, or two for Stable Diffusion XL.

    Written here because the safetensors library puts metadata in an order that changes from run to run.
    """
    width = vectors.shape[1]
    names = XL_PARTS if width == sum(part for _, part in XL_PARTS) else ((KEY, width),)
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    body, first = b"", 0
    for name, width in names:
        part = np.ascontiguousarray(vectors[:, first : first + width], dtype="<f4")
        first += width
        header[name] = {
            "dtype": "F32",
            "shape": list(part.shape),
            "data_offsets": [len(body), len(body) + part.nbytes],
        }
        body += part.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return len(text).to_bytes(8, "little") + text + body


def save_embedding(path: Path, vectors: np.ndarray, metadata: dict[str, str]) -> None:
    """Write a file of vectors float32 [n, d], whole or not at all."""
    write_whole(path, to_bytes(vectors, metadata))


def load_embedding(path: Path) -> tuple[np.ndarray, dict[str, str]]:
    """Read vectors float32 [n, d] and metadata of a file with one tensor, whatever its name, or with the two of XL.

    Raises :class:`BadEmbedding`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - no mapping
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise BadEmbedding(
            f"{path.name} could not be read as a safetensors file: {str(error).rstrip('.')}. Give one in that format."
        ) from error
    xl = [name for name, _ in XL_PARTS]
    parts = [tensors[name] for name in xl] if set(tensors) == set(xl) else list(tensors.values())
    shapes = {part.shape[:-1] for part in parts}
    if (len(parts) != 1 and set(tensors) != set(xl)) or len(shapes) > 1 or parts[0].ndim not in (1, 2):
        raise BadEmbedding(
            f"{path.name} does not hold one embedding: give a file with a single tensor [vectors, width], "
            f"or with {' and '.join(xl)} for Stable Diffusion XL."
        )
    vectors = np.atleast_2d(torch.cat(parts, dim=-1).numpy())
    norms = np.linalg.norm(vectors, axis=1)
    if not len(norms) or not (np.isfinite(norms) & (norms > 0)).all():
        raise BadEmbedding(
            f"{path.name} has no vectors, or some that are zero or no numbers, and draws nothing: give another file."
        )
    return vectors, metadata


@torch.no_grad()
def through_public_loader(base: BaseModel, path: Path, token: str, prompts: list[str]) -> Conditioning:
    """What the UNet is told of prompts when diffusers' own ``load_textual_inversion`` has read the file.

    What a preview shows is then what a stranger gets from the download. Text encoders and tokenizers are copies, since
    the loader adds words to them. Raises :class:`BadEmbedding` for vectors of another width.
    """
    vectors = torch.from_numpy(load_embedding(path)[0])
    if vectors.shape[1] != base.width:
        raise BadEmbedding(
            f"{path.name} has vectors of width {vectors.shape[1]} and {base.name} takes {base.width}: "
            "use the family of base models that it was trained on."
        )
    pipeline = copy.copy(base.pipeline)
    copies = []
    for encoder in base.encoders:
        model = copy.deepcopy(encoder.model)
        model.set_input_embeddings(model.get_input_embeddings().table)
        copies.append((copy.deepcopy(encoder.tokenizer), model))
    with quiet_libraries():
        if len(copies) == 1:
            [(pipeline.tokenizer, pipeline.text_encoder)] = copies
            pipeline.load_textual_inversion(str(path), token=token)
            return Conditioning(pipeline.encode_prompt(prompts, base.device, 1, False)[0])
        (pipeline.tokenizer, pipeline.text_encoder), (pipeline.tokenizer_2, pipeline.text_encoder_2) = copies
        with safe_open(path, framework="pt") as file:
            for (name, _), (tokenizer, model) in zip(XL_PARTS, copies, strict=True):
                state = {token: file.get_tensor(name)}
                pipeline.load_textual_inversion(state, token=token, text_encoder=model, tokenizer=tokenizer)
        states, _, pooled, _ = pipeline.encode_prompt(
            prompts, device=base.device, num_images_per_prompt=1, do_classifier_free_guidance=False
        )
        return Conditioning(states, pooled)
