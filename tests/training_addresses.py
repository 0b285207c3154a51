"""Addresses of the training wizard with what each person gets there; ``test_permissions.py`` asks for them."""

from __future__ import annotations

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from training.wizard.drafts import start_draft
from training.wizard.pictures import add_images

TRAINING = [
    # Drafts of jobs: nobody but their owner may know of them
    ("GET", "/train/{draft}", "train/<int:pk>", (302, 404, 302, 404)),
    ("GET", "/train/{draft}/images", "train/<int:pk>/images", (302, 404, 200, 404)),
    ("POST", "/train/{draft}/images", "train/<int:pk>/images", (302, 404, 422, 404)),
    ("GET", "/train/{draft}/concept", "train/<int:pk>/concept", (302, 404, 302, 404)),
    ("POST", "/train/{draft}/concept", "train/<int:pk>/concept", (302, 404, 302, 404)),
    ("GET", "/train/{draft}/review", "train/<int:pk>/review", (302, 404, 302, 404)),
    ("POST", "/train/{draft}/review", "train/<int:pk>/review", (302, 404, 302, 404)),
    ("POST", "/train/{draft}/base", "train/<int:pk>/base", (302, 404, 302, 404)),
    ("POST", "/train/{draft}/delete", "train/<int:pk>/delete", (302, 404, 302, 404)),
    *(
        (
            method,
            f"/train/{{draft}}/images/{{draft_image}}/{what}",
            f"train/<int:pk>/images/<int:image>/{what}",
            (302, 404, own, 404),
        )
        for method, what, own in (
            ("GET", "thumbnail", 200),
            ("GET", "picture", 200),
            ("GET", "crop", 200),
            ("POST", "crop", 422),
            ("POST", "move", 302),
            ("POST", "remove", 302),
        )
    ),
]


def world_of_training(alice):
    """A draft of Alice's with one picture."""
    draft = start_draft(owner=alice)
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(buffer, "PNG")
    add_images(owner=alice, draft=draft.pk, files=[SimpleUploadedFile("a.png", buffer.getvalue())])
    return {"draft": draft.pk, "draft_image": draft.images.get().pk}
