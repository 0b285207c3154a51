"""The whole way of a job: submitted by API, trained on the built-in base model by a real worker, published by its owner."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageChops

from registry import storage
from registry.formats import inspect
from registry.models import Embedding
from tests.training.samples import encoded
from tests.training.worker_process import WorkerProcess, wait_until
from training.bases import ensure_builtin_bases
from training.models import Job
from training.pocket import info
from training.pocket.concepts import CONCEPTS, draw
from training.services import publish_draft

#: Enough to move the vectors, not to learn the thing: what is learned is measured where the model is built.
STEPS = 12


@pytest.mark.django_db(transaction=True)
def test_from_images_to_a_public_embedding_with_pictures(alice, bob, api_as, tmp_path):
    ensure_builtin_bases()
    concept = CONCEPTS["cobalt-heart"]
    images = [SimpleUploadedFile(f"{index}.png", encoded(image)) for index, image in enumerate(draw(concept, 4, 1))]
    form = {
        "images": images,
        "base": "pocket",
        "token": concept.token,
        "kind": concept.kind,
        "init": concept.initialiser,
    }
    client = api_as(alice)
    with WorkerProcess(tmp_path) as worker:
        answer = client.post("/api/hub/jobs", form | {"name": concept.name, "steps": STEPS}, format="multipart")
        assert answer.status_code == 201, answer.json()
        address = f"/api/hub/jobs/{answer.json()['id']}"
        seen = []

        def ended():
            seen.append(client.get(address).json())
            return seen[-1]["state"] not in ("queued", "running")

        wait_until(ended, "the job's end", seconds=300)
        assert seen[-1]["state"] == "succeeded", (seen[-1], worker.log.read_text())
        assert worker.stop()[0] == 0
    told = seen[-1]
    assert (told["embedding"], told["step"], told["error"]) == ("alice/cobalt-heart", STEPS, None)
    assert told["loss"] > 0 and told["loss_curve"][-1][0] == STEPS

    embedding = Embedding.objects.get(name="cobalt-heart")
    version = embedding.versions.get()
    assert embedding.visibility == "private" and embedding.base == "pocket"
    (encoder,) = inspect(storage.read(version.blob)).encoders
    assert encoder.vectors.shape == (info.DEFAULTS["vectors"], 128)
    assert not np.array_equal(encoder.vectors[0], encoder.vectors[1]), "both vectors are still the initialiser's"
    grid = {}
    for preview in version.previews.all():
        if preview.strength != 1:
            continue
        picture = Image.open(io.BytesIO(storage.read(preview.blob))).convert("RGB")
        assert picture.size == (info.RESOLUTION, info.RESOLUTION)
        grid[preview.template, preview.seed, preview.variant] = picture
    templates = info.PREVIEW_PROMPTS["object"]
    assert {key[0] for key in grid} == set(templates) and len(grid) == 2 * 2 * len(templates)
    for template in templates:
        learned, plain = grid[template, 1, "learned"], grid[template, 1, "initialiser"]
        assert ImageChops.difference(learned, plain).getbbox(), "the word changes nothing"

    path = "/api/hub/embeddings/alice/cobalt-heart"
    assert api_as(bob).get(path).status_code == 404
    publish_draft(job=Job.objects.get(pk=told["id"]))
    assert api_as(bob).get(path).status_code == 200
    download = api_as(bob).get(f"{path}/download")
    assert b"".join(download.streaming_content)[8:9] == b"{"
