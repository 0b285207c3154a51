"""The engine's command line, whole, on a machine that has no Django."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from registry.pictures.marks import GENERATED_XMP
from training.inversion import packing
from training.inversion.__main__ import defaults_of, main, make_parser
from training.inversion.callbacks import Progress, Stage
from training.inversion.checkpoint import load_embedding, save_embedding
from training.inversion.errors import BadImages
from training.inversion.images import read_images
from training.inversion.terminal import ToTerminal
from training.pocket import info as pocket

WORD = {"placeholder_token": "<x>", "kind": "object", "initialiser": "red"}
ROOT = Path(__file__).resolve().parents[3]
WITHOUT_SITE = (
    "import runpy, sys\n"
    "for name in ('django', 'rest_framework', 'dramatiq', 'hub', 'registry'): sys.modules[name] = None\n"
    "runpy.run_module('training.inversion', run_name='__main__', alter_sys=True)"
)


def run(*arguments):
    """Run the command in a fresh interpreter in which nothing of the site can be imported."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_SITE, *map(str, arguments)],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.fixture
def folder_of_pictures(tmp_path, pictures):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, picture in enumerate(pictures):
        picture.save(folder / f"{number}.png")
    (folder / "notes.txt").write_text("not a picture")
    return folder


def training_arguments(folder, default_base, default_out, **options):
    named = {
        "base": default_base,
        "token": "<x>",
        "kind": "object",
        "init": "red star",
        "out": default_out,
        "steps": 4,
        **options,
    }
    return ["train", str(folder), *(word for key, value in named.items() for word in (f"--{key}", str(value)))]


