"""From images and captions to what the loop draws from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from training.inversion.config import InversionConfig
from training.inversion.device import send
from training.inversion.errors import BadConfig, BadImages
from training.inversion.images import upright
from training.inversion.models import BaseModel
from training.inversion.templates import templates_for
from training.inversion.tokens import tokenise, without_room

#: Images through the autoencoder at a time.
ENCODE_BATCH = 8


def to_pixels(image: Image.Image, resolution: int) -> Tensor:
    """An image as float32 [3, R, R] in -1..1: upright, without transparency, its middle square scaled."""
    image = upright(image)
    if _is_transparent(image):
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    square = ImageOps.fit(image.convert("RGB"), (resolution, resolution), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(square)).permute(2, 0, 1).float() / 127.5 - 1


def to_mask(image: Image.Image, side: int) -> Tensor:
    """How opaque an image is in each of float32 [side, side] places, 0 to 1, framed as :func:`to_pixels` frames it."""
    image = upright(image)
    if not _is_transparent(image):
        return torch.ones(side, side)
    alpha = image.convert("RGBA").getchannel("A")
    return torch.from_numpy(np.array(ImageOps.fit(alpha, (side, side), Image.Resampling.BOX))).float() / 255


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def digest_of(pixels: Tensor, masks: Tensor) -> str:
    """SHA-256 of pixels [N, 3, R, R] and, where any is not opaque, masks [N, h, w]: of the same images in the same order."""
    digest = hashlib.sha256(pixels.numpy().tobytes())
    if bool((masks < 1).any()):
        digest.update(masks.numpy().tobytes())
    return digest.hexdigest()


class Latents:
    """Every image's latent distribution, plain and mirrored, encoded once and kept on the device.

    The autoencoder is most of the arithmetic of a classic loop that encodes at each step. Keeping mean and deviation,
    not one sample, keeps the distribution that the base model was trained on.
    """

    def __init__(self, base: BaseModel, images: Sequence[Image.Image], *, held_out: int = 0) -> None:
        """Encode images, the last ``held_out`` of which are not for training."""
        if not images:
            raise BadImages("There is no image to learn from. Give at least one.")
        pixels = torch.stack([to_pixels(image, base.resolution) for image in images])
        masks = torch.stack([to_mask(image, base.latent_size) for image in images])
        self.digest = digest_of(pixels, masks)
        #: float32 [images, 2, 1, h, w]: how opaque each place is, plain and mirrored; None where all images are.
        self.masks = (
            torch.stack([masks, masks.flip(-1)], dim=1)[:, :, None].to(base.device) if (masks < 1).any() else None
        )
        pixels = torch.stack([pixels, pixels.flip(-1)], dim=1).flatten(0, 1)
        vae = base.pipeline.vae
        means, deviations = [], []
        with torch.no_grad():
            for batch in pixels.split(ENCODE_BATCH):
                posterior = vae.encode(batch.to(base.device, vae.dtype)).latent_dist
                means.append(posterior.mean.float())
                deviations.append(posterior.std.float())
        #: How many images there are, and how many of them to draw from; those held out come last.
        self.total, self.count = len(images), len(images) - held_out
        #: float32 [images, 2, C, h, w]: plain and mirrored, scaled as the UNet expects.
        self.mean = torch.cat(means).unflatten(0, (-1, 2)) * vae.config.scaling_factor
        self.deviation = torch.cat(deviations).unflatten(0, (-1, 2)) * vae.config.scaling_factor

    def sample(self, indices: Tensor, mirrored: Tensor, generator: torch.Generator) -> Tensor:
        """Draw latents [B, C, h, w] of images ``indices`` [B], mirrored where ``mirrored`` [B] is 1."""
        which = self._on_device(indices, mirrored)
        mean, deviation = self.mean[which], self.deviation[which]
        noise = send(torch.randn(mean.shape, generator=generator), mean.device)
        return mean + deviation * noise

    def weights(self, indices: Tensor, mirrored: Tensor, outside: float) -> Tensor | None:
        """Weights [B, 1, h, w] of the places of images, ``outside`` where they are transparent, with mean 1 over each.

        None where all places of all images weigh the same.
        """
        if self.masks is None or outside == 1:
            return None
        weights = outside + (1 - outside) * self.masks[self._on_device(indices, mirrored)]
        return weights / weights.mean(dim=(1, 2, 3), keepdim=True).clamp(min=1e-6)

    def _on_device(self, indices: Tensor, mirrored: Tensor) -> tuple[Tensor, Tensor]:
        """Sent before they index: indexing would send them as well, and wait."""
        return send(indices, self.mean.device), send(mirrored, self.mean.device)


def check_captions(config: InversionConfig, images: int, base: BaseModel) -> None:
    """Raise :class:`BadConfig` unless there is a caption for each image, with room for all of the placeholder's vectors."""
    if config.captions is None:
        return
    if len(config.captions) != images:
        raise BadConfig(
            "captions",
            f"There are {len(config.captions)} captions for {images} images. Give one for each, or none at all.",
        )
    filled = [caption.replace("{}", config.placeholder_token) for caption in config.captions]
    for at in without_room(base.tokenizer, filled, config.placeholder_token, config.vectors):
        raise BadConfig(
            "captions",
            f"Caption {at + 1} is too long: the new word falls beyond the {base.tokenizer.model_max_length} tokens "
            "that the base model reads. Shorten it, or move {} towards its beginning.",
        )


class Captions:
    """Every caption of a run with the placeholder in it, tokenised once: the templates, or one for each image."""

    def __init__(self, config: InversionConfig, base: BaseModel) -> None:
        self.own = config.captions is not None
        lines = templates_for(config.kind) if config.captions is None else config.captions
        self.texts = [line.replace("{}", config.placeholder_token) for line in lines]
        prompts = tokenise(base.tokenizer, self.texts, config.placeholder_token, config.vectors)
        self.prompts = prompts.to(base.device)

    def draw(self, indices: Tensor, generator: torch.Generator) -> Tensor:
        """Numbers int64 [B] of the captions for images ``indices`` [B]: their own, or templates drawn for them."""
        if self.own:
            return indices
        return torch.randint(len(self.texts), (len(indices),), generator=generator)
