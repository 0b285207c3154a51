"""Embeddings to test with."""

from __future__ import annotations

import pytest

from registry.services import upload_embedding
from tests.registry.samples import sd1_file


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
