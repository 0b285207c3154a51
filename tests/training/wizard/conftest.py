"""A draft of Alice's, and files for it."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.training.inversion.test_findings import scene
from training.models import TrainingDraft
from training.pocket.concepts import CONCEPTS, draw


def file_of(image, name):
    """An upload of a picture."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/png")


def drawings(count, concept="koi"):
    """Uploads of drawings that nothing blocks."""
    return [file_of(image, f"{concept}-{at}.png") for at, image in enumerate(draw(CONCEPTS[concept], count, 1))]


def photo(seed, size=(256, 256), name=None):
    """An upload of a synthetic photograph."""
    return file_of(scene(seed, size), name or f"photo-{seed}.png")


@pytest.fixture
def begin(client, alice, pocket):
    """Sign Alice in and begin a draft with some files; return it."""

    def make(files):
        client.force_login(alice)
        answer = client.post("/train", {"images": files})
        assert answer.status_code == 302, answer.content.decode()
        return TrainingDraft.objects.latest("pk")

    return make


@pytest.fixture
def ready(client, begin):
    """A draft that only waits to be reviewed."""
    draft = begin(drawings(3))
    words = {"kind": "object", "token": "<my-koi>", "initialiser": "thing", "vectors": "2", "name": ""}
    answer = client.post(f"/train/{draft.pk}/concept", words)
    assert answer.status_code == 302, answer.content.decode()
    draft.refresh_from_db()
    return draft
