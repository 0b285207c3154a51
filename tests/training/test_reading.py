"""What versions mean, read by a worker: found by itself, once, in whatever order it is interrupted, and told honestly until then."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from registry import meaning, storage
from registry.formats import Encoder, NamedFile, canonical
from registry.models import Reading, Version, Vocabulary
from registry.services import add_version, upload_embedding
from tests.support.tiny_sd import make_tiny_sdxl
from training import reading
from training.inversion import vocabulary
from training.inversion.errors import BaseUnavailable
from training.models import BaseModel
from training.pocket.info import WEIGHTS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_missing(monkeypatch):
    monkeypatch.setattr(reading, "_missing", set())


@pytest.fixture(scope="module")
def words():
    (found,) = vocabulary.load_words("pocket")
    return found


def row_of(words, text):
    """The input vector of a word."""
    number = words.texts.index(text)
    return (words.directions[number] * words.norms[number]).numpy()


@pytest.fixture
def upload(alice):
    def make(name, rows, **changes):
        said = {"title": name, "token": f"<{name}>", "kind": "object", "base": "pocket", "license": "mit"} | changes
        parts = rows if isinstance(rows, list) else [Encoder("emb_params", np.asarray(rows, np.float32), "F32")]
        data = canonical(parts)
        return upload_embedding(
            owner=alice, filename="x.safetensors", data=data, name=name, visibility="public", **said
        )

    return make


def told(version):
    return meaning.for_page(version.embedding, version)["meaning"]


def test_words_are_whole_words_as_people_write_them(words):
    assert {"red", "star", "orange", "kite"} <= set(words.texts) and len(set(words.texts)) == len(words.texts)
    assert not [text for text in words.texts if "<" in text or (len(text) == 1 and text.isascii())]
    assert words.width == 128 and words.median_norm == pytest.approx(0.4, abs=0.01)


def test_a_vector_that_is_a_word_is_read_as_that_word(pocket, upload, words):
    red, star = row_of(words, "red"), row_of(words, "star")
    version = upload("both", [Encoder("emb_params", np.stack([red, 5 * star, 0.1 * red + star]), "F32")])
    assert told(version)["state"] == "no_base"  # no worker has looked yet
    assert reading.read_waiting() == 1
    shown = told(version)
    assert shown["state"] == "ready" and shown["reading"].title == pocket.title
    first, second, third = shown["encoders"][0].vectors
    assert first.nearest[0] == ("red", pytest.approx(1, abs=1e-3)) and len(first.nearest) == 8
    assert first.sentences == ["It is almost exactly the word “red”.", "It is as long as a usual word."]
    assert second.nearest[0][0] == "star" and second.percentile == 100
    assert second.sentences[1].startswith("At 5.0 times the length of a usual word, it may drown out")
    assert third.nearest[0][0] == "star"


def test_each_version_is_read_once_and_new_ones_are_found(pocket, upload, words, client):
    version = upload("one", row_of(words, "red")[None])
    assert [reading.read_waiting() for _ in range(2)] == [1, 0]
    assert Vocabulary.objects.get().words == len(words.texts)
    files = [NamedFile("x.safetensors", canonical([Encoder("emb_params", row_of(words, "kite")[None], "F32")]))]
    second = add_version(embedding=version.embedding, files=files)
    assert told(second)["state"] == "waiting"
    answer = client.get("/api/hub/embeddings/alice/one/meaning").json()
    assert (answer["version"], answer["state"], answer["encoders"]) == (2, "waiting", [])
    assert reading.read_waiting() == 1
    answer = client.get("/api/hub/embeddings/alice/one/meaning", {"version": 1}).json()
    assert answer["encoders"][0]["vectors"][0]["nearest"][0]["word"] == "red"
    assert client.get("/api/hub/embeddings/alice/one/meaning", {"version": 9}).status_code == 404


def test_other_weights_are_other_words(pocket, upload, words):
    version = upload("one", row_of(words, "red")[None])
    reading.read_waiting()
    BaseModel.objects.update(fingerprint="0" * 64)
    assert reading.read_waiting() == 1
    assert Reading.objects.get(version=version).source.endswith("0" * 64)
    BaseModel.objects.update(enabled=False)
    assert reading.read_waiting() == 0 and not Vocabulary.objects.exists()
    assert told(version)["state"] == "ready"  # what was read stays true


def test_a_worker_that_is_stopped_leaves_the_rest_to_the_next(pocket, upload, words):
    for name in ("one", "two", "three"):
        upload(name, row_of(words, "red")[None])
    asked = iter([False, True])
    assert reading.read_waiting(lambda: next(asked)) == 1
    assert reading.read_waiting() == 2 and Reading.objects.count() == 3


def test_a_lost_file_keeps_nobody_waiting_and_is_tried_again(pocket, upload, words):
    lost, sound = (upload(name, row_of(words, text)[None]) for name, text in (("lost", "red"), ("sound", "kite")))
    data = storage.read(lost.blob)
    storage.default_storage.delete(storage.path_of(lost.blob))
    assert reading.read_waiting() == 2 and reading.read_waiting() == 0
    assert (told(lost)["state"], told(sound)["state"]) == ("unreadable", "ready")
    storage.put(data)
    Reading.objects.filter(version=lost).update(made="2020-01-01T00:00:00Z")
    assert reading.read_waiting() == 1 and told(lost)["state"] == "ready"


def test_what_has_no_base_model_here_is_not_read_and_says_so(pocket, upload):
    version = upload("foreign", np.ones((1, 768)), base="sd1")
    assert reading.read_waiting() == 0
    assert told(version)["state"] == "no_base" and not Reading.objects.exists()


def test_a_base_model_that_is_not_on_this_machine_is_asked_for_once(pocket, upload, caplog):
    BaseModel.objects.update(source="/nowhere/at-all", fingerprint="1" * 64)
    upload("one", np.ones((1, 128)))
    assert [reading.read_waiting() for _ in range(2)] == [0, 0]
    assert caplog.text.count("is not used to read") == 1 and not Vocabulary.objects.exists()


def test_a_deleted_version_is_no_error(pocket, upload):
    version = upload("gone", np.ones((1, 128)))
    key = version.pk
    Version.objects.all().delete()
    assert meaning.keep(key, source="x", title="x", encoders=[]) is None
    assert not Reading.objects.exists()


def test_both_text_encoders_of_xl_are_read(upload, tmp_path_factory):
    folder = make_tiny_sdxl(tmp_path_factory.mktemp("xl"))
    BaseModel.objects.create(slug="xl", title="Tiny XL", family="sdxl", source=str(folder), resolution=16)
    both = vocabulary.load_words(str(folder))
    assert [each.width for each in both] == [768, 1280]
    text = both[0].texts[3]
    parts = [
        Encoder(name, row_of(each, text)[None], "F32") for name, each in zip(("clip_l", "clip_g"), both, strict=True)
    ]
    version = upload("xl-word", parts, base="sdxl")
    assert reading.read_waiting() == 1
    shown = told(version)["encoders"]
    assert [encoder.name for encoder in shown] == ["clip_l", "clip_g"]
    assert {encoder.vectors[0].nearest[0][0] for encoder in shown} == {text}


def test_only_the_token_table_is_read_of_the_model(words):
    stored = load_file(WEIGHTS / "text_encoder" / "model.safetensors")
    table = next(value for name, value in stored.items() if name.endswith("token_embedding.weight"))
    rows = words.directions * words.norms[:, None]
    assert all((table - row).norm(dim=-1).min() < 1e-5 for row in rows[::40])


def test_a_folder_that_is_no_model_is_told_in_one_sentence(tmp_path):
    with pytest.raises(BaseUnavailable, match="no text encoder"):
        vocabulary.load_words(str(tmp_path))


@pytest.mark.parametrize("norm", [0.0, 1e30])
def test_extreme_vectors_are_read_too(words, norm):
    rows = np.full((1, 128), norm, np.float32)
    (found,) = vocabulary.read(words, rows, count=8)
    assert len(found["nearest"]) == 8 and found["percentile"] == (0 if norm == 0 else 100)
    assert torch.isfinite(torch.tensor([cosine for _, cosine in found["nearest"]])).all()
