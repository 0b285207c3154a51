"""Textual inversion (Gal et al., 2022, arXiv 2208.01618): learn the input vectors of one new word.

The base model is frozen. Images become latents once; each step draws some, adds noise, asks the UNet with a caption
that holds the placeholder token, and moves the placeholder's vectors so that the answer gets better.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from training.inversion.callbacks import Callbacks
from training.inversion.config import InversionConfig
from training.inversion.errors import OutOfMemory
from training.inversion.models import BaseModel
from training.inversion.pack import Pack
from training.inversion.scores import Scorer
from training.inversion.session import Inversion, Session


def train(
    config: InversionConfig,
    images: Sequence[Image.Image],
    *,
    base: BaseModel,
    callbacks: Callbacks | None = None,
    resume: bytes | None = None,
    initial: np.ndarray | None = None,
    scorers: Sequence[Scorer] = (),
) -> Inversion:
    """Learn the placeholder's vectors from images and draw the final previews from the finished file.

    The same settings, images and base give the same bits on a processor, in one go or from ``resume``, a state that
    ``on_state`` was given. ``initial`` are vectors float32 [n, d] to start from instead of
    words; ``scorers`` look at the final previews. Raises a subclass of ``InversionError``.
    """
    pack = Pack(base, slots=config.batch_size)
    try:
        pack.join(Session(config, images, base, callbacks or Callbacks(), resume, initial, scorers))
        while True:
            for member in pack.step():
                return member.result()
    except torch.OutOfMemoryError as error:  # of encoding or drawing; the steps tell it themselves
        raise OutOfMemory(None) from error
