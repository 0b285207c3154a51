"""What a job came to, and what it would have come to with a worker of its own."""

from __future__ import annotations

import io

from PIL import Image

from registry import storage
from registry.formats import inspect
from training.inversion.loop import train
from training.inversion.models import load_base
from training.runner import config_of


def vectors_in(file):
    """The vectors of a file of one text encoder."""
    (encoder,) = inspect(file).encoders
    return encoder.vectors


def vectors_of(job):
    """What a finished job has published."""
    job.refresh_from_db()
    return vectors_in(storage.read(job.version.blob))


def images_of(job):
    """A job's images as the worker sees them."""
    return [Image.open(io.BytesIO(storage.read(image.blob))) for image in job.images.all()]


def alone(job, base):
    """What the engine learns from a job's images and settings, undisturbed."""
    return train(config_of(job), images_of(job), base=load_base(base.source)).vectors
