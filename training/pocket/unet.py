"""Stage 3: the denoiser, trained on cached latents together with the text encoder."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import CLIPTextModel

from training.inversion.encoders import splice_into
from training.pocket.stages import Average, Stage, set_rate, warm_cosine
from training.pocket.text import WIDTH, Captioner, WordMaker, hold_norms, scene_numbers
from training.pocket.vae import LATENT_CHANNELS, to_tensor
from training.pocket.vocabulary import Captioned, random_scene
from training.pocket.world import draw

BATCH = 48
LEARNING_RATE = 1.5e-3
#: The encoder already knows the words; it only follows.
TEXT_LEARNING_RATE = 2e-4
#: Scenes whose latents are in memory.
POOL = 12_000
#: Scenes drawn anew every REFRESH_EVERY steps.
REFRESH, REFRESH_EVERY = 24, 8
AVERAGE_DECAY = 0.999
#: Timesteps at which outlines are decided: above, all is noise; below, the picture is there already.
DECIDING = (400, 950)

SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.0001,
    "beta_end": 0.02,
    "beta_schedule": "linear",
    "prediction_type": "v_prediction",
    "clip_sample": False,
    "steps_offset": 1,
    "timestep_spacing": "trailing",
}


def make_unet() -> UNet2DConditionModel:
    """A fresh denoiser of two resolutions (8 x 8 and 4 x 4), attending to the text at both.

    The whole text also scales and shifts every residual block, beside the timestep: a picture of one thing is told by its
    caption as a whole, and attention alone takes far longer to learn to listen.
    """
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=(64, 96),
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        attention_head_dim=2,  # the number of heads, by an old misnomer that diffusers keeps
        cross_attention_dim=WIDTH,
        norm_num_groups=8,
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
    )


class Twin:
    """A bfloat16 copy of a module to compute with; its gradients go to the float32 original, which is what learns.

    On processors with bfloat16 matrix units it takes 0.6 of the time of float32, where autocast gains nothing here.
    """

    def __init__(self, module: nn.Module) -> None:
        self.original = module
        self.copy = copy.deepcopy(module).to(torch.bfloat16)

    def pull(self) -> None:
        """Give the copy the original's weights."""
        with torch.no_grad():
            torch._foreach_copy_(list(self.copy.parameters()), list(self.original.parameters()))

    def push(self) -> None:
        """Move the copy's gradients to the original."""
        for mine, theirs in zip(self.original.parameters(), self.copy.parameters(), strict=True):
            mine.grad = theirs.grad.float() if theirs.grad is not None else None
            theirs.grad = None


def draw_timesteps() -> Tensor:
    """Timesteps [BATCH]: half of them cover all timesteps evenly, half those at which the text decides what is drawn."""
    even = (torch.arange(BATCH // 2) + torch.rand(BATCH // 2)) / (BATCH // 2)
    first, last = DECIDING
    return torch.cat([1000 * even, first + (last - first) * even[torch.randperm(BATCH // 2)]]).long()


@torch.no_grad()
def latents_of(vae: AutoencoderKL, scenes: list[Captioned]) -> Tensor:
    """Mean latents [N, LATENT_CHANNELS, 8, 8] of scenes, unscaled; their deviation is far below the noise of any timestep."""
    parts = []
    for start in range(0, len(scenes), 48):
        pictures = np.stack([draw(item.scene) for item in scenes[start : start + 48]])
        target = to_tensor(pictures).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            parts.append(vae.encode(target).latent_dist.mean.float())
    return torch.cat(parts)


def latent_scale(vae: AutoencoderKL) -> float:
    """The factor that brings latents to unit deviation, measured on fixed scenes and kept in the VAE's config."""
    rng = np.random.default_rng(3)
    return float(1 / latents_of(vae, [random_scene(rng) for _ in range(480)]).std())


def train_unet(
    stage: Stage, vae: AutoencoderKL, text_encoder: CLIPTextModel, maker: WordMaker, tokenizer: Any
) -> tuple[UNet2DConditionModel, CLIPTextModel]:
    """Train for the stage's minutes and return the averaged denoiser and text encoder."""
    splice = splice_into(text_encoder)
    modules = nn.ModuleDict({"unet": make_unet(), "encoder": text_encoder, "maker": maker})
    unet = modules["unet"].to(memory_format=torch.channels_last)
    following = [*text_encoder.parameters(), *maker.parameters()]
    optimiser = torch.optim.AdamW(
        [{"params": unet.parameters(), "lr": LEARNING_RATE}, {"params": following, "lr": TEXT_LEARNING_RATE}],
        betas=(0.9, 0.98),
        weight_decay=1e-4,
        fused=True,
    )
    average = Average(modules, AVERAGE_DECAY)
    parts = {"model": modules, "optimiser": optimiser, "average": average}
    stage.resume(**parts)
    if stage.done < 1:
        rng = np.random.default_rng([4, stage.step])
        torch.manual_seed(stage.step)
        schedule = DDPMScheduler(**SCHEDULE)
        captioner, scale = Captioner(tokenizer), latent_scale(vae)
        pool = [random_scene(rng) for _ in range(POOL)]
        latents = latents_of(vae, pool) * scale
        twin = Twin(unet)
        running = 0.0
        for step in stage.steps(**parts):
            set_rate(optimiser, warm_cosine(stage.done, step))
            if step % REFRESH_EVERY == 0:
                replaced = rng.integers(0, POOL, REFRESH)
                drawn = [random_scene(rng) for _ in range(REFRESH)]
                latents[replaced] = latents_of(vae, drawn) * scale
                for at, item in zip(replaced, drawn, strict=True):
                    pool[at] = item
            chosen = rng.integers(0, POOL, BATCH)
            scenes = [pool[at] for at in chosen]
            clean = latents[chosen]
            noise = torch.randn_like(clean)
            timesteps = draw_timesteps()
            noisy = schedule.add_noise(clean, noise, timesteps)
            target = schedule.get_velocity(clean, noise, timesteps)
            looks, styles, _ = scene_numbers(scenes)
            prompts = captioner(scenes, [item.template(rng) for item in scenes], rng)
            twin.pull()
            optimiser.zero_grad(set_to_none=True)
            # Fused attention has a slow way back for so few tokens.
            with sdpa_kernel(SDPBackend.MATH):
                with splice.using(prompts.rows, maker(looks, styles)):
                    states = text_encoder(prompts.ids)[0]
                guess = twin.copy(noisy.to(torch.bfloat16), timesteps, states.to(torch.bfloat16)).sample
                loss = functional.mse_loss(guess.float(), target)
                loss.backward()
            twin.push()
            nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
            optimiser.step()
            hold_norms(splice)
            average.update(modules)
            running += loss.item()
            if stage.step % 250 == 249:
                stage.report(loss=running / 250)
                running = 0.0
    average.copy_to(modules)
    hold_norms(splice)
    return unet.eval(), text_encoder.eval()
