"""The sample catalogue: made by the engine, loaded once, and labelled for what it is."""

from __future__ import annotations

import json
import shutil

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from hub.accounts.models import User
from registry.models import Embedding
from training import catalogue
from training.pocket.concepts import CONCEPTS
from training.recipe import STRENGTHS

NAMES = ["cobalt-heart", "ink-wash"]
#: Bytes of the whole committed catalogue, so that the repository stays light.
MAX_CATALOGUE_BYTES = 3 * 1024 * 1024


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_folder):
    """A catalogue of an object and a style on a base model that knows nothing."""
    out = tmp_path_factory.mktemp("catalogue")
    options = {"out": out, "only": NAMES, "steps": 4, "base": str(tiny_folder)}
    call_command("make_catalogue", **options)
    return out, options


@pytest.fixture
def demo(db):
    return User.objects.create_user("demo", password="x")


def test_each_concept_gets_its_embedding_grid_and_receipt(made):
    out, _ = made
    assert sorted(path.name for path in out.iterdir()) == NAMES
    for name in NAMES:
        receipt = json.loads((out / name / "receipt.json").read_text())
        assert receipt["steps"] == 4 and receipt["images"] == 8
        assert {entry["variant"] for entry in receipt["previews"]} == {"learned", "initialiser"}
        files = {entry["file"] for entry in receipt["previews"]} | {"receipt.json", "embedding.safetensors"}
        assert files == {path.name for path in (out / name).iterdir()}
        for entry in receipt["previews"]:
            data = (out / name / entry["file"]).read_bytes()
            assert b"trainedAlgorithmicMedia" in data


def test_what_is_made_is_not_made_again_and_what_was_interrupted_is(made, capsys):
    out, options = made
    before = (out / NAMES[0] / "embedding.safetensors").stat().st_mtime_ns
    (out / NAMES[1] / "receipt.json").unlink()
    call_command("make_catalogue", **options)
    assert "1 of 2 concepts to train" in capsys.readouterr().out
    assert (out / NAMES[0] / "embedding.safetensors").stat().st_mtime_ns == before
    assert (out / NAMES[1] / "receipt.json").exists()


def test_strengths_are_drawn_later_where_they_are_missing(made, tmp_path, capsys):
    out, options = made
    shutil.copytree(out, tmp_path / "older")
    folder = tmp_path / "older" / NAMES[0]
    whole = json.loads((folder / "receipt.json").read_text())
    for entry in whole["previews"]:
        if "strength" in entry["settings"]:
            (folder / entry["file"]).unlink()
    older = whole | {"previews": [entry for entry in whole["previews"] if "strength" not in entry["settings"]]}
    (folder / "receipt.json").write_text(json.dumps(older))
    call_command("make_catalogue", **(options | {"out": tmp_path / "older", "strengths": True}))
    assert f"{NAMES[0]}: 4 pictures" in (told := capsys.readouterr().out) and f"{NAMES[1]}: 0 pictures" in told
    assert json.loads((folder / "receipt.json").read_text()) == whole
    assert {path.name for path in folder.iterdir()} == {path.name for path in (out / NAMES[0]).iterdir()}


def test_loading_publishes_labelled_samples_once(made, demo, capsys):
    out, _ = made
    call_command("load_catalogue", folder=out)
    assert "Loaded 2" in capsys.readouterr().out
    call_command("load_catalogue", folder=out)
    assert capsys.readouterr().out == ""
    assert Embedding.objects.filter(visibility="public", owner=demo).count() == 2
    heart = Embedding.objects.get(name="cobalt-heart")
    assert "sample" in heart.tags and set(CONCEPTS["cobalt-heart"].tags) <= set(heart.tags)
    assert catalogue.SAMPLE_SENTENCE in heart.description
    assert (heart.token, heart.kind, heart.base) == ("<cobalt-heart>", "object", "pocket")
    version = heart.versions.get()
    assert version.receipt["steps"] == 4 and "previews" not in version.receipt
    assert version.previews.count() == len(json.loads((out / "cobalt-heart" / "receipt.json").read_text())["previews"])
    assert {preview.source for preview in version.previews.all()} == {"generated"}


def test_a_sample_whose_name_the_owner_uses_is_left_out(made, demo, capsys):
    out, _ = made
    call_command("load_catalogue", folder=out)
    Embedding.objects.filter(name="ink-wash").update(title="Mine")
    Embedding.objects.filter(name="cobalt-heart").delete()
    call_command("load_catalogue", folder=out)
    assert Embedding.objects.get(name="ink-wash").title == "Mine"
    assert Embedding.objects.filter(name="cobalt-heart").exists()


@pytest.mark.django_db
def test_without_its_owner_nothing_is_loaded(made):
    with pytest.raises(CommandError, match="no account called demo"):
        call_command("load_catalogue", folder=made[0])


def test_the_committed_catalogue_is_whole_and_light():
    present = list(catalogue.concepts_in(catalogue.FOLDER))
    assert len(present) >= 24
    files = [path for path in catalogue.FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MAX_CATALOGUE_BYTES
    for folder in present:
        entries = json.loads((folder / catalogue.RECEIPT_FILE).read_text())["previews"]
        assert [entry["settings"].get("strength", 1) for entry in entries] == [1] * 12 + list(STRENGTHS)
        for entry in entries:
            with Image.open(folder / entry["file"]) as image:
                image.load()
