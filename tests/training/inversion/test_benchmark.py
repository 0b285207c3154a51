"""What measures speed: the lines it prints, the classic loop beside it, models of true shapes, somebody's own script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.inversion.__main__ import main
from training.inversion.benchmark import script
from training.inversion.benchmark.measure import measure_parts
from training.inversion.benchmark.reference import Recipe, ReferenceLoop
from training.inversion.benchmark.shapes import make_shape
from training.inversion.errors import ScriptFailed


def test_the_bench_prints_a_line_for_each_width_and_number_of_jobs_beside_the_classic_loop(capsys, tiny_folder):
    arguments = ["bench", "--base", str(tiny_folder), "--widths", "1,3", "--jobs", "1,3", "--steps", "1", "--parts"]
    assert main([*arguments, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    steps, parts = lines[:4], lines[4:]
    assert [(line["jobs"], line["width"]) for line in steps] == [(1, 1), (1, 3), (1, 1), (3, 1)]
    for line in steps:
        assert line["base"] == "tiny-sd" and line["bench"] == "steps"
        assert line["ratio"] == pytest.approx(line["images_per_second"] / line["classic_images_per_second"], rel=0.05)
        assert line["gflop_per_second"] > 0 and 0 < line["share_of_matmul_rate"] < 1
    assert [line["width"] for line in parts] == [1, 3]
    for line in parts:
        shares = [value for name, value in line.items() if name.endswith("_share")]
        assert len(shares) == 5 and all(0 < share < 1 for share in shares) and sum(shares) == pytest.approx(1, abs=0.01)
        assert line["mb_per_slot"] > 0
    assert main(arguments) == 0
    assert "1 × 3: " in capsys.readouterr().out


#: Takes the options of the example, which is not here, and the time that is asked of it.
SCRIPT = """
import argparse, sys, time
from pathlib import Path
parser = argparse.ArgumentParser()
for name in ["pretrained_model_name_or_path", "output_dir", "placeholder_token", "initializer_token"]:
    parser.add_argument(f"--{name}", required=True)
parser.add_argument("--train_data_dir", type=Path, required=True)
parser.add_argument("--learnable_property", choices=["object", "style"])
parser.add_argument("--mixed_precision", choices=["no", "fp16", "bf16"])
for name in ["resolution", "train_batch_size", "max_train_steps", "save_steps", "checkpointing_steps"]:
    parser.add_argument(f"--{name}", type=int)
options = parser.parse_args()
if options.train_batch_size > 2:
    sys.exit("too wide for me")
assert len(list(options.train_data_dir.iterdir())) == 5
assert (Path(options.pretrained_model_name_or_path) / "unet").is_dir()
time.sleep(options.max_train_steps)
"""


def test_a_script_with_the_options_of_the_example_is_measured_as_it_is_run(capsys, tmp_path, tiny_folder):
    path = tmp_path / "textual_inversion.py"
    path.write_text(SCRIPT)
    arguments = ["bench", "--base", str(tiny_folder), "--steps", "1", "--reference-script", str(path), "--json"]
    assert main([*arguments, "--widths", "2"]) == 0
    _, measured = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (measured["bench"], measured["width"]) == ("reference-script", 2)
    assert measured["images_per_second"] > 0
    assert main([*arguments, "--widths", "3"]) == 2
    assert "textual_inversion.py ended with status 1: …too wide for me" in capsys.readouterr().err


def test_what_a_script_takes_to_start_is_not_its_speed(base, monkeypatch):
    monkeypatch.setattr(script, "_seconds", lambda *arguments: 7 + 0.5 * arguments[-1])
    [line] = script.measure_script(Path("x.py"), "pocket", base, [], widths=[3], steps=2)
    assert line["images_per_second"] == 6


def test_a_script_whose_start_hides_its_steps_is_told_instead_of_a_speed(base, monkeypatch):
    monkeypatch.setattr(script, "_seconds", lambda *_: 7.0)
    with pytest.raises(ScriptFailed, match="no longer for 6 steps than for 2"):
        list(script.measure_script(Path("x.py"), "pocket", base, [], widths=[1], steps=2))


def test_two_pictures_keep_twice_the_memory_of_one(base, pictures):
    """What a slot takes is counted, without the model's own weights, on any device."""
    one, three = measure_parts(base, widths=[1, 3], steps=1)
    assert three["mb_per_slot"] == pytest.approx(one["mb_per_slot"], rel=0.35)


def test_models_of_known_shapes_are_made_with_random_weights():
    """The smallest of them, as the benchmark makes it: a true vocabulary, the autoencoder of Stable Diffusion."""
    base = make_shape("mid", device="cpu")
    assert (base.family, base.resolution, len(base.tokenizer)) == ("sd1", 256, 49_408)
    millions = {
        name: sum(weight.numel() for weight in getattr(base.pipeline, name).parameters()) / 1e6
        for name in ("unet", "vae", "text_encoder")
    }
    assert 150 < millions["unet"] < 170 and 83 < millions["vae"] < 84 and 123 < millions["text_encoder"] < 124
    assert len(base.tokenizer("a").input_ids) == 3


def test_the_classic_loop_trains_its_word_and_puts_every_other_row_back(base, pictures):
    classic = ReferenceLoop(base, pictures, Recipe(token="<bench-word>", batch_size=2))
    classic.run(2)
    [table], [before] = classic.tables, classic.before
    assert (classic.vectors[0] != before[classic.place]).any()
    assert (table[classic.kept] == before[classic.kept]).all()
    assert len(table) == len(base.encoders[0].splice.weight) + 1
