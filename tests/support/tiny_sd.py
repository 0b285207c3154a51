"""Tiny Stable-Diffusion-shaped models with random weights, in the standard diffusers folder layout."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from training.inversion.quiet import quiet_libraries
from training.pocket.tokenizer import MAX_TOKENS, make_tokenizer

#: Input vectors of the family "pocket", the smallest that the engine takes.
WIDTH = 128
#: Latents of one side; the autoencoder halves once, so pictures have twice as many pixels.
LATENTS = 8
#: Numbers of the pooled text of the tiny XL model.
POOLED = 32
#: The end token's id in the configuration published with Stable Diffusion 1.x, which is not the tokenizer's.
LEGACY_END = 2


def make_tiny_sd(
    folder: Path,
    *,
    prediction_type: str = "epsilon",
    legacy_end: bool = False,
    width: int = WIDTH,
    attended: int | None = None,
    unet_channels: int = 4,
    latents: int | list[int] = LATENTS,
    seed: int = 0,
) -> Path:
    """Write a model; ``attended`` is the UNet's cross-attention width where it differs from the text encoder's."""
    torch.manual_seed(seed)
    tokenizer = make_tokenizer(folder / "words")
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=64,
            projection_dim=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=LEGACY_END if legacy_end else tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    unet = UNet2DConditionModel(
        sample_size=latents,
        in_channels=unet_channels,
        out_channels=4,
        block_out_channels=(16, 32),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        cross_attention_dim=attended or width,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    )
    vae = _autoencoder()
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler(prediction_type=prediction_type, steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    with quiet_libraries():
        pipeline.save_pretrained(folder)
    return folder


def make_tiny_sdxl(folder: Path, *, seed: int = 0) -> Path:
    """Write a model of the structure of Stable Diffusion XL: two text encoders of the true widths, pooled states, time ids."""
    torch.manual_seed(seed)
    tokenizer, second = make_tokenizer(folder / "words"), make_tokenizer(folder / "words")
    second.pad_token = "!"  # as the published one has it
    encoders = []
    for width, kind in ((768, CLIPTextModel), (1280, CLIPTextModelWithProjection)):
        config = CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=64,
            projection_dim=POOLED,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        encoders.append(kind(config))
    unet = UNet2DConditionModel(
        sample_size=LATENTS,
        block_out_channels=(16, 32),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=(2, 4),
        cross_attention_dim=2048,
        use_linear_projection=True,
        transformer_layers_per_block=(1, 2),
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=POOLED + 6 * 8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    pipeline = StableDiffusionXLPipeline(
        vae=_autoencoder(),
        text_encoder=encoders[0],
        text_encoder_2=encoders[1],
        tokenizer=tokenizer,
        tokenizer_2=second,
        unet=unet,
        scheduler=EulerDiscreteScheduler(
            beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, steps_offset=1
        ),
        force_zeros_for_empty_prompt=True,
    )
    with quiet_libraries():
        pipeline.save_pretrained(folder)
    return folder


def _autoencoder() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
        latent_channels=4,
        scaling_factor=0.5,
    )
