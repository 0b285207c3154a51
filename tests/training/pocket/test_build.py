"""The build: it makes a pipeline that the public loader reads, and goes on from where it was stopped."""

from __future__ import annotations

import json

import pytest
import torch
from diffusers import StableDiffusionPipeline

from training.pocket import build, judge, stages, unet, vae
from training.pocket.ceiling import ceiling
from training.pocket.concepts import OBJECTS

#: Too short to learn anything, long enough for some steps of every stage.
MINUTES = 0.01


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch):
    """The pools are what takes time; the stages are the real ones."""
    monkeypatch.setattr(vae, "POOL", 64)
    monkeypatch.setattr(unet, "POOL", 96)


def finish(work, out, unet_minutes):
    """Run what is left of the build; return each stage's checkpoint."""
    build.build(work, out, vae_minutes=MINUTES, text_minutes=MINUTES, unet_minutes=unet_minutes)
    saved = {path.stem: torch.load(path, weights_only=True) for path in work.glob("*.pt")}
    assert set(saved) == {"vae", "text", "unet"} and all(state["step"] > 0 for state in saved.values())
    return saved


def test_a_build_that_was_stopped_goes_on_and_publishes_a_whole_pipeline(tmp_path):
    work, out = tmp_path / "work", tmp_path / "weights"
    stopped = finish(work, out, unet_minutes=MINUTES)
    # On a busy machine one step may have taken longer than it was given.
    minutes = stopped["unet"]["seconds"] / 60 + MINUTES
    finished = finish(work, out, unet_minutes=minutes)
    for name in ("vae", "text"):
        assert finished[name]["step"] == stopped[name]["step"], "finished stages are not run again"
    assert finished["unet"]["step"] > stopped["unet"]["step"] and finished["unet"]["seconds"] >= minutes * 60
    assert not [*work.glob("*.tmp"), *tmp_path.glob("*.tmp")]

    pipeline = StableDiffusionPipeline.from_pretrained(out, safety_checker=None, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    picture = pipeline("a photo of a thing", num_inference_steps=2, generator=torch.Generator().manual_seed(1)).images[
        0
    ]
    assert picture.size == (64, 64)


def test_the_word_maker_of_a_build_draws_what_inversion_could_reach(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(judge.STEPS, "object", 2)
    work, out = tmp_path / "work", tmp_path / "weights"
    finish(work, out, unet_minutes=MINUTES)
    capsys.readouterr()
    mean = ceiling(out, work, pictures=2)
    *lines, last = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [line["concept"] for line in lines] == [concept.name for concept in OBJECTS]
    assert last["mean"] == round(mean, 3) == round(sum(line["made"] for line in lines) / len(lines), 3)


def test_a_model_that_is_too_large_is_not_published(tmp_path, monkeypatch):
    work, out = tmp_path / "work", tmp_path / "weights"
    monkeypatch.setattr(build, "MAX_BYTES", 1000)
    with pytest.raises(ValueError, match="it may have at most 1000"):
        build.build(work, out, vae_minutes=0, text_minutes=0, unet_minutes=0)
    assert not out.exists()


def test_a_checkpoint_appears_whole_and_brings_everything_back(tmp_path):
    module = torch.nn.Linear(3, 3)
    stage = stages.Stage("small", tmp_path, minutes=0.002)
    steps = list(stage.steps(model=module))
    stage.report(loss=0.5)
    stage.save(model=module)
    assert steps == list(range(len(steps))) and stage.done == 1
    assert [path.name for path in tmp_path.iterdir()] == ["small.pt"]

    other, later = torch.nn.Linear(3, 3), stages.Stage("small", tmp_path, minutes=1)
    later.resume(model=other)
    torch.testing.assert_close(other.weight, module.weight)
    assert (later.step, later.seconds, later.log) == (stage.step, stage.seconds, stage.log)
    assert 0 < later.done < 1


def test_the_average_follows_young_training_and_then_slowly():
    module = torch.nn.Linear(1, 1, bias=False)
    module.weight.data.fill_(0)
    average = stages.Average(module, decay=0.9)
    module.weight.data.fill_(1)
    values = []
    for _ in range(200):
        average.update(module)
        values.append(float(average.values["weight"]))
    assert values == sorted(values) and values[0] > 0.5 and values[-1] > 0.999
    module.weight.data.fill_(0)
    average.update(module)
    assert float(average.values["weight"]) == pytest.approx(0.9, abs=1e-3)
