"""Base model and images of the training tests."""

from __future__ import annotations

import pytest

from tests.training.samples import picture
from training.models import BaseModel
from training.services import ensure_builtin_bases, submit_job


@pytest.fixture
def pocket(db):
    ensure_builtin_bases()
    return BaseModel.objects.get(slug="pocket")


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
