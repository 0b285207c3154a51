"""What a training receipt names the base model by: a SHA-256 that precision and device do not change."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

#: The networks whose weights make a base model; the second text encoder is there in Stable Diffusion XL only.
PARTS = ("text_encoder", "text_encoder_2", "unet", "vae")
SECOND = "text_encoder_2"
#: Weight files as diffusers and transformers write them, whole or in shards; variants such as fp16 have other names.
_WEIGHTS = re.compile(r"(model|diffusion_pytorch_model)(-\d+-of-\d+)?\.safetensors")
#: Bytes of a weight file read at a time.
_CHUNK = 1 << 20


def of_folder(folder: Path) -> str | None:
    """SHA-256 over the stored safetensors weights of a diffusers folder, or None where a part has none."""
    digest = hashlib.sha256()
    for part in PARTS:
        if part == SECOND and not (folder / part).is_dir():
            continue
        files = sorted(file for file in (folder / part).glob("*.safetensors") if _WEIGHTS.fullmatch(file.name))
        if not files:
            return None
        for file in files:
            digest.update(f"{part}/{file.name}:{file.stat().st_size}\n".encode())
            with file.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
    return digest.hexdigest()


def of_weights(pipeline: Any) -> str:
    """SHA-256 over the loaded weights as float32: for models stored in another format. Call it before any cast."""
    digest = hashlib.sha256()
    for part in PARTS:
        if part == SECOND and not hasattr(pipeline, part):
            continue
        for name, value in sorted(getattr(pipeline, part).state_dict().items()):
            digest.update(f"{part}/{name}:{tuple(value.shape)}\n".encode())
            digest.update(value.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()
