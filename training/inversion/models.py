"""The frozen base model: loaded once, shared by every job that trains on it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from training.inversion.device import model_dtype, pick_device
from training.inversion.errors import BaseUnavailable
from training.inversion.tokens import SplicedEmbedding, splice_into

#: Text encoder widths to model families.
FAMILY_OF_WIDTH = {768: "sd1", 1024: "sd2", 128: "pocket"}
#: The built-in base model's name wherever a folder or hub name may stand.
BUILT_IN = "pocket"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseModel:
    """A loaded base model whose weights never change."""

    name: str
    family: str
    pipeline: StableDiffusionPipeline
    splice: SplicedEmbedding  #: wraps the text encoder's token embedding
    device: torch.device
    resolution: int  #: pixels of one side of a picture
    median_norm: float  #: median Euclidean norm of the vocabulary's input vectors
    alphas_cumprod: Tensor  #: float32 [T]: the noise schedule
    prediction_type: str  #: ``epsilon`` or ``v_prediction``

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of the text encoder."""
        return self.pipeline.tokenizer

    @property
    def width(self) -> int:
        """Numbers in an input vector."""
        return int(self.splice.weight.shape[1])

    def fingerprint(self) -> str:
        """SHA-256 over all weights: what a training receipt names the base model by."""
        digest = hashlib.sha256()
        for part in (self.pipeline.text_encoder, self.pipeline.unet, self.pipeline.vae):
            for name, value in sorted(part.state_dict().items()):
                digest.update(name.encode())
                digest.update(value.detach().float().cpu().numpy().tobytes())
        return digest.hexdigest()


def resolve(name: str) -> str:
    """The folder of the built-in model for its name; any other name unchanged."""
    if name == BUILT_IN:
        from training.pocket.info import WEIGHTS

        return str(WEIGHTS)
    return name


def load_base(name: str, *, device: str | None = None) -> BaseModel:
    """Load a diffusers folder or hub name with all weights frozen.

    Raises :class:`BaseUnavailable` when it cannot be read or is of a family that the engine does not train.
    """
    place = pick_device(device)
    try:
        pipeline = StableDiffusionPipeline.from_pretrained(
            resolve(name), safety_checker=None, requires_safety_checker=False, dtype=model_dtype(place)
        )
    except Exception as error:  # the libraries raise many kinds; the person needs one sentence
        raise BaseUnavailable(
            f"The base model {Path(name).name} could not be loaded: {type(error).__name__}. "
            "Check that the folder or hub name holds a Stable Diffusion 1.x or 2.x model in the diffusers layout."
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    width = pipeline.text_encoder.get_input_embeddings().weight.shape[1]
    if width not in FAMILY_OF_WIDTH:
        raise BaseUnavailable(
            f"{Path(name).name} has input vectors of width {width}; the engine trains widths "
            f"{', '.join(map(str, sorted(FAMILY_OF_WIDTH)))} (pocket, Stable Diffusion 1.x and 2.x)."
        )
    pipeline.to(place)
    for part in (pipeline.text_encoder, pipeline.unet, pipeline.vae):
        part.requires_grad_(False).eval()
    table = pipeline.text_encoder.get_input_embeddings().weight
    scale = 2 ** (len(pipeline.vae.config.block_out_channels) - 1)
    return BaseModel(
        name=name,
        family=FAMILY_OF_WIDTH[width],
        pipeline=pipeline,
        splice=splice_into(pipeline.text_encoder),
        device=place,
        resolution=int(pipeline.unet.config.sample_size * scale),
        median_norm=float(table.float().norm(dim=-1).median()),
        alphas_cumprod=pipeline.scheduler.alphas_cumprod.float().to(place),
        prediction_type=pipeline.scheduler.config.prediction_type,
    )


def nearest_words(base: BaseModel, vectors: Tensor, count: int = 5) -> list[list[str]]:
    """The vocabulary's words whose input vectors point most nearly the same way, for each vector [n, d]."""
    table = torch.nn.functional.normalize(base.splice.weight.float(), dim=-1)
    cosine = torch.nn.functional.normalize(vectors.float(), dim=-1) @ table.T
    return [
        [base.tokenizer.convert_ids_to_tokens(int(index)).removesuffix("</w>") for index in line]
        for line in cosine.topk(count, dim=-1).indices
    ]
