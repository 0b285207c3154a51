"""The upload page: what is in the files is shown first, each embedding is named by the person, and nothing is half-stored."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from registry.formats import Target, inspect, write
from registry.models import Embedding, File, Hash
from tests.registry.samples import picture, sd1_file, sdxl_file

SHARED = {"license": "cc0-1.0", "visibility": "public"}


def sent(*files):
    return [SimpleUploadedFile(name, data) for name, data in files]


@pytest.fixture
def site(as_user, alice):
    return as_user(alice)


def look(site, *files):
    """Step one; returns the page and the values of the form it shows."""
    page = site.post("/upload", {"file": sent(*files)})
    html = page.content.decode()
    values = dict(re.findall(r'<input type="(?:hidden|text)" name="([^"]+)" value="([^"]*)"', html))
    return page, {name: value for name, value in values.items() if name != "csrfmiddlewaretoken"}


def pt_with_a_past():
    return write(Target.A1111_PT, inspect(sd1_file()).encoders, token="<x>", name="secret-project")[0].data


def test_one_file_is_looked_into_and_published(site, alice):
    page, values = look(site, ("Paper Boat.safetensors", sd1_file()))
    assert page.status_code == 200
    assert (values["name"], values["title"]) == ("paper-boat", "Paper Boat")
    assert not Embedding.objects.exists()
    done = site.post("/upload", values | SHARED | {"kind": "object", "base": "sd1", "token": "<paper-boat>"})
    assert done["Location"] == "/alice/paper-boat"
    assert Embedding.objects.get().title == "Paper Boat"


def test_what_a_file_calls_itself_inside_is_shown_and_not_published(site):
    page, values = look(site, ("boat.pt", pt_with_a_past()))
    assert "secret-project" in page.content.decode()
    assert "secret-project" not in "".join(values.values())
    site.post("/upload", values | SHARED | {"kind": "object", "base": "sd1"})
    embedding = Embedding.objects.get()
    for address in ("/alice/boat", "/api/hub/embeddings/alice/boat"):
        assert b"secret-project" not in site.get(address).content
    for file in embedding.latest.files.all():
        answer = site.get(f"/alice/boat/v1/{file.target}?file={file.filename}&dtype={file.dtype}")
        assert answer.status_code == 200
        assert b"secret-project" not in b"".join(answer.streaming_content)


def test_a_name_of_ones_own_is_not_suggested_again(site, alice, upload):
    upload(alice, "boat")
    assert look(site, ("boat.safetensors", sd1_file(3)))[1]["name"] == "boat-2"


def test_numbers_that_are_here_are_shown_as_the_version_they_are(site, bob, upload):
    upload(bob, "kite")
    half = write(Target.CANONICAL, inspect(sd1_file()).encoders, token="<x>", name="x", dtype="float16")[0].data
    page, _ = look(site, ("mine.safetensors", half))
    assert (
        '<a href="/bob/kite?version=1">bob/kite, version 1</a> (one is the other rounded to float16)'
        in page.content.decode()
    )


def test_a_look_alike_is_shown_before_publishing_and_does_not_stop_it(site, bob, upload):
    upload(bob, "kite", title="Kite")
    page, values = look(site, ("my.safetensors", sd1_file(4)))
    assert "/bob/kite" not in page.content.decode()
    form = values | SHARED | {"kind": "object", "base": "sd1", "title": "Кitе"}
    page = site.post("/upload", form)
    assert page.status_code == 422
    assert "/bob/kite" in page.content.decode()
    assert Embedding.objects.count() == 1
    seen = re.search(r'name="seen" value="([^"]+)"', page.content.decode())[1]
    assert site.post("/upload", form | {"seen": seen}).status_code == 302
    assert Embedding.objects.count() == 2


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ([("a.pt", b"text")], "a.pt"),
        ([(f"{n}.safetensors", sd1_file(n)) for n in range(7)], "at most 6"),
        ([("a.safetensors", sd1_file()), ("b.safetensors", sdxl_file())], "b.safetensors"),
        ([], "required"),
    ],
    ids=["junk", "many", "unrelated", "none"],
)
def test_files_that_make_no_upload_are_refused_in_words(site, files, word):
    page, _ = look(site, *files)
    assert page.status_code == 422
    assert word in page.content.decode()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": "Bad Name"}, "lower-case"),
        ({"title": "x\u202ey"}, "U+202E"),
        ({"token": "two words"}, "space"),
        ({"base": "sdxl"}, "sdxl"),
        ({"draft": "forged"}, "Choose it again"),
        ({"pictures": SimpleUploadedFile("p.png", b"no picture")}, "p.png"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_stored(site, change, word):
    _, values = look(site, ("boat.safetensors", sd1_file()))
    page = site.post("/upload", values | SHARED | {"kind": "object", "base": "sd1"} | change)
    assert page.status_code == 422
    assert word in page.content.decode()
    assert not (Embedding.objects.exists() or File.objects.exists() or Hash.objects.exists())


def test_somebody_elses_draft_is_not_taken(site, bob):
    _, values = look(site, ("boat.safetensors", sd1_file()))
    site.force_login(bob)
    assert site.post("/upload", values | SHARED | {"kind": "object", "base": "sd1"}).status_code == 422
    assert not Embedding.objects.exists()


def test_pictures_are_kept(site):
    _, values = look(site, ("boat.safetensors", sd1_file()))
    shown = SimpleUploadedFile("p.png", picture())
    site.post("/upload", values | SHARED | {"kind": "object", "base": "sd1", "pictures": [shown]})
    assert Embedding.objects.get().latest.previews.count() == 1
