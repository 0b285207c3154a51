"""Other base models than the built-in one: registered from a folder, trained on, and refused when they are not what they were."""

from __future__ import annotations

import io
import shutil

import pytest
from django.core.management import CommandError, call_command

from registry import storage
from registry.formats import inspect
from tests.support.tiny_sd import make_tiny_sd, make_tiny_sdxl
from training import transitions
from training.bases import ensure_builtin_bases
from training.inversion import fingerprint
from training.inversion.models import load_base
from training.models import BaseModel, State
from training.runner import Trainer

#: Few and small, so that a job takes a second.
QUICK = '{"steps": 4, "batch_size": 2, "vectors": 2, "preview_steps": 2}'


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Tiny models of other families than the built-in one."""
    root = tmp_path_factory.mktemp("models")
    return {
        "sd1": make_tiny_sd(root / "tiny-1", width=768),
        "sd2": make_tiny_sd(root / "tiny-2", width=1024, prediction_type="v_prediction"),
        "sdxl": make_tiny_sdxl(root / "tiny-xl"),
    }


def add(slug, folder, *options):
    said = io.StringIO()
    call_command("add_base_model", slug, str(folder), "--license", "mit", *options, stdout=said)
    return said.getvalue()


@pytest.mark.parametrize(
    ("family", "widths", "prediction"),
    [("sd1", [768], "epsilon"), ("sd2", [1024], "v_prediction"), ("sdxl", [768, 1280], "epsilon")],
)
def test_what_the_files_say_is_noted(db, folders, family, widths, prediction):
    said = add("mine", folders[family], "--title", "My model")
    base = BaseModel.objects.get(slug="mine")
    assert (base.family, base.widths, base.prediction_type) == (family, widths, prediction)
    assert (base.title, base.license, base.resolution, base.enabled) == ("My model", "mit", 16, True)
    assert base.fingerprint == fingerprint.of_folder(folders[family])
    assert family in said and base.fingerprint[:12] in said


def test_the_built_in_model_is_noted_in_the_same_way(db):
    ensure_builtin_bases()
    row, loaded = BaseModel.objects.get(slug="pocket"), load_base("pocket", device="cpu")
    assert row.fingerprint == loaded.fingerprint and row.widths == [loaded.width]
    assert (row.prediction_type, row.resolution, row.family) == (
        loaded.prediction_type,
        loaded.resolution,
        loaded.family,
    )


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_a_job_is_trained_on_it_and_published_for_its_family(alice, submit, folders, family):
    add("mine", folders[family], "--defaults", QUICK)
    job = submit(alice, base="mine")
    trainer = Trainer()
    trainer.train(transitions.claim(worker=trainer.name))
    job.refresh_from_db()
    assert (job.state, job.error_message) == (State.SUCCEEDED, "")
    assert job.embedding.base == family
    found = inspect(storage.read(job.version.blob))
    widths = {"sd1": {"emb_params": 768}, "sd2": {"emb_params": 1024}, "sdxl": {"clip_l": 768, "clip_g": 1280}}[family]
    assert {encoder.name: encoder.vectors.shape for encoder in found.encoders} == {
        name: (2, width) for name, width in widths.items()
    }
    assert len(job.version.receipt["norms"]) == len(widths)
    assert job.version.previews.count() == 12


def test_weights_that_changed_are_not_trained_on(alice, submit, folders, tmp_path):
    folder = shutil.copytree(folders["sd1"], tmp_path / "mine")
    add("mine", folder, "--defaults", QUICK)
    shutil.rmtree(folder)
    make_tiny_sd(folder, width=768, seed=5)
    job = submit(alice, base="mine")
    trainer = Trainer()
    trainer.train(transitions.claim(worker=trainer.name))
    job.refresh_from_db()
    assert (job.state, job.error_code) == (State.FAILED, "base_changed")
    assert "not those that were registered" in job.error_message and str(tmp_path) not in job.error_message
    add("mine", folder, "--defaults", QUICK, "--replace")
    again = submit(alice, base="mine", name="again")
    trainer.train(transitions.claim(worker=trainer.name))
    again.refresh_from_db()
    assert again.state == State.SUCCEEDED


@pytest.mark.parametrize(
    ("slug", "options", "message"),
    [
        ("pocket", (), "built-in base model"),
        ("Not A Slug", (), "lower-case"),
        ("mine", (), "registered already"),
        ("other", ("--defaults", '{"stepps": 4}'), "stepps"),
        ("other", ("--defaults", '{"vectors": 99}'), "vectors"),
        ("other", ("--defaults", '{"kind": "object"}'), "for each job to say"),
        ("other", ("--defaults", "[]"), "defaults"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_stored(db, folders, slug, options, message):
    add("mine", folders["sd1"])
    with pytest.raises(CommandError, match=message):
        add(slug, folders["sd1"], *options)
    assert list(BaseModel.objects.exclude(slug="pocket").values_list("slug", flat=True)) == ["mine"]


def test_a_model_that_the_engine_cannot_train_is_refused_with_the_reason(db, tmp_path):
    with pytest.raises(CommandError, match="as inpainting models do"):
        add("mine", make_tiny_sd(tmp_path / "inpainting", unet_channels=9))
    with pytest.raises(CommandError, match="could not be loaded"):
        add("mine", tmp_path)
    assert not BaseModel.objects.filter(slug="mine").exists()
