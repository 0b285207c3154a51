"""Files that belong together: halves become one embedding, pairs and bundles are published each on its own, all or none."""

from __future__ import annotations

import re

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from registry import services, storage
from registry.errors import RegistryError
from registry.formats import NamedFile, Target, hashes, inspect, safetensors, write
from registry.formats.limits import MAX_FILE_BYTES
from registry.intake import choose_part, read_files
from registry.models import Embedding, File, Hash, Version
from tests.registry.samples import sd1_file, sdxl_file, vectors

LIST = "/api/hub/embeddings"
SAID = {"title": "Fox", "token": "<fox>", "kind": "object", "license": "mit", "visibility": "public"}


def halves():
    """What diffusers' SDXL script writes: two files with one token."""
    return [
        NamedFile("learned_embeds.safetensors", safetensors.write({"<fox>": vectors(0, 2, 768)}, {"format": "pt"})),
        NamedFile("learned_embeds_2.safetensors", safetensors.write({"<fox>": vectors(0, 2, 1280)}, {"format": "pt"})),
    ]


def pair():
    """What DreamArtist writes: a word and its negative."""
    files = []
    for seed, name in enumerate(("fox", "fox-neg")):
        data = write(Target.A1111_PT, inspect(sd1_file(seed)).encoders, token="<x>", name=name)[0].data
        files.append(NamedFile(f"{name}.pt", data))
    return files


def uploaded(files):
    return [SimpleUploadedFile(file.name, file.data) for file in files]


def labels(files):
    return {part.role: part.label for part in read_files(files).parts}


def test_two_halves_are_one_embedding(api_as, alice):
    form = SAID | {"file": uploaded(halves()), "name": "fox", "base": "sdxl"}
    answer = api_as(alice).post(LIST, form, format="multipart")
    assert answer.status_code == 201, answer.content
    version = Version.objects.get()
    stored = {encoder.name: encoder.vectors for encoder in inspect(storage.read(version.blob)).encoders}
    assert np.array_equal(stored["clip_l"], vectors(0, 2, 768))
    assert np.array_equal(stored["clip_g"], vectors(0, 2, 1280))
    assert version.digest == inspect(sdxl_file()).digest
    for file in halves():
        found = api_as(alice).get(f"/api/hub/hashes/{hashes.sha256(file.data)[:12]}").json()["results"]
        assert [(match["name"], match["uploaded"]) for match in found] == [("fox", True)]


def test_half_of_an_embedding_is_refused(alice):
    with pytest.raises(RegistryError) as refused:
        read_files(halves()[1:])
    assert "learned_embeds_2.safetensors" in refused.value.message


def test_more_files_than_belong_together_and_one_too_large_are_refused_by_name():
    with pytest.raises(RegistryError, match=r"^7 files came; at most 6 .*Upload each embedding on its own\.$"):
        read_files([NamedFile(f"{number}.pt", b"{}") for number in range(7)])
    large = bytes(MAX_FILE_BYTES + 1)
    for files in ([NamedFile("large.pt", large)], [NamedFile("large.pt", large), halves()[0]]):
        with pytest.raises(RegistryError, match=r"^large\.pt: The file has more than 16 MB.*LoRA") as refused:
            read_files(files)
        assert (refused.value.code, refused.value.field) == ("too_large", "file")


def test_inspecting_tells_the_parts_apart_and_one_is_created_at_a_time(api_as, alice):
    client = api_as(alice)
    told = client.post("/api/hub/inspect", {"file": uploaded(pair())}, format="multipart").json()
    assert [part["role"] for part in told["parts"]] == ["positive", "negative"]
    assert [part["sources"] for part in told["parts"]] == [["fox.pt"], ["fox-neg.pt"]]
    assert told["digest"] == told["parts"][0]["digest"] != told["parts"][1]["digest"]

    form = SAID | {"name": "fox", "base": "sd1"}
    answer = client.post(LIST, form | {"file": uploaded(pair())}, format="multipart")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "several_embeddings")
    assert list(answer.json()["error"]["fields"]) == ["part"]
    for part, name in ((told["parts"][0]["label"], "fox"), ("negative", "fox-bad")):
        answer = client.post(LIST, form | {"file": uploaded(pair()), "name": name, "part": part}, format="multipart")
        assert answer.status_code == 201, answer.content
    made = {embedding.name: embedding.latest for embedding in Embedding.objects.all()}
    assert made["fox"].digest == inspect(sd1_file(0)).digest
    assert made["fox-bad"].digest == inspect(sd1_file(1)).digest
    assert (made["fox"].filename, made["fox-bad"].filename) == ("fox.pt", "fox-neg.pt")


