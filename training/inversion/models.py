"""The frozen base model: loaded once, shared by every job that trains on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.inversion import fingerprint
from training.inversion.device import model_dtype, pick_device
from training.inversion.encoders import Conditioning, Encoder
from training.inversion.errors import BaseUnavailable
from training.inversion.quiet import quiet_libraries

with quiet_libraries():  # importing it advises to install torchvision, which the engine does not need
    from diffusers import DiffusionPipeline, StableDiffusionPipeline, StableDiffusionXLPipeline

#: Widths of the text encoders to model families.
FAMILIES = {(768,): "sd1", (1024,): "sd2", (768, 1280): "sdxl", (128,): "pocket"}
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
    pipeline: DiffusionPipeline
    encoders: tuple[Encoder, ...]
    device: torch.device
    latent_size: int  #: latents of one side of a picture
    resolution: int  #: pixels of one side of a picture
    alphas_cumprod: Tensor  #: float32 [T]: the noise schedule
    prediction_type: str  #: ``epsilon`` or ``v_prediction``

    @property
    def tokenizer(self) -> Any:
        """The tokenizer; where there are two they know the same words."""
        return self.encoders[0].tokenizer

    @property
    def width(self) -> int:
        """Numbers in an input vector, of all text encoders together."""
        return sum(encoder.width for encoder in self.encoders)

    @property
    def norms(self) -> tuple[tuple[int, float], ...]:
        """Width of each encoder's part of an input vector, and the median norm of its words."""
        return tuple((encoder.width, encoder.median_norm) for encoder in self.encoders)

    def denoise(self, noisy: Tensor, timesteps: Tensor, conditioning: Conditioning) -> Tensor:
        """What the UNet answers to noisy latents [B, C, h, w] at timesteps [B] or [], in float32 or better."""
        unet, more = self.pipeline.unet, {}
        if conditioning.pooled is not None:
            # Size and crop that the picture claims to have had: whole, at full resolution (Podell et al. 2023, 2.2).
            # Filled on the device, since numbers sent there would wait for it.
            place = torch.full((len(noisy), 6), self.resolution, dtype=unet.dtype, device=noisy.device)
            place[:, 2:4] = 0
            more = {"text_embeds": conditioning.pooled.to(unet.dtype), "time_ids": place}
        states = conditioning.states.to(unet.dtype)
        answer = unet(noisy.to(unet.dtype), timesteps, states, added_cond_kwargs=more).sample
        return answer.to(torch.promote_types(answer.dtype, torch.float32))


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
    return from_pipeline(pipeline, shown, digest, place)


def from_pipeline(pipeline: DiffusionPipeline, shown: str, digest: str, place: torch.device) -> BaseModel:
    """Freeze a pipeline that is on its device; raise :class:`BaseUnavailable` for one that the engine does not train."""
    pipeline.set_progress_bar_config(disable=True)
    encoders = encoders_of(pipeline)
    for part in (*(encoder.model for encoder in encoders), pipeline.unet, pipeline.vae):
        part.requires_grad_(False).eval()
    pipeline.unet.to(memory_format=torch.channels_last)  # 3 to 5 % faster on a processor; what tensor cores want
    family = _check_trainable(shown, pipeline, encoders)
    latent_size = _latent_size(pipeline.unet.config.sample_size)
    return BaseModel(
        name=shown,
        family=family,
        fingerprint=digest,
        pipeline=pipeline,
        encoders=encoders,
        device=place,
        latent_size=latent_size,
        resolution=latent_size * 2 ** (len(pipeline.vae.config.block_out_channels) - 1),
        alphas_cumprod=pipeline.scheduler.alphas_cumprod.float().to(place),
        prediction_type=pipeline.scheduler.config.prediction_type,
    )


def encoders_of(pipeline: DiffusionPipeline) -> tuple[Encoder, ...]:
    """A pipeline's text encoders, in the order in which its UNet attends to them."""
    pairs = [(pipeline.tokenizer, pipeline.text_encoder)]
    if hasattr(pipeline, "text_encoder_2"):
        pairs.append((pipeline.tokenizer_2, pipeline.text_encoder_2))
    return tuple(Encoder.of(tokenizer, model) for tokenizer, model in pairs)


def _load(name: str, shown: str, place: torch.device) -> tuple[DiffusionPipeline, str]:
    """The pipeline on its device and in its precision, and its fingerprint."""
    where = resolve(name)
    try:
        with quiet_libraries():
            is_xl = "text_encoder_2" in DiffusionPipeline.load_config(where)
            kind = StableDiffusionXLPipeline if is_xl else StableDiffusionPipeline
            without = {} if is_xl else WITHOUT_CHECKER
            if not Path(where).is_dir():
                where = kind.download(where, **without)
            digest = fingerprint.of_folder(Path(where))
            if digest:
                pipeline = kind.from_pretrained(where, dtype=model_dtype(place), **without)
                return pipeline.to(place), digest
            pipeline = kind.from_pretrained(where, dtype=torch.float32, **without)
            digest = fingerprint.of_weights(pipeline)  # before the cast
            return pipeline.to(place, model_dtype(place)), digest
    except Exception as error:  # the libraries raise many kinds; the person needs one sentence
        raise BaseUnavailable(
            f"The base model {shown} could not be loaded: {type(error).__name__}. "
            "Check that the folder or hub name holds a Stable Diffusion 1.x, 2.x or XL model in the diffusers layout."
        ) from error


def _check_trainable(shown: str, pipeline: DiffusionPipeline, encoders: Sequence[Encoder]) -> str:
    """Return the family; raise :class:`BaseUnavailable` for a model that would train to nonsense or not at all."""
    widths = tuple(encoder.width for encoder in encoders)
    unet, channels = pipeline.unet.config, pipeline.vae.config.latent_channels
    prediction = pipeline.scheduler.config.get("prediction_type", "epsilon")
    if widths not in FAMILIES:
        raise _of_another_family(shown, f"its input vectors are {' and '.join(map(str, widths))} wide")
    if unet.cross_attention_dim != sum(widths):
        raise _of_another_family(
            shown,
            f"its UNet attends to {unet.cross_attention_dim} numbers a token, and text encoders give {sum(widths)}",
        )
    if unet.in_channels != channels:
        raise _of_another_family(
            shown,
            f"its UNet takes {unet.in_channels} channels instead of {channels}, as inpainting models do",
        )
    if len({tuple(sorted(encoder.tokenizer.get_vocab().items())) for encoder in encoders}) > 1:
        raise _of_another_family(shown, "its two tokenizers know different words")
    if prediction not in PREDICTION_TYPES or not hasattr(pipeline.scheduler, "alphas_cumprod"):
        raise _of_another_family(
            shown, f"its UNet predicts {prediction}, and the engine knows {' and '.join(PREDICTION_TYPES)}"
        )
    return FAMILIES[widths]


def _of_another_family(shown: str, reason: str) -> BaseUnavailable:
    return BaseUnavailable(
        f"{shown} cannot be trained on: {reason}. "
        "The engine trains pocket and Stable Diffusion 1.x, 2.x and XL "
        f"(widths {', '.join('+'.join(map(str, widths)) for widths in sorted(FAMILIES))})."
    )


def _public_name(name: str) -> str:
    """A hub name as given; of a folder its last part, since receipts and files are read by strangers."""
    path = Path(name)
    return path.absolute().name if path.is_absolute() or path.is_dir() else name


def _latent_size(sample_size: int | list[int] | tuple[int, ...]) -> int:
    """One side of a square of latents; of an oblong size the shorter side, which the UNet takes as well."""
    return int(sample_size if isinstance(sample_size, int) else min(sample_size))
