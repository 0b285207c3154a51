"""An embedding with everything that a repository shows, and who may write."""

from __future__ import annotations

import pytest
from PIL import Image

from registry.models import Preview
from registry.pictures.previews import NewPreview, store_generated


@pytest.fixture
def heart(alice, upload):
    drawn = NewPreview(picture=store_generated(Image.new("RGB", (64, 64), "teal")), source=Preview.Source.GENERATED)
    return upload(alice, previews=[drawn], receipt={"steps": 40, "loss": 0.1}, description="Red.", tags=["warm"])


@pytest.fixture
def writer(api_as, alice):
    return api_as(alice, ["read", "write"])
