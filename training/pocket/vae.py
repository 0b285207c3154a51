"""Stage 1: the autoencoder, 64 px pictures to latents of 16 x 8 x 8 and back."""

from __future__ import annotations

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional

from training.pocket import chance
from training.pocket.concepts import HELD_OUT_STYLES
from training.pocket.stages import Average, Stage, set_rate, warm_cosine
from training.pocket.world import draw

#: Numbers for each of the 8 x 8 places of a picture's latents.
LATENT_CHANNELS = 16
BATCH = 12
LEARNING_RATE = 1.5e-3
#: Weight of the Kullback-Leibler term, per latent number: enough to keep latents bounded, not enough to blur.
KL_WEIGHT = 2e-4
#: Pictures in memory, drawn again one batch a step, so that each is seen some times.
POOL = 4000


def make_vae() -> AutoencoderKL:
    """A fresh autoencoder: downscale 8, 16 latent channels, thin where pictures are large."""
    vae = AutoencoderKL(
        block_out_channels=(32, 64, 80, 80),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=LATENT_CHANNELS,
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=64,
        mid_block_add_attention=False,
    )
    for name, module in vae.named_modules():
        if isinstance(module, nn.Conv2d):
            # PyTorch's own initialisation lets biases drown the picture before it reaches the latents, and training
            # sits at the mean colour for a thousand steps; orthogonal convolutions carry it through from the start.
            nn.init.orthogonal_(module.weight, gain=0.1 if name.endswith("conv2") else 1.0)
            nn.init.zeros_(module.bias)
    # Latents begin nearly noiseless: log variance -4.
    nn.init.constant_(vae.quant_conv.bias[LATENT_CHANNELS:], -4.0)
    return vae


def random_picture(rng: np.random.Generator) -> np.ndarray:
    """A picture of the training world: uint8 [64, 64, 3]."""
    rendering = chance.style(rng, HELD_OUT_STYLES) if rng.uniform() < 0.35 else None
    place = str(rng.choice(list(chance.PLACES)))
    size = str(rng.choice(list(chance.SIZES)))
    return draw(chance.scene(rng, chance.look(rng), place=place, size=size, rendering=rendering))


def to_tensor(pictures: np.ndarray) -> Tensor:
    """uint8 [B, H, W, 3] to float [B, 3, H, W] in -1..1."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def reconstruction_loss(output: Tensor, target: Tensor) -> Tensor:
    """Absolute and squared error, and the absolute error of the gradients, which is what sharpness is."""
    edges = sum(functional.l1_loss(output.diff(dim=axis), target.diff(dim=axis)) for axis in (2, 3))
    return functional.l1_loss(output, target) + 0.5 * functional.mse_loss(output, target) + 0.5 * edges


def psnr(vae: AutoencoderKL, pictures: Tensor) -> float:
    """Peak signal to noise ratio in dB over [B, 3, H, W] pictures in -1..1."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        output = vae.decode(vae.encode(pictures).latent_dist.mean).sample
    error = functional.mse_loss(output.float().clamp(-1, 1), pictures)
    return float(10 * torch.log10(4 / error))


def train_vae(stage: Stage) -> AutoencoderKL:
    """Train for the stage's minutes and return the averaged autoencoder."""
    rng = np.random.default_rng(1)
    vae = make_vae().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(vae.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.99), weight_decay=0)
    average = Average(vae, 0.999)
    parts = {"model": vae, "optimiser": optimiser, "average": average}
    stage.resume(**parts)
    if stage.done < 1:
        pool = np.stack([random_picture(rng) for _ in range(POOL)])
        unseen = to_tensor(np.stack([random_picture(np.random.default_rng([9, index])) for index in range(128)]))
        running = 0.0
        for step in stage.steps(**parts):
            set_rate(optimiser, warm_cosine(stage.done, step))
            chosen = rng.integers(0, POOL, BATCH)
            target = to_tensor(pool[chosen]).contiguous(memory_format=torch.channels_last)
            pool[chosen[:2]] = [random_picture(rng), random_picture(rng)]
            with torch.autocast("cpu", torch.bfloat16):
                posterior = vae.encode(target).latent_dist
                output = vae.decode(posterior.sample()).sample
            loss = reconstruction_loss(output.float(), target)
            kl = 0.5 * (posterior.mean.float() ** 2 + posterior.var.float() - 1 - posterior.logvar.float()).mean()
            optimiser.zero_grad(set_to_none=True)
            (loss + KL_WEIGHT * kl).backward()
            torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
            optimiser.step()
            average.update(vae)
            running += loss.item()
            if stage.step % 250 == 249:
                stage.report(loss=running / 250, kl=kl.item(), psnr_unseen=psnr(vae, unseen))
                running = 0.0
    average.copy_to(vae)
    return vae.eval()