def test_a_version_may_come_in_two_halves(alice, upload):
    embedding = upload(alice, data=sdxl_file(5), base="sdxl")
    version = services.add_version(embedding=embedding, files=halves())
    assert (version.number, version.digest) == (2, inspect(sdxl_file()).digest)


def test_a_version_is_one_embedding_of_the_upload(alice, upload):
    embedding = upload(alice, seed=7)
    with pytest.raises(RegistryError) as refused:
        services.add_version(embedding=embedding, files=pair())
    assert refused.value.code == "several_embeddings"
    version = services.add_version(embedding=embedding, files=pair(), part="negative")
    assert version.digest == inspect(sd1_file(1)).digest


def test_a_part_is_chosen_by_label_or_role(db):
    upload = read_files(pair())
    for part in upload.parts:
        assert choose_part(upload, part.label) == choose_part(upload, part.role) == part


@pytest.fixture
def site(as_user, alice):
    return as_user(alice)


def look(site):
    page = site.post("/upload", {"file": uploaded(pair())})
    html = page.content.decode()
    assert page.status_code == 200, html
    values = dict(re.findall(r'<input type="(?:hidden|text)" name="([^"]+)" value="([^"]*)"', html))
    chosen = {"part-0-base": "sd1", "part-1-base": "sd1", "part-0-kind": "object", "part-1-kind": "negative"}
    tokens = {"part-0-token": "<fox>", "part-1-token": "<fox-neg>"}
    taken = {"part-0-include": "on", "part-1-include": "on", "license": "mit", "visibility": "public"}
    return html, values | chosen | tokens | taken


def test_each_embedding_of_an_upload_is_named_and_published(site):
    html, values = look(site)
    assert (values["part-0-name"], values["part-1-name"]) == ("fox", "fox-neg")
    assert re.search(r'<option value="negative" selected>', html)
    assert not Embedding.objects.exists()
    done = site.post("/upload", values | {"part-1-name": "fox-bad", "tags": "animal"})
    assert done["Location"] == "/alice"
    made = {embedding.name: embedding for embedding in Embedding.objects.all()}
    assert {name: (embedding.kind, embedding.tags) for name, embedding in made.items()} == {
        "fox": ("object", ["animal"]),
        "fox-bad": ("negative", ["animal"]),
    }
    assert made["fox-bad"].latest.digest == inspect(sd1_file(1)).digest


def test_one_of_several_may_be_left_out(site):
    _, values = look(site)
    del values["part-0-include"]
    site.post("/upload", values | {"part-0-name": "not a name"})
    assert [embedding.name for embedding in Embedding.objects.all()] == ["fox-neg"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"part-1-name": "not a name"}, "lower-case"),
        ({"part-1-name": "fox"}, "already"),
        ({"part-1-name": "taken"}, "already"),
        ({"part-1-token": "a b"}, "space"),
        ({"part-1-base": ""}, "required"),
        ({"license": "mine"}, "mine"),
        ({"part-0-include": "", "part-1-include": ""}, "at least one"),
    ],
)
def test_what_is_wrong_with_one_keeps_all_from_being_stored(site, alice, upload, change, word):
    upload(alice, "taken", seed=9)
    before = [model.objects.count() for model in (Embedding, Version, File, Hash)]
    _, values = look(site)
    values = {name: value for name, value in (values | change).items() if value or not name.endswith("include")}
    page = site.post("/upload", values)
    assert page.status_code == 422
    assert word in page.content.decode()
    assert [model.objects.count() for model in (Embedding, Version, File, Hash)] == before
