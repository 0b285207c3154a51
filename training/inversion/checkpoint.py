"""The engine's file: canonical safetensors, written atomically, and read back the way everybody reads it."""

from __future__ import annotations

import copy
import os
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from safetensors import safe_open
from safetensors.numpy import save
from torch import Tensor

from training.inversion.models import BaseModel

#: The tensor's name in the file, as kohya and most tools know it.
KEY = "emb_params"


def to_bytes(vectors: np.ndarray, metadata: dict[str, str]) -> bytes:
    """Canonical safetensors of vectors float32 [n, d]."""
    return save({KEY: np.ascontiguousarray(vectors, dtype=np.float32)}, metadata=metadata)


def save_embedding(path: Path, vectors: np.ndarray, metadata: dict[str, str]) -> None:
    """Write the file under another name and move it into place, so that a crash leaves no half file."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(to_bytes(vectors, metadata))
    os.replace(temporary, path)


def load_embedding(path: Path) -> tuple[np.ndarray, dict[str, str]]:
    """Read vectors float32 [n, d] and metadata back."""
    with safe_open(path, framework="numpy") as file:
        return file.get_tensor(KEY), file.metadata() or {}


@torch.no_grad()
def states_through_public_loader(base: BaseModel, path: Path, token: str, prompts: list[str]) -> Tensor:
    """Text states [B, L, d] of prompts as diffusers' own ``load_textual_inversion`` makes them from the file.

    What a preview shows is then what a stranger gets from the download. Text encoder and tokenizer are copies, since
    the loader adds words to them.
    """
    shared = base.pipeline
    text_encoder = copy.deepcopy(shared.text_encoder)
    text_encoder.set_input_embeddings(text_encoder.get_input_embeddings().table)
    pipeline = StableDiffusionPipeline(
        vae=shared.vae,
        text_encoder=text_encoder,
        tokenizer=copy.deepcopy(shared.tokenizer),
        unet=shared.unet,
        scheduler=shared.scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.load_textual_inversion(str(path), token=token)
    states, _ = pipeline.encode_prompt(prompts, base.device, 1, False)
    return states
