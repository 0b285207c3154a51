"""What is sent, and whose answer is lost on the way."""

from __future__ import annotations

import pytest

from registry.models import Embedding
from tests.client.poor_line import PoorLine
from tests.registry.samples import sd1_file

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_upload_whose_answers_are_lost_is_made_once(run, at, live_server, alice, home):
    (home / "koi.safetensors").write_bytes(sd1_file())
    with PoorLine(live_server.url) as line:
        line.loses = 3
        done = run(
            "upload", "koi.safetensors", "--name", "koi", "--token", "koi", "--base", "sd1", "--kind", "object", "--license", "cc0-1.0", "--yes", "--json",
            **at(alice) | {"STARWORD_URL": line.url},
        )  # fmt: skip
    assert done.status == 0, done.err
    assert line.lost == {"/api/hub/inspect": 3, "/api/hub/embeddings": 3}
    made = Embedding.objects.get()
    assert done.json["name"] == made.name and made.versions.count() == 1
