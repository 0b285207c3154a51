"""A run killed on the command line goes on; a receipt trains the same vectors again, and no others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.training.inversion.test_command_line import ROOT, folder_of_pictures, run, training_arguments
from training.inversion.checkpoint import load_embedding, save_embedding
from training.inversion.errors import BadReceipt
from training.inversion.replay import cosines

__all__ = ["folder_of_pictures"]


@pytest.fixture
def trained(tmp_path, folder_of_pictures, tiny_folder):
    """A finished run: its file and its receipt."""
    out, receipt = tmp_path / "x.safetensors", tmp_path / "receipt.json"
    done = run(*training_arguments(folder_of_pictures, tiny_folder, out, steps=6), "--json")
    assert done.returncode == 0, done.stderr
    receipt.write_text(done.stdout)
    return out, receipt


def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(tmp_path, folder_of_pictures, tiny_folder):
    whole, out, state = tmp_path / "whole.safetensors", tmp_path / "x.safetensors", tmp_path / "state"
    steps = 120
    assert run(*training_arguments(folder_of_pictures, tiny_folder, whole, steps=steps)).returncode == 0
    arguments = [*training_arguments(folder_of_pictures, tiny_folder, out, steps=steps), "--state", str(state)]
    process = subprocess.Popen(
        [sys.executable, "-m", "training.inversion", *map(str, arguments)],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 100
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert state.exists() and not out.exists()
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == whole.read_bytes()
    assert not state.exists()


def test_a_receipt_trains_the_same_vectors_again(trained, folder_of_pictures, tiny_folder):
    out, receipt = trained
    done = run("replay", receipt, folder_of_pictures, "--file", out, "--base", tiny_folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["least"] >= 0.999
    vectors, metadata = load_embedding(out)
    save_embedding(out, vectors[::-1].copy(), metadata)  # somebody changed the published file
    done = run("replay", receipt, folder_of_pictures, "--file", out, "--base", tiny_folder)
    assert json.loads(done.stdout)["least"] < 0.999


def test_other_images_and_what_is_no_receipt_are_refused(trained, folder_of_pictures, tiny_folder, tmp_path):
    out, receipt = trained
    (folder_of_pictures / "2.png").unlink()
    done = run("replay", receipt, folder_of_pictures, "--file", out, "--base", tiny_folder)
    assert (done.returncode, "not the images of the receipt" in done.stderr) == (2, True)
    done = run("replay", receipt, folder_of_pictures, "--file", out)
    assert (done.returncode, "another base model than pocket" in done.stderr) == (2, True)
    for text, message in (("{", "no JSON"), ("{}", "no receipt")):
        other = tmp_path / "other.json"
        other.write_text(text)
        done = run("replay", other, folder_of_pictures, "--file", out, "--base", tiny_folder)
        assert (done.returncode, message in done.stderr) == (2, True)


def test_vectors_of_unlike_shapes_are_not_compared():
    with pytest.raises(BadReceipt, match="shape"):
        cosines(np.ones((2, 4)), np.ones((3, 4)))
