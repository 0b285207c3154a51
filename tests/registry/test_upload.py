"""The one door into the registry: what comes in whole, and what is turned away with nothing stored."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from registry import services, storage
from registry.errors import RegistryError
from registry.formats import Dtype, Encoder, NamedFile, Target, canonical, hashes, inspect, targets_for, write
from registry.formats.limits import MAX_FILE_BYTES
from registry.lookup import find_duplicates, listed_versions
from registry.models import Embedding, File, Preview, Version
from registry.pictures.previews import NewPreview, read_picture, store_generated
from tests.registry.samples import at_once, picture, sd1_file, sdxl_file, vectors


def test_an_upload_is_stored_as_canonical_safetensors_with_every_fact_about_it(alice, upload):
    data = write(Target.A1111_PT, inspect(sd1_file(7, rows=3)).encoders, token="<x>", name="old")[0].data
    embedding = upload(
        alice, "my-heart", data=data, filename=r"C:\stuff\heart.pt", tags=["Red Things, heart", "heart"], description="**Red**"
    )  # fmt: skip
    version = embedding.latest
    assert (embedding.owner, embedding.name, embedding.base, embedding.token) == (
        alice,
        "my-heart",
        "sd1",
        "<my-heart>",
    )
    assert embedding.tags == ["red-things", "heart"]
    assert embedding.description_html == "<p><strong>Red</strong></p>\n"
    assert (version.number, version.vectors, version.layout, version.filename) == (1, 3, "a1111", "heart.pt")
    assert version.encoders == [{"name": "emb_params", "shape": [3, 768], "dtype": "F32"}]
    assert np.array_equal(inspect(storage.read(version.blob)).encoders[0].vectors, vectors(7, 3))
    assert len(version.norms["emb_params"]) == 3
    assert version.norms["emb_params"][0] == pytest.approx(float(np.linalg.norm(vectors(7, 3)[0])), rel=1e-6)


def test_every_file_it_can_be_downloaded_as_is_known_by_its_hashes(alice, upload):
    encoders = inspect(sdxl_file()).encoders
    embedding = upload(alice, data=sdxl_file(), base="sdxl")
    version = embedding.latest
    files = {(file.target, file.dtype, file.filename): file for file in version.files.all()}
    assert {target for target, _, _ in files} == set(targets_for(encoders))
    for target in targets_for(encoders):
        for dtype in Dtype:
            for written in write(target, encoders, token=embedding.token, name=embedding.name, dtype=dtype):
                row = files.pop((target, dtype, written.filename))
                assert (row.size, row.sha256) == (len(written.data), hashes.sha256(written.data))
                assert (row.crc32, row.autov3) == (hashes.crc32(written.data), hashes.autov3(written.data))
                assert len(row.blake3) == 64
    assert not files
    assert version.files.get(target="canonical", dtype="float32").sha256 == version.blob


def test_the_same_vectors_in_another_container_are_found_as_duplicates(alice, bob, upload):
    mine = upload(alice)
    encoders = inspect(sd1_file()).encoders
    theirs = upload(bob, data=write(Target.DIFFUSERS_BIN, encoders, token="<b>", name="b")[0].data)
    hidden = upload(bob, "hidden-one", visibility="private")
    for person, expected in ((alice, [mine, theirs]), (bob, [mine, theirs, hidden])):
        found = find_duplicates(encoders, versions=listed_versions(person))
        assert [item.version.embedding for item in found] == expected
        assert {item.rounded for item in found} == {""}


REFUSED = [
    ({"data": b"hello, this is no embedding at all"}, "unknown_container", "file", "heart.safetensors"),
    ({"data": b""}, None, "file", "heart.safetensors"),
    ({"data": sd1_file()[:-100]}, "truncated", "file", "heart.safetensors"),
    ({"data": picture()}, None, "file", "heart.safetensors"),
    ({"data": bytes(MAX_FILE_BYTES + 1)}, "too_large", "file", "16 MB"),
    ({"name": "Red Heart"}, "bad_name", "name", "lower-case"),
    ({"name": "ab"}, "bad_name", "name", "3 to 64"),
    ({"name": "settings"}, "name_reserved", "name", "choose another"),
    ({"name": "taken-name"}, "name_taken", "name", "choose another"),
    ({"base": "sdxl"}, "wrong_base", "base", "sd1"),
    ({"base": "flux"}, "wrong_base", "base", "sd1"),
    ({"token": " "}, "no_token", "token", "placeholder token"),
    ({"token": "<my heart>"}, "bad_token", "token", "space"),
    ({"token": "<my\u200bheart>"}, "bad_token", "token", "invisible"),
    ({"token": "<my\x00heart>"}, "bad_token", "token", "invisible"),
    ({"token": "x" * 81}, "bad_token", "token", "80"),
    ({"token": "emb_params"}, "bad_token", "token", "emb_params"),
    ({"title": "  "}, "required", "title", "title"),
    ({"title": "t" * 121}, "too_long", "title", "120"),
    ({"title": "a\x00b"}, "bad_text", "title", "control"),
    ({"kind": "person"}, "bad_choice", "kind", "negative"),
    ({"license": "do-what-you-want"}, "bad_choice", "license", "cc0-1.0"),
    ({"visibility": "friends"}, "bad_choice", "visibility", "unlisted"),
    ({"tags": ["fine", "<script>"]}, "bad_tag", "tags", "<script>"),
    ({"tags": ["x" * 41]}, "bad_tag", "tags", "40"),
    ({"tags": [f"tag-{n}" for n in range(21)]}, "too_many_tags", "tags", "20"),
    ({"description": "d" * 10_001}, "too_long", "description", "10,000"),
]


@pytest.mark.parametrize(("fields", "code", "field", "word"), REFUSED, ids=[f"{row[2]}-{row[1]}-{i}" for i, row in enumerate(REFUSED)])  # fmt: skip
def test_bad_input_is_refused_by_name_and_leaves_nothing(alice, upload, fields, code, field, word):
    upload(alice, "taken-name", seed=1)
    before = [model.objects.count() for model in (Embedding, Version, File, Preview)]
    with pytest.raises(RegistryError) as refused:
        upload(alice, fields.pop("name", "new-name"), **fields)
    assert refused.value.field == field
    assert code is None or refused.value.code == code
    assert word in refused.value.message
    assert [model.objects.count() for model in (Embedding, Version, File, Preview)] == before


def test_too_many_previews_undo_the_rows_written_before_them(alice, upload):
    stored = NewPreview(picture=read_picture("p.png", picture()))
    with pytest.raises(RegistryError, match="64 pictures"):
        upload(alice, previews=[stored] * 65)
    assert not Embedding.objects.exists()
    assert not File.objects.exists()


def test_two_people_may_use_one_name(alice, bob, upload):
    assert upload(alice).name == upload(bob).name


def test_previews_keep_their_order_and_how_they_were_made(alice, upload):
    drawn = store_generated(Image.new("RGB", (64, 64), "blue"))
    embedding = upload(
        alice,
        previews=[
            NewPreview(picture=drawn, source="generated", variant="initialiser", prompt="a thing", seed=3),
            NewPreview(picture=drawn, source="generated", template="a {}", prompt="a <x>", seed=4, settings={"steps": 20}),
        ],
    )  # fmt: skip
    first, second = embedding.latest.previews.all()
    assert (first.position, first.variant, first.seed) == (0, "initialiser", 3)
    assert (second.position, second.template, second.settings) == (1, "a {}", {"steps": 20})
    assert embedding.latest.cover == second  # what it does, not what the initialiser words do


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_for_one_name_at_once_one_gets_it(alice, upload):
    outcomes = at_once([lambda seed=seed: upload(alice, "same-name", seed=seed) for seed in range(6)])
    refused = [outcome for outcome in outcomes if isinstance(outcome, RegistryError)]
    assert len(outcomes) == 6
    assert {error.code for error in refused} == {"name_taken"}
    assert len(refused) == 5
    assert Embedding.objects.count() == Version.objects.count() == 1
    assert set(File.objects.values_list("version", flat=True)) == {Version.objects.get().pk}


def test_versions_count_up_and_the_newest_is_shown(alice, upload):
    embedding = upload(alice)
    version = services.add_version(
        embedding=embedding, files=[NamedFile("v2.safetensors", sd1_file(5))], notes="Longer"
    )
    assert (version.number, version.notes) == (2, "Longer")
    assert Embedding.objects.get().latest == version


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (sd1_file(0), "unchanged", "version 1"),
        (sdxl_file(), "wrong_base", "Stable Diffusion 1.x"),
        (b"junk", None, "v2.pt"),
    ],
)
def test_a_version_that_does_not_fit_is_refused(alice, upload, data, code, word):
    embedding = upload(alice)
    with pytest.raises(RegistryError) as refused:
        services.add_version(embedding=embedding, files=[NamedFile("v2.pt", data)])
    assert code is None or refused.value.code == code
    assert word in refused.value.message
    assert embedding.versions.count() == 1


def test_uploaded_versions_are_bounded_and_trained_ones_are_taken(alice, upload, monkeypatch):
    monkeypatch.setattr(services, "MAX_VERSIONS", 1)
    embedding, files = upload(alice), [NamedFile("v2.safetensors", sd1_file(5))]
    with pytest.raises(RegistryError) as refused:
        services.add_version(embedding=embedding, files=files)
    assert refused.value.code == "too_many_versions" and embedding.versions.count() == 1
    assert services.add_version(embedding=embedding, files=files, within_quota=False).number == 2


@pytest.mark.django_db(transaction=True)
def test_versions_that_arrive_at_once_get_numbers_of_their_own(alice, upload):
    embedding = upload(alice)

    def add(seed):
        files = [NamedFile("v.safetensors", sd1_file(seed))]
        return services.add_version(embedding=embedding, files=files).number

    outcomes = at_once([lambda seed=seed: add(seed) for seed in range(1, 5)])
    assert sorted(outcomes) == [2, 3, 4, 5]
    assert sorted(version.number for version in embedding.versions.all()) == [1, 2, 3, 4, 5]


def test_what_is_said_can_change_and_what_files_carry_cannot(alice, upload):
    embedding = upload(alice, visibility="private")
    services.update_embedding(embedding=embedding, title="New", description="# Hi", tags=["a b"], visibility="unlisted")
    stored = Embedding.objects.get()
    assert (stored.title, stored.tags, stored.visibility) == ("New", ["a-b"], "unlisted")
    assert stored.description_html == "<h3>Hi</h3>\n"
    for field in ("name", "token", "base"):
        with pytest.raises(RegistryError) as refused:
            services.update_embedding(embedding=embedding, title="Newer", **{field: "sdxl"})
        assert (refused.value.code, refused.value.field) == ("fixed", field)
    assert Embedding.objects.get().title == "New"


def test_publishing_makes_a_draft_public(alice, upload):
    embedding = upload(alice, visibility="private")
    assert embedding.visibility == "private"
    services.publish(embedding=embedding)
    assert Embedding.objects.get().visibility == "public"


def test_deleting_takes_everything_below_it_and_leaves_shared_bytes(alice, bob, upload):
    mine, theirs = upload(alice), upload(bob)
    services.delete_embedding(embedding=mine)
    assert list(Embedding.objects.all()) == [theirs]
    assert storage.read(theirs.latest.blob) == sd1_file()


def test_embeddings_and_versions_never_share_a_number(alice, upload):
    made = [upload(alice, f"word-{n}", seed=n) for n in range(3)]
    ids = [pk for embedding in made for pk in (embedding.pk, embedding.latest.pk)]
    assert len(set(ids)) == 6


def test_an_sdxl_file_needs_both_its_encoders(alice, upload):
    half = canonical([Encoder("clip_g", vectors(0, 2, 1280), "F32")])  # alone it is Stable Cascade's
    with pytest.raises(RegistryError, match=r"heart\.safetensors.*cascade") as refused:
        upload(alice, data=half, base="sdxl")
    assert (refused.value.code, refused.value.field) == ("wrong_base", "base")


def test_a_token_that_the_base_model_knows_is_refused_where_its_words_are_at_hand(alice, upload):
    data = canonical([Encoder("emb_params", vectors(0, 2, 128), "F32")])
    with pytest.raises(RegistryError, match=r"red is already a word of this base model.*<red-1>") as refused:
        upload(alice, "red-thing", data=data, base="pocket", token="red")
    assert (refused.value.code, refused.value.field) == ("token_in_vocabulary", "token")
    assert not Embedding.objects.exists()

    assert upload(alice, "red-thing", data=data, base="pocket", token="<red>").token == "<red>"
    assert upload(alice, "red-sd1", token="red").token == "red"  # the words of SD 1.x are not at hand
