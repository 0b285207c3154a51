"""A run killed on the command line goes on; a receipt trains the same vectors again, and no others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.training.inversion.test_command_line import ROOT, folder_of_pictures, training_arguments
from training.inversion.__main__ import main
from training.inversion.checkpoint import load_embedding, save_embedding
from training.inversion.errors import BadReceipt
from training.inversion.replay import cosines

__all__ = ["folder_of_pictures"]


@pytest.fixture
def command(capsys):
    """Run the command line; return its status, what it printed and what it complained of."""

    def run(*arguments):
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def trained(tmp_path, folder_of_pictures, tiny_folder, command):
    """A finished run: its file and its receipt."""
    out, receipt = tmp_path / "x.safetensors", tmp_path / "receipt.json"
    status, printed, complaint = command(*training_arguments(folder_of_pictures, tiny_folder, out, steps=6), "--json")
    assert status == 0, complaint
    receipt.write_text(printed)
    return out, receipt


def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(tmp_path, folder_of_pictures, tiny_folder, command):
    whole, out, state = tmp_path / "whole.safetensors", tmp_path / "x.safetensors", tmp_path / "state"
    steps = 120
    assert command(*training_arguments(folder_of_pictures, tiny_folder, whole, steps=steps))[0] == 0
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
    assert command(*arguments)[0] == 0
    assert out.read_bytes() == whole.read_bytes()
    assert not state.exists()


def test_a_receipt_trains_the_same_vectors_again(trained, folder_of_pictures, tiny_folder, command):
    out, receipt = trained
    again = ["replay", receipt, folder_of_pictures, "--file", out, "--base", tiny_folder]
    status, printed, _ = command(*again)
    assert status == 0 and json.loads(printed)["least"] >= 0.999
    vectors, metadata = load_embedding(out)
    save_embedding(out, vectors[::-1].copy(), metadata)  # somebody changed the published file
    assert json.loads(command(*again)[1])["least"] < 0.999


def test_other_images_and_what_is_no_receipt_are_refused(trained, folder_of_pictures, tiny_folder, tmp_path, command):
    out, receipt = trained
    other = tmp_path / "other.json"
    (folder_of_pictures / "2.png").unlink()
    for text, base, message in (
        (receipt.read_text(), tiny_folder, "not the images of the receipt"),
        (receipt.read_text(), "pocket", "another base model than pocket"),
        ("{", tiny_folder, "no JSON"),
        ("{}", tiny_folder, "no receipt"),
    ):
        other.write_text(text)
        status, _, complaint = command("replay", other, folder_of_pictures, "--file", out, "--base", base)
        assert (status, message in complaint) == (2, True)


def test_vectors_of_unlike_shapes_are_not_compared():
    with pytest.raises(BadReceipt, match="shape"):
        cosines(np.ones((2, 4)), np.ones((3, 4)))