def test_a_word_is_learned_and_drawn_without_the_site(tmp_path, folder_of_pictures, tiny_folder):
    out = tmp_path / "x.safetensors"
    trained = run(*training_arguments(folder_of_pictures, tiny_folder, out, vectors=3, seed=5), "--json")
    assert trained.returncode == 0, trained.stderr
    said = json.loads(trained.stdout)
    assert said["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (said["file"], said["steps"], said["images"]) == ("x.safetensors", 4, 3)
    assert (said["config"]["vectors"], said["config"]["seed"], said["base"]["name"]) == (3, 5, "tiny-sd")
    assert "training" in trained.stderr and "%" not in trained.stderr and "torchvision" not in trained.stderr
    vectors, metadata = load_embedding(out)
    assert vectors.shape == (3, 128) and np.isfinite(vectors).all()
    assert metadata["token"] == "<x>" and metadata["initialiser"] == "red star"

    drawn = run(
        "preview", out, "--base", tiny_folder, "--prompt", "a photo of a {}", "--out", tmp_path / "x.png", "--steps", 2
    )
    assert drawn.returncode == 0, drawn.stderr
    assert drawn.stdout == "x.png: a photo of a <x>, seed 0.\n" and drawn.stderr == ""
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.size == (16, 16)
        assert picture.info["parameters"].startswith("a photo of a <x>\nSteps: 2, ")
        assert picture.info["XML:com.adobe.xmp"] == GENERATED_XMP.decode()  # the very mark of the site's pictures


def test_vectors_along_the_way_can_be_chosen_from_and_gone_on_from(capsys, tmp_path, folder_of_pictures, tiny_folder):
    out, along = tmp_path / "x.safetensors", tmp_path / "along"
    arguments = training_arguments(folder_of_pictures, tiny_folder, out, vectors=3)
    assert main([*arguments, "--snapshots", str(along)]) == 0
    assert sorted(path.name for path in along.iterdir()) == ["x-00000.safetensors", "x-00004.safetensors"]
    last, about = load_embedding(along / "x-00004.safetensors")
    assert np.array_equal(last, load_embedding(out)[0]) and about["steps"] == "4" and about["token"] == "<x>"
    capsys.readouterr()
    more = training_arguments(folder_of_pictures, tiny_folder, tmp_path / "y.safetensors")
    assert main([*more, "--continue", str(out), "--json"]) == 0
    receipt = json.loads(capsys.readouterr().out)
    assert len(receipt["continued_from"]) == 64 and receipt["config"]["vectors"] == 3


def test_wrong_input_is_told_in_one_sentence_with_status_2(tmp_path, tiny_folder):
    done = run(*training_arguments(tmp_path / "missing", tiny_folder, tmp_path / "x.safetensors"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"There is no file {tmp_path / 'missing'}.\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "Use 1 to 20000 for steps"),
        ({"vectors": 99}, "Use 1 to 16 for vectors"),
        ({"token": "star"}, "star is already a word"),
        ({"init": " "}, "Give one or more words"),
        ({"base": "/no/such/model"}, "The base model model could not be loaded"),
        ({"out": "/no/such/folder/x.safetensors"}, "cannot be written"),
        ({"out": "x.pt"}, "ends in .safetensors"),
        ({"out": "/sys/x.safetensors"}, "/sys/x.safetensors cannot be written"),
        ({"state": "/no/such/folder/x.state"}, "/no/such/folder/x.state cannot be written"),
        ({"seed": 10**30}, "for seed"),
        ({"batch-size": 10**9}, "Use 1 to 128 for batch size"),
        ({"token": "my cat"}, "holds a space"),
        ({"token": "ph"}, "Put it in angle brackets: <ph>"),
        ({"init": "\udcff"}, "no text in UTF-8"),
        ({"device": "quantum"}, "There is no device quantum here"),
        ({"device": "cuda:64"}, "There is no device cuda:64 here"),
        ({"previews": __file__}, "could not be used: File exists"),
        ({"snapshots": __file__}, "could not be used: File exists"),
    ],
)
def test_each_wrong_option_has_its_sentence(capsys, tmp_path, folder_of_pictures, tiny_folder, options, message):
    arguments = training_arguments(folder_of_pictures, tiny_folder, tmp_path / "x.safetensors", **options)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    # Without the stages and what is said of the images.
    lines = [line for line in err.splitlines() if not line.endswith("…") and not line.startswith(("warn:", "note:"))]
    assert out == "" and len(lines) == 1 and message in lines[0]
    assert not list(tmp_path.glob("*.safetensors*"))


def test_a_run_goes_on_after_ctrl_c_and_its_captions_come_from_a_file(
    capsys, tmp_path, folder_of_pictures, tiny_folder, monkeypatch
):
    captions, kept, step = tmp_path / "captions.txt", tmp_path / "x.state", packing.step
    captions.write_text("a {}\na red {}\na {} on blue\n", encoding="utf-8-sig")
    options = {"steps": 60, "early-stop": 0.5, "state": kept, "captions": captions}
    arguments = training_arguments(folder_of_pictures, tiny_folder, tmp_path / "x.safetensors", **options)

    def interrupted(base, runs, **places):
        if runs[0].step == 52:
            raise KeyboardInterrupt
        step(base, runs, **places)

    monkeypatch.setattr(packing, "step", interrupted)
    assert main(arguments) == 130
    assert (
        capsys.readouterr().err.splitlines()[-1] == "Stopped before it finished. The same command goes on from x.state."
    )
    assert kept.exists() and not (tmp_path / "x.safetensors").exists()
    monkeypatch.setattr(packing, "step", step)
    assert main([*arguments, "--json"]) == 0
    receipt = json.loads(capsys.readouterr().out)
    assert receipt["config"]["captions"] == ["a {}", "a red {}", "a {} on blue"]
    assert receipt["config"]["early_stop"] == 0.5 and receipt["steps"] == 60 and not kept.exists()


def test_at_a_terminal_progress_is_one_line_and_the_next_output_begins_another(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with ToTerminal() as callbacks:
        callbacks.on_stage(Stage.TRAINING)
        for step in (5, 10):
            callbacks.on_progress(Progress(step=step, total_steps=10, loss=1, steps_per_second=2, seconds_left=3))
    print("x.safetensors: <x>", file=sys.stderr)
    training, *_, progress, result = capsys.readouterr().err.splitlines()
    assert training == "training …" and "step 10/10" in progress and result == "x.safetensors: <x>"


@pytest.mark.parametrize(
    "arguments",
    [
        ["train"],
        ["train", "a.png", "--token", "<x>", "--kind", "smell", "--init", "red", "--out", "x.safetensors"],
        ["paint"],
        ["bench", "--widths", "1,0"],
        ["bench", "--steps", "-3"],
    ],
)
def test_unknown_options_are_told_in_one_line_with_status_2(capsys, arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_built_in_base_brings_its_own_settings():
    options = ["train", "a.png", "--token", "<x>", "--kind", "object", "--init", "thing", "--out", "x.safetensors"]
    assert make_parser().parse_args(options).base == pocket.NAME
    assert defaults_of(pocket.NAME) == pocket.DEFAULTS
    assert defaults_of("some/other-model") == {}


def test_previews_are_written_where_asked(capsys, tmp_path, folder_of_pictures, tiny_folder):
    shown = tmp_path / "shown"
    arguments = training_arguments(folder_of_pictures, tiny_folder, tmp_path / "x.safetensors", steps=3, previews=shown)
    assert main(arguments) == 0
    names = sorted(file.name for file in shown.iterdir())
    assert len(names) == 2 * 2 * 2 + 2 * 2  # prompts, seeds and variants at the end; prompts at two marks before
    assert "00003-learned-a-photo-of-x-1.png" in names and "00003-initialiser-a-photo-of-x-2.png" in names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prompt", "a star"], "holds neither {} nor <y>"),
        (["--prompt", "a {}", "--token", "star"], "star is already a word"),
        (["--prompt", "a {}", "--base", "/no/such/model"], "could not be loaded"),
        (["--prompt", "a {}", "--out", "x.jpg"], "ends in .png"),
        (["--prompt", "word " * 40 + "{}"], "<y> falls beyond what tiny-sd reads"),
        (["--prompt", "\udcff {}"], "no text in UTF-8"),
        (["--prompt", "a {}", "--steps", "2000"], "Use 1 to 250"),
        (["--prompt", "a {}", "--guidance", "nan"], "guidance_scale is a number"),
        (["--prompt", "a {}", "--seed", "-1"], "seeds of previews are from 0"),
    ],
)
def test_a_picture_that_cannot_be_drawn_is_told(capsys, tmp_path, tiny_folder, options, message):
    save_embedding(tmp_path / "y.safetensors", np.ones((1, 128), dtype=np.float32), {"token": "<y>"})
    arguments = [
        "preview",
        str(tmp_path / "y.safetensors"),
        "--base",
        str(tiny_folder),
        "--out",
        str(tmp_path / "y.png"),
    ]
    assert main([*arguments, *options]) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and len(err.splitlines()) == 1
    assert not (tmp_path / "y.png").exists()


@pytest.mark.parametrize(
    ("receipt", "message"),
    [
        ("[" * 100_000, "is no JSON"),
        ("[]", "no receipt of a training"),
        (json.dumps({"config": {"seed": "x"}, "base": {}, "images_digest": ""}), "no receipt of a training"),
        (json.dumps({"config": {**WORD, "steps": 2.5}, "base": {}}), "The setting steps is a whole number"),
        (
            json.dumps({"config": {**WORD, "captions": 5}, "base": {}}),
            "The setting captions is a list, each of it a text",
        ),
        (
            json.dumps({"config": WORD, "base": {"fingerprint": "", "name": "\x1b[2Jevil"}, "images_digest": ""}),
            "another base model than tiny-sd: \N{REPLACEMENT CHARACTER}[2Jevil",
        ),
    ],
)
def test_a_receipt_by_hostile_hands_is_told_in_one_sentence(
    capsys, tmp_path, folder_of_pictures, tiny_folder, receipt, message
):
    save_embedding(tmp_path / "y.safetensors", np.ones((1, 128), dtype=np.float32), {})
    (tmp_path / "receipt.json").write_text(receipt)
    arguments = [
        tmp_path / "receipt.json",
        folder_of_pictures,
        "--file",
        tmp_path / "y.safetensors",
        "--base",
        tiny_folder,
    ]
    assert main(["replay", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and len(err.splitlines()) == 1


def test_files_that_are_no_pictures_are_named(tmp_path, folder_of_pictures):
    assert len(read_images([folder_of_pictures, folder_of_pictures / "0.png"])) == 4
    (tmp_path / "empty").mkdir()
    (tmp_path / "half.png").write_bytes((folder_of_pictures / "0.png").read_bytes()[:200])
    for path, message in (
        (folder_of_pictures / "notes.txt", "notes.txt cannot be read as an image"),
        (tmp_path / "half.png", "half.png cannot be read as an image"),
        (tmp_path / "empty", "folder empty holds no image"),
    ):
        with pytest.raises(BadImages, match=message):
            read_images([folder_of_pictures, path])


def test_a_picture_of_too_many_pixels_is_refused(tmp_path, folder_of_pictures, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20 * 24 - 1)
    with pytest.raises(BadImages, match=r"0\.png has too many pixels"):
        read_images([folder_of_pictures])


def test_images_are_remarked_on_and_refused_where_training_is_a_waste(
    capsys, tmp_path, folder_of_pictures, tiny_folder
):
    from PIL import Image

    assert main(training_arguments(folder_of_pictures, tiny_folder, tmp_path / "x.safetensors", steps=1)) == 0
    assert "note: " in capsys.readouterr().err

    Image.new("RGB", (7, 7)).save(folder_of_pictures / "0-small.png")
    assert main(training_arguments(folder_of_pictures, tiny_folder, tmp_path / "y.safetensors", steps=1)) == 2
    assert "7 × 7 pixels, less than half" in capsys.readouterr().err
    assert not (tmp_path / "y.safetensors").exists()
