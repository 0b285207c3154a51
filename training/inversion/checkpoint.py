"""The engine's file: canonical safetensors, written atomically, and read back the way everybody reads it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from training.inversion.config import InversionConfig
from training.inversion.errors import BadEmbedding
from training.inversion.models import WITHOUT_CHECKER, BaseModel
from training.inversion.quiet import quiet_libraries

#: The tensor's name in the file, as kohya and most tools know it.
KEY = "emb_params"
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
    """Canonical safetensors of vectors float32 [n, d].

    Written here because the safetensors library puts metadata in an order that changes from run to run.
    """
    numbers = np.ascontiguousarray(vectors, dtype="<f4")
    entry = {"dtype": "F32", "shape": list(numbers.shape), "data_offsets": [0, numbers.nbytes]}
    header = json.dumps({"__metadata__": dict(sorted(metadata.items())), KEY: entry}).encode()
    header += b" " * (-len(header) % _ALIGNMENT)
    return len(header).to_bytes(8, "little") + header + numbers.tobytes()


def save_embedding(path: Path, vectors: np.ndarray, metadata: dict[str, str]) -> None:
    """Write the file under another name and move it into place, so that a crash leaves no half file."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_bytes(to_bytes(vectors, metadata))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_embedding(path: Path) -> tuple[np.ndarray, dict[str, str]]:
    """Read vectors float32 [n, d] and metadata of a file with one tensor, whatever its name.

    Raises :class:`BadEmbedding`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            vectors = [file.get_tensor(name).float() for name in file.keys()]  # noqa: SIM118 - no mapping
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise BadEmbedding(f"{path.name} could not be read as a safetensors file: {error}.") from error
    if len(vectors) != 1 or vectors[0].ndim not in (1, 2):
        raise BadEmbedding(
            f"{path.name} does not hold one embedding: give a file with a single tensor [vectors, width]."
        )
    return np.atleast_2d(vectors[0].numpy()), metadata


@torch.no_grad()
def states_through_public_loader(base: BaseModel, path: Path, token: str, prompts: list[str]) -> Tensor:
    """Text states [B, L, d] of prompts as diffusers' own ``load_textual_inversion`` makes them from the file.

    What a preview shows is then what a stranger gets from the download. Text encoder and tokenizer are copies, since
    the loader adds words to them. Raises :class:`BadEmbedding` for vectors of another width.
    """
    width = load_embedding(path)[0].shape[1]
    if width != base.width:
        raise BadEmbedding(
            f"{path.name} has vectors of width {width} and {base.name} takes {base.width}: "
            "use the family of base models that it was trained on."
        )
    shared = base.pipeline
    text_encoder = copy.deepcopy(shared.text_encoder)
    text_encoder.set_input_embeddings(text_encoder.get_input_embeddings().table)
    with quiet_libraries():
        pipeline = type(shared)(
            vae=shared.vae,
            text_encoder=text_encoder,
            tokenizer=copy.deepcopy(shared.tokenizer),
            unet=shared.unet,
            scheduler=shared.scheduler,
            **WITHOUT_CHECKER,
        )
        pipeline.load_textual_inversion(str(path), token=token)
        states, _ = pipeline.encode_prompt(prompts, base.device, 1, False)
    return states
