"""diffusers' own loader, pointed at a live hub by ``HF_ENDPOINT``, on models of the true widths, and drawing with the pocket model."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from registry.formats import Encoder, canonical, inspect
from tests.registry.protocols.venvs import CLIENTS, run
from tests.registry.samples import sd1_file, sdxl_file, vectors

ROOT = Path(__file__).resolve().parents[3]
HEART = ROOT / "training" / "catalogue" / "cobalt-heart" / "embedding.safetensors"


@pytest.mark.skipif(not find_spec("diffusers"), reason="missing: diffusers")
def test_a_pipeline_loads_embeddings_by_their_address_and_draws(alice, upload, live_server, tmp_path):
    upload(alice, "cobalt-heart", data=HEART.read_bytes(), base="pocket")
    upload(alice, "sd1-word", data=sd1_file(5))
    wide = canonical([Encoder("emb_params", vectors(6, 1, 1024), "F32")])
    upload(alice, "sd2-word", data=wide, base="sd2")
    upload(alice, "sdxl-word", data=sdxl_file(7), base="sdxl")
    options = {"HF_ENDPOINT": live_server.url, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    said = json.loads(run(sys.executable, CLIENTS / "draw.py", tmp_path, folder=tmp_path, cwd=ROOT, **options))
    (heart,) = inspect(HEART.read_bytes()).encoders
    assert np.array_equal(np.float32(said["pocket"]["rows"]), heart.vectors)
    without, shown = said["pocket"]["blue"]
    assert without < 0.1 < 0.2 < shown
    assert np.array_equal(np.float32(said["sd1"]), vectors(5, 2, 768))
    assert np.array_equal(np.float32(said["sd2"]), vectors(6, 1, 1024))
    for rows, width in zip(said["sdxl"], (768, 1280), strict=True):
        assert np.array_equal(np.float32(rows), vectors(7, 2, width))
