"""Base models and images of the training tests."""

from __future__ import annotations

import pytest

from tests.training.samples import picture
from training.bases import ensure_builtin_bases
from training.models import BaseModel
from training.services import submit_job


@pytest.fixture
def pocket(db):
    """The built-in base model's row; its weights need not be there."""
    ensure_builtin_bases()
    return BaseModel.objects.get(slug="pocket")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """The files of a base model that trains in milliseconds."""
    from tests.training.tiny import make_tiny  # imports torch

    return make_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def tiny(db, tiny_folder):
    """A base model that trains in milliseconds, to nothing of worth."""
    return BaseModel.objects.create(
        slug="tiny",
        title="Tiny",
        family="pocket",
        source=str(tiny_folder),
        resolution=16,
        defaults={"steps": 6, "vectors": 2, "batch_size": 2, "preview_steps": 2, "progress_every": 2},
        preview_prompts={"object": ["a photo of a {}", "a large {}"], "style": ["a painting in the style of {}"]},
    )


@pytest.fixture
def submit(pocket):
    """Submit a job with settings that are right except for those given."""

    def make(owner, **changes):
        settings = {
            "images": [(f"{index}.png", picture(index)) for index in range(3)],
            "base": pocket,
            "token": "<cobalt-heart>",
            "kind": "object",
            "initialiser": "thing",
            "name": "cobalt-heart",
        }
        return submit_job(owner=owner, **(settings | changes))

    return make
