"""Files that belong together: halves become one embedding, pairs and bundles are published each on its own, all or none."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from registry import services, storage
from registry.errors import RegistryError
from registry.formats import NamedFile, Target, hashes, inspect, safetensors, write
from registry.formats.limits import MAX_FILE_BYTES
from registry.intake import choose_part, read_files
from registry.models import DraftCard, Embedding, File, Hash, Version
from tests.registry.samples import sd1_file, sdxl_file, vectors
from tests.registry.upload_forms import read

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


def look(site, *, files=None, one_by_one=False):
    """Put files into the draft, all in one form or each in its own; return the page and what its form holds."""
    files = pair() if files is None else files
    if one_by_one:
        for file in uploaded(files):
            assert site.post("/upload/files", {"file": file}).status_code == 200
    else:
        assert site.post("/upload", {"file": uploaded(files), "do": "add"}).status_code == 302
    page = site.get("/upload")
    return page.content.decode(), read(page)


def prefixes():
    """The prefixes of the cards' fields, in their order."""
    return [f"{card.anchor}-" for card in DraftCard.objects.order_by("id")]


def filled(values):
    """The form with all that publishing needs."""
    first, second = prefixes()
    chosen = {f"{first}base": "sd1", f"{second}base": "sd1", f"{first}token": "<fox>", f"{second}token": "<fox-neg>"}
    return {"do": "publish"} | values | chosen | {"license": "mit", "visibility": "public"}


@pytest.mark.parametrize("one_by_one", [False, True], ids=["together", "one by one"])
def test_each_embedding_of_an_upload_is_named_and_published(site, one_by_one):
    html, values = look(site, one_by_one=one_by_one)
    first, second = prefixes()
    assert (values[f"{first}name"], values[f"{second}name"]) == ("fox", "fox-neg")
    assert values[f"{second}kind"] == "negative"
    assert "Goes with" in html
    assert not Embedding.objects.exists()
    done = site.post("/upload", filled(values) | {f"{second}name": "fox-bad", "tags": "animal"})
    made = {embedding.name: embedding for embedding in Embedding.objects.all()}
    assert {name: (embedding.kind, embedding.tags) for name, embedding in made.items()} == {
        "fox": ("object", ["animal"]),
        "fox-bad": ("negative", ["animal"]),
    }
    assert made["fox-bad"].latest.digest == inspect(sd1_file(1)).digest
    page = site.get(done["Location"]).content.decode()
    assert "/alice/fox" in page and "/alice/fox-bad" in page


@pytest.mark.parametrize("order", [1, -1])
def test_halves_that_come_one_by_one_become_one_card_whichever_comes_first(site, order):
    html, values = look(site, files=halves()[::order], one_by_one=True)
    card = DraftCard.objects.get()
    assert (card.code, card.files.count()) == ("", 2)
    assert "Not read" not in html and "2 × 1280" in html
    prefix = f"{card.anchor}-"
    done = site.post(
        "/upload", {"do": "publish"} | values | {f"{prefix}name": "fox", "license": "mit", "visibility": "public"}
    )
    assert done["Location"] == "/alice/fox"
    assert Version.objects.get().digest == inspect(sdxl_file()).digest


def named_halves(*names):
    made = zip(names, ("clip_l", "clip_g"), (768, 1280), strict=True)
    return [NamedFile(f"{name}.safetensors", safetensors.write({key: vectors(0, 2, d)}, {})) for name, key, d in made]


@pytest.mark.parametrize(
    ("names", "label"),
    [(("fox_clip_l", "Fox_clip_g"), "fox"), (("clip_l", "clip_g"), "embedding"), (("fox-L", "fox-G"), "fox")],
)
def test_halves_of_one_text_encoder_each_are_one_where_they_are_named_alike(site, names, label):
    html, _ = look(site, files=named_halves(*names), one_by_one=True)
    card = DraftCard.objects.get()
    assert (card.label, card.told["layout"], [one["base"] for one in card.told["bases"]]) == (label, "sdxl", ["sdxl"])
    assert "is missing" not in html


def test_text_encoders_of_differently_named_files_stay_apart(site):
    look(site, files=named_halves("fox_clip_l", "cat_clip_g"), one_by_one=True)
    assert DraftCard.objects.count() == 2


def test_half_of_an_embedding_waits_for_its_other_half(site):
    html, _ = look(site, files=halves()[1:])
    assert "Not read" in html and "half of an SDXL embedding" in html


def test_halves_of_different_words_stay_apart(site):
    other = NamedFile("cat.safetensors", safetensors.write({"<cat>": vectors(0, 2, 768)}, {"format": "pt"}))
    html, _ = look(site, files=[other, halves()[1]], one_by_one=True)
    assert DraftCard.objects.count() == 2 and "Not read" in html


def test_an_embedding_may_be_said_otherwise_than_the_others(site):
    _, values = look(site)
    _first, second = prefixes()
    own = {f"{second}license": "cc0-1.0", f"{second}visibility": "private", f"{second}tags": "bad, hands"}
    site.post("/upload", filled(values) | own | {"tags": "animal"})
    made = {embedding.name: embedding for embedding in Embedding.objects.all()}
    assert [(e.license, e.visibility, e.tags) for e in (made["fox"], made["fox-neg"])] == [
        ("mit", "public", ["animal"]),
        ("cc0-1.0", "private", ["bad", "hands"]),
    ]


def test_one_of_several_may_be_left_out_and_stays_in_the_draft(site):
    _, values = look(site)
    first, _ = prefixes()
    form = filled(values) | {f"{first}name": "not a name"}
    del form[f"{first}include"]
    site.post("/upload", form)
    assert [embedding.name for embedding in Embedding.objects.all()] == ["fox-neg"]
    assert "not a name" in site.get("/upload").content.decode()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": "not a name"}, "lower-case"),
        ({"name": "fox"}, "has that name"),
        ({"name": "taken"}, "already"),
        ({"token": "a b"}, "space"),
        ({"base": ""}, "required"),
        ({"license": "mine"}, "mine"),
        ({"include": ""}, "at least one"),
    ],
)
def test_what_is_wrong_with_one_keeps_all_from_being_published(site, alice, upload, change, word):
    upload(alice, "taken", seed=9)
    before = [model.objects.count() for model in (Embedding, Version, File, Hash)]
    _, values = look(site)
    first, second = prefixes()
    form = filled(values) | {f"{second}{name}": value for name, value in change.items()}
    if "include" in change:
        form[f"{first}include"] = ""
    page = site.post("/upload", {name: value for name, value in form.items() if value or "include" not in name})
    assert page.status_code == 422
    assert word in page.content.decode()
    assert [model.objects.count() for model in (Embedding, Version, File, Hash)] == before
    assert DraftCard.objects.count() == 2
