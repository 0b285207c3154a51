"""Embedding files and embeddings to test with."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from registry.formats import Encoder, canonical
from registry.services import upload_embedding


def vectors(seed=0, rows=2, width=768):
    """float32 [rows, width] with norms as in real embeddings."""
    return np.random.default_rng(seed).normal(0, 0.015, (rows, width)).astype(np.float32)


def sd1_file(seed=0, rows=2):
    return canonical([Encoder("emb_params", vectors(seed, rows), "F32")])


def sdxl_file(seed=0):
    return canonical(
        [Encoder("clip_l", vectors(seed, 2, 768), "F32"), Encoder("clip_g", vectors(seed, 2, 1280), "F32")]
    )


def picture(size=(40, 30), kind="PNG", colour=(200, 30, 30), **options):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def upload():
    """Upload an embedding for somebody; every field has a sensible value of its own."""

    def make(owner, name="red-heart", *, seed=0, **fields):
        values = {
            "filename": "heart.safetensors",
            "data": sd1_file(seed),
            "title": "Red heart",
            "token": f"<{name}>",
            "kind": "object",
            "base": "sd1",
            "license": "cc0-1.0",
            "visibility": "public",
        }
        return upload_embedding(owner=owner, name=name, **(values | fields)).embedding

    return make
