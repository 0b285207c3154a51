"""Training again from a receipt: whoever has the images can check that a result came about as it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from training.inversion.callbacks import Callbacks
from training.inversion.config import InversionConfig
from training.inversion.data import digest_of, to_mask, to_pixels
from training.inversion.errors import BadReceipt
from training.inversion.loop import Inversion, train
from training.inversion.models import BaseModel


def replay(
    receipt: dict[str, Any], images: Sequence[Image.Image], *, base: BaseModel, callbacks: Callbacks | None = None
) -> Inversion:
    """Train with the receipt's settings, without previews.

    Raises :class:`BadReceipt` for another base model or other images than the receipt's, and what ``train`` raises.
    """
    try:
        config = InversionConfig.from_dict({**receipt["config"], "preview_prompts": ()})
        fingerprint, digest = receipt["base"]["fingerprint"], receipt["images_digest"]
    except (KeyError, TypeError) as error:
        raise BadReceipt(
            "This is no receipt of a training: settings, base model or images are missing in it."
        ) from error
    if receipt.get("continued_from"):
        raise BadReceipt("This run went on from vectors of an earlier one, which the receipt does not hold.")
    if fingerprint != base.fingerprint:
        raise BadReceipt(f"The receipt is of another base model than {base.name}: {receipt['base'].get('name', '?')}.")
    pixels = torch.stack([to_pixels(image, base.resolution) for image in images])
    if digest_of(pixels, torch.stack([to_mask(image, base.latent_size) for image in images])) != digest:
        raise BadReceipt("These are not the images of the receipt, or not in its order.")
    return train(config, images, base=base, callbacks=callbacks)


def cosines(first: np.ndarray, second: np.ndarray) -> list[float]:
    """Cosine of each vector [n, d] to its counterpart. Raises :class:`BadReceipt` for unlike shapes."""
    if first.shape != second.shape:
        raise BadReceipt(f"The file has vectors of shape {first.shape}, the replay of {second.shape}.")
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return [float(value) for value in (first * second).sum(axis=1) / lengths]
