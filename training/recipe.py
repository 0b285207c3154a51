"""What the engine is told of a job: its settings and its images."""

from __future__ import annotations

import io

from PIL import Image

from registry import storage
from training.checks import PRESET_EARLY_STOP
from training.inversion.config import InversionConfig
from training.models import Job

#: How strongly a learned word is drawn besides as it is: on its page one can then go from without it to more than it.
STRENGTHS = (0.25, 0.5, 0.75, 1.25)


def config_of(job: Job) -> InversionConfig:
    """The engine's settings for a job: those of its base model, then its own."""
    prompts = job.base.preview_prompts.get(job.kind)
    return InversionConfig.from_dict(
        {
            **({"early_stop": PRESET_EARLY_STOP[job.preset]} if job.preset in PRESET_EARLY_STOP else {}),
            "preview_strengths": STRENGTHS,
            **job.base.defaults,
            **({"preview_prompts": prompts} if prompts else {}),
            "placeholder_token": job.token,
            "kind": job.kind,
            "initialiser": job.initialiser,
            "vectors": job.vectors,
            "steps": job.total_steps,
            "further": job.further,
            "seed": job.seed,
            "captions": job.captions,
        }
    )


def images_of(job: Job) -> list[Image.Image]:
    """The training images, in order. Raises ``BlobMissing`` when the storage lost one."""
    return [_open(storage.read(image.blob)) for image in job.images.all()]


def _open(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image
