"""The frozen base model: loaded once, shared by every job that trains on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.inversion import fingerprint
from training.inversion.device import model_dtype, pick_device
from training.inversion.errors import BaseUnavailable
from training.inversion.quiet import quiet_libraries
from training.inversion.tokens import SplicedEmbedding, splice_into

with quiet_libraries():  # importing it advises to install torchvision, which the engine does not need
    from diffusers import StableDiffusionPipeline

#: Text encoder widths to model families.
FAMILY_OF_WIDTH = {768: "sd1", 1024: "sd2", 128: "pocket"}
#: What the UNet may be asked for; the loss knows no other target.
PREDICTION_TYPES = ("epsilon", "v_prediction")
#: The built-in base model's name wherever a folder or hub name may stand.
BUILT_IN = "pocket"
#: Left out of every pipeline: the engine draws only from prompts it is given, for a caller who checks the pictures.
WITHOUT_CHECKER = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseModel:
    """A loaded base model whose weights never change."""

    name: str  #: as given, but never a path of this machine: of a folder only its last part
    family: str
    fingerprint: str  #: SHA-256 over the stored weights
    pipeline: StableDiffusionPipeline
    splice: SplicedEmbedding  #: wraps the text encoder's token embedding
    device: torch.device
    latent_size: int  #: latents of one side of a picture
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
    shown = _public_name(name)
    pipeline, digest = _load(name, shown, place)
    pipeline.set_progress_bar_config(disable=True)
    for part in (pipeline.text_encoder, pipeline.unet, pipeline.vae):
        part.requires_grad_(False).eval()
    family = _check_trainable(shown, pipeline)
    splice = splice_into(pipeline.text_encoder)
    latent_size = _latent_size(pipeline.unet.config.sample_size)
    return BaseModel(
        name=shown,
        family=family,
        fingerprint=digest,
        pipeline=pipeline,
        splice=splice,
        device=place,
        latent_size=latent_size,
        resolution=latent_size * 2 ** (len(pipeline.vae.config.block_out_channels) - 1),
        median_norm=float(splice.weight.float().norm(dim=-1).median()),
        alphas_cumprod=pipeline.scheduler.alphas_cumprod.float().to(place),
        prediction_type=pipeline.scheduler.config.prediction_type,
    )


def _load(name: str, shown: str, place: torch.device) -> tuple[StableDiffusionPipeline, str]:
    """The pipeline on its device and in its precision, and its fingerprint. SDXL is refused before its weights are read."""
    where = resolve(name)
    try:
        with quiet_libraries():
            if "text_encoder_2" in StableDiffusionPipeline.load_config(where):
                raise _of_another_family(shown, "it has a second text encoder, as Stable Diffusion XL has")
            if not Path(where).is_dir():
                where = StableDiffusionPipeline.download(where, **WITHOUT_CHECKER)
            digest = fingerprint.of_folder(Path(where))
            if digest:
                pipeline = StableDiffusionPipeline.from_pretrained(where, dtype=model_dtype(place), **WITHOUT_CHECKER)
                return pipeline.to(place), digest
            pipeline = StableDiffusionPipeline.from_pretrained(where, dtype=torch.float32, **WITHOUT_CHECKER)
            digest = fingerprint.of_weights(pipeline)  # before the cast
            return pipeline.to(place, model_dtype(place)), digest
    except BaseUnavailable:
        raise
    except Exception as error:  # the libraries raise many kinds; the person needs one sentence
        raise BaseUnavailable(
            f"The base model {shown} could not be loaded: {type(error).__name__}. "
            "Check that the folder or hub name holds a Stable Diffusion 1.x or 2.x model in the diffusers layout."
        ) from error


def _check_trainable(shown: str, pipeline: StableDiffusionPipeline) -> str:
    """Return the family; raise :class:`BaseUnavailable` for a model that would train to nonsense or not at all."""
    width = pipeline.text_encoder.get_input_embeddings().weight.shape[1]
    unet, channels = pipeline.unet.config, pipeline.vae.config.latent_channels
    prediction = pipeline.scheduler.config.get("prediction_type", "epsilon")
    if width not in FAMILY_OF_WIDTH:
        raise _of_another_family(shown, f"its input vectors are {width} wide")
    if unet.cross_attention_dim != width:
        raise _of_another_family(
            shown,
            f"its UNet attends to {unet.cross_attention_dim} numbers a token and its text encoder gives {width}",
        )
    if unet.in_channels != channels:
        raise _of_another_family(
            shown,
            f"its UNet takes {unet.in_channels} channels instead of {channels}, as inpainting models do",
        )
    if prediction not in PREDICTION_TYPES or not hasattr(pipeline.scheduler, "alphas_cumprod"):
        raise _of_another_family(
            shown, f"its UNet predicts {prediction}, and the engine knows {' and '.join(PREDICTION_TYPES)}"
        )
    return FAMILY_OF_WIDTH[width]


def _of_another_family(shown: str, reason: str) -> BaseUnavailable:
    return BaseUnavailable(
        f"{shown} cannot be trained on: {reason}. "
        f"The engine trains pocket and Stable Diffusion 1.x and 2.x (widths {', '.join(map(str, sorted(FAMILY_OF_WIDTH)))})."
    )


def _public_name(name: str) -> str:
    """A hub name as given; of a folder its last part, since receipts and files are read by strangers."""
    path = Path(name)
    return path.absolute().name if path.is_absolute() or path.is_dir() else name


def _latent_size(sample_size: int | list[int] | tuple[int, ...]) -> int:
    """One side of a square of latents; of an oblong size the shorter side, which the UNet takes as well."""
    return int(sample_size if isinstance(sample_size, int) else min(sample_size))


def nearest_words(base: BaseModel, vectors: Tensor, count: int = 5) -> list[list[str]]:
    """The vocabulary's words whose input vectors point most nearly the same way, for each vector [n, d]."""
    table = torch.nn.functional.normalize(base.splice.weight.float(), dim=-1)
    cosine = torch.nn.functional.normalize(vectors.float(), dim=-1) @ table.T
    return [
        [base.tokenizer.convert_ids_to_tokens(int(index)).removesuffix("</w>") for index in line]
        for line in cosine.topk(count, dim=-1).indices
    ]
