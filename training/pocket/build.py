"""The whole build: autoencoder, text encoder, denoiser, published folder. Every stage goes on from where it was stopped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline

from training.inversion.encoders import SplicedEmbedding
from training.pocket.stages import Stage
from training.pocket.text import train_text
from training.pocket.tokenizer import make_tokenizer
from training.pocket.unet import SCHEDULE, latent_scale, train_unet
from training.pocket.vae import train_vae

#: All safetensors together stay below this, so that the repository stays light.
MAX_BYTES = 12_000_000


def build(work: Path, out: Path, *, vae_minutes: float, text_minutes: float, unet_minutes: float) -> None:
    """Run or resume all stages, with checkpoints under ``work``, and write the pipeline to ``out``.

    Giving a stage more minutes than it has had lets it train on, on a longer schedule.
    """
    work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    vae = train_vae(Stage("vae", work, vae_minutes))
    tokenizer = make_tokenizer(work / "tokenizer")
    text_encoder, maker = train_text(Stage("text", work, text_minutes), tokenizer)
    stage = Stage("unet", work, unet_minutes)
    unet, text_encoder = train_unet(stage, vae, text_encoder, maker, tokenizer)
    vae.register_to_config(scaling_factor=round(latent_scale(vae), 5))
    wrapped = text_encoder.get_input_embeddings()
    if isinstance(wrapped, SplicedEmbedding):
        text_encoder.set_input_embeddings(wrapped.table)
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler(set_alpha_to_one=True, **SCHEDULE),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    publish(pipeline, out, work / "tokenizer")


def publish(pipeline: StableDiffusionPipeline, out: Path, tokenizer: Path) -> None:
    """Write a pipeline as fp16 safetensors with the tokenizer's older files beside; refuse one that is too large."""
    temporary = out.with_name(out.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    pipeline.to(torch.float16).save_pretrained(temporary, safe_serialization=True)
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(tokenizer / name, temporary / "tokenizer" / name)
    # transformers loads in the dtype that the config names, diffusers in float32: they have to agree.
    config = temporary / "text_encoder" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"dtype": "float32"}, indent=2) + "\n")
    size = sum(file.stat().st_size for file in temporary.rglob("*.safetensors"))
    if size > MAX_BYTES:
        raise ValueError(f"The model is {size} bytes; it may have at most {MAX_BYTES}.")
    shutil.rmtree(out, ignore_errors=True)
    temporary.rename(out)
    print(json.dumps({"stage": "publish", "folder": str(out), "bytes": size}))
