"""Models of the shapes that people use, with random weights: they learn nothing, and cost as much as the real ones."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from training.inversion.device import model_dtype, pick_device
from training.inversion.models import WITHOUT_CHECKER, BaseModel, from_pipeline
from training.inversion.quiet import quiet_libraries

with quiet_libraries():
    from diffusers import (
        AutoencoderKL,
        DDIMScheduler,
        DiffusionPipeline,
        StableDiffusionPipeline,
        StableDiffusionXLPipeline,
        UNet2DConditionModel,
    )

#: Words and marks of CLIP's vocabulary, which the classic loop trains and restores as a whole.
VOCABULARY = 49_408
_SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "steps_offset": 1,
}


def make_shape(name: str, *, device: str | None = None) -> BaseModel:
    """A model in the precision of its device: ``sd15``, ``sdxl``, or ``mid``, a smaller UNet with the autoencoder of the first."""
    place = pick_device(device)
    torch.manual_seed(0)
    with quiet_libraries():
        pipeline = (_xl() if name == "sdxl" else _plain(mid=name == "mid")).to(place, model_dtype(place))
    return from_pipeline(pipeline, f"{name} shape", f"random:{name}", place)


def _plain(*, mid: bool) -> DiffusionPipeline:
    unet = UNet2DConditionModel(
        sample_size=32 if mid else 64,
        cross_attention_dim=768,
        block_out_channels=(192, 384, 640, 640) if mid else (320, 640, 1280, 1280),
        attention_head_dim=8,
        layers_per_block=1 if mid else 2,
    )
    return StableDiffusionPipeline(
        vae=_autoencoder(0.18215),
        text_encoder=CLIPTextModel(_text(768, 12, 12, 3072)),
        tokenizer=_tokenizer(),
        unet=unet,
        scheduler=DDIMScheduler(**_SCHEDULE),
        **WITHOUT_CHECKER,
    )


def _xl() -> DiffusionPipeline:
    unet = UNet2DConditionModel(
        sample_size=128,
        cross_attention_dim=2048,
        block_out_channels=(320, 640, 1280),
        attention_head_dim=(5, 10, 20),
        transformer_layers_per_block=(1, 2, 10),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    )
    return StableDiffusionXLPipeline(
        vae=_autoencoder(0.13025),
        text_encoder=CLIPTextModel(_text(768, 12, 12, 3072)),
        text_encoder_2=CLIPTextModelWithProjection(_text(1280, 32, 20, 5120)),
        tokenizer=_tokenizer(),
        tokenizer_2=_tokenizer(),
        unet=unet,
        scheduler=DDIMScheduler(**_SCHEDULE),
    )


def _autoencoder(scale: float) -> AutoencoderKL:
    channels = (128, 256, 512, 512)
    return AutoencoderKL(
        block_out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * len(channels),
        up_block_types=("UpDecoderBlock2D",) * len(channels),
        layers_per_block=2,
        latent_channels=4,
        scaling_factor=scale,
    )


def _text(width: int, layers: int, heads: int, between: int) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=between,
        projection_dim=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        bos_token_id=VOCABULARY - 2,
        eos_token_id=VOCABULARY - 1,
        pad_token_id=VOCABULARY - 1,
    )


def _tokenizer() -> CLIPTokenizer:
    """Letters and as many words without meaning as CLIP's vocabulary has, so that tables have their true size."""
    begin, end = "<|startoftext|>", "<|endoftext|>"
    letters = [*map(chr, range(33, 127))]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    tokens += [f"filler{number}</w>" for number in range(VOCABULARY - len(tokens) - 2)]
    vocabulary = {token: number for number, token in enumerate([*tokens, begin, end])}
    tokenizer = CLIPTokenizer(
        vocab=vocabulary, merges=[], model_max_length=77, unk_token=end, bos_token=begin, eos_token=end, pad_token=end
    )
    with tempfile.TemporaryDirectory() as folder:  # as one that was loaded
        tokenizer.save_pretrained(folder)
        return CLIPTokenizer.from_pretrained(Path(folder))
