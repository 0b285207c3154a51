"""What an embedding's page says to paste runs as pasted: against a real server, with curl and with diffusers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from hub.accounts.models import ApiToken
from registry import storage
from registry.formats import Encoder, canonical, inspect
from registry.pages.snippets import for_version
from tests.registry.samples import vectors

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(live_server, alice, tmp_path):
    """Run text as a person would, in an empty folder, with Alice's token in the environment; return what it prints."""
    (tmp_path / "training").symlink_to(ROOT / "training")
    _, secret = ApiToken.issue(owner=alice, name="snippets", scopes=["read"])

    def run(*command):
        added = {"STARWORD_TOKEN": secret, "HF_HOME": str(tmp_path / "cache")}
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "OMP_NUM_THREADS") if key in os.environ}
        done = subprocess.run(command, cwd=tmp_path, env=kept | added, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return run


def code_of(embedding, tool, live_server):
    return next(item.code for item in for_version(embedding, embedding.latest, live_server.url) if item.tool == tool)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
@pytest.mark.parametrize("visibility", ["public", "private"])
def test_curl_gets_the_file(live_server, run, alice, upload, visibility, tmp_path):
    embedding = upload(alice, visibility=visibility)
    run("sh", "-c", code_of(embedding, "curl", live_server))
    assert (tmp_path / "red-heart.safetensors").read_bytes() == storage.read(embedding.latest.blob)


def test_diffusers_draws_with_it(live_server, run, alice, upload, tmp_path):
    pytest.importorskip("diffusers", reason="the worker's libraries are not installed")
    data = canonical([Encoder("emb_params", vectors(1, 2, 128) * 2, "F32")])
    embedding = upload(alice, visibility="private", base="pocket", data=data)
    # Fewer steps than a person would wait for; everything else as pasted.
    code = code_of(embedding, "diffusers", live_server).replace(").images[0]", ", num_inference_steps=2).images[0]")
    run(sys.executable, "-c", code)
    with Image.open(tmp_path / "picture.png") as drawn:
        assert drawn.size == (64, 64)
    assert (tmp_path / "red-heart.safetensors").read_bytes() == storage.read(embedding.latest.blob)


def test_the_hugging_face_client_gets_the_file(live_server, run, alice, upload):
    pytest.importorskip("huggingface_hub", reason="the worker's libraries are not installed")
    embedding = upload(alice, visibility="private")
    path = run(sys.executable, "-c", code_of(embedding, "Hugging Face", live_server)).strip()
    assert inspect(Path(path).read_bytes()).digest == embedding.latest.digest
