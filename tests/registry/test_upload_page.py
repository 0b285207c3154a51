"""The upload page: what is in the files is shown first, each embedding is named by the person, and nothing is half-stored."""

from __future__ import annotations

import html
import re
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry import storage
from registry.formats import Encoder, NamedFile, Target, canonical, inspect, write
from registry.models import DraftCard, DraftPicture, Embedding, File, Hash
from registry.moderation.services import take_down
from registry.upload import drafts
from tests.registry.samples import at_once, picture, sd1_file
from tests.registry.upload_forms import look, read, said, sent


@pytest.fixture
def site(as_user, alice):
    return as_user(alice)


def pt_with_a_past():
    return write(Target.A1111_PT, inspect(sd1_file()).encoders, token="<x>", name="secret-project")[0].data


def test_one_file_is_looked_into_and_published(site, alice):
    page, values = look(site, ("Paper Boat.safetensors", sd1_file()))
    assert "2 × 768" in page.content.decode()
    assert {"paper-boat", "Paper Boat"} <= set(values.values())
    assert not Embedding.objects.exists()
    done = site.post("/upload", said(values, base="sd1", token="<paper-boat>"))
    assert done["Location"] == "/alice/paper-boat"
    assert Embedding.objects.get().title == "Paper Boat"
    assert drafts.for_account(alice) is None


def test_what_a_file_calls_itself_inside_is_shown_and_not_published(site):
    page, values = look(site, ("boat.pt", pt_with_a_past()))
    assert "secret-project" in page.content.decode()
    assert "secret-project" not in "".join(values.values())
    site.post("/upload", said(values, base="sd1"))
    embedding = Embedding.objects.get()
    for address in ("/alice/boat", "/api/hub/embeddings/alice/boat"):
        assert b"secret-project" not in site.get(address).content
    for file in embedding.latest.files.all():
        answer = site.get(f"/alice/boat/v1/{file.target}?file={file.filename}&dtype={file.dtype}")
        assert answer.status_code == 200
        assert b"secret-project" not in b"".join(answer.streaming_content)


def test_a_name_of_ones_own_is_not_suggested_again(site, alice, upload):
    upload(alice, "boat")
    _, values = look(site, ("boat.safetensors", sd1_file(3)), ("boat.pt", sd1_file(4)))
    assert {value for name, value in values.items() if name.endswith("-name")} == {"boat-2", "boat-3"}


def test_a_file_with_a_name_in_another_script_can_be_published_as_it_stands(site):
    _, values = look(site, ("赤い提灯.safetensors", sd1_file()))
    site.post("/upload", said(values, base="sd1"))
    made = Embedding.objects.get()
    assert (made.title, made.token) == ("赤い提灯", "<赤い提灯>")
    assert made.name.startswith("embedding-")


def test_numbers_that_are_here_are_shown_as_the_version_they_are(site, bob, upload):
    upload(bob, "kite")
    half = write(Target.CANONICAL, inspect(sd1_file()).encoders, token="<x>", name="x", dtype="float16")[0].data
    page, _ = look(site, ("mine.safetensors", half))
    assert (
        '<a href="/bob/kite?version=1">bob/kite, version 1</a> (one is the other rounded to float16)'
        in page.content.decode()
    )


def test_the_same_numbers_twice_in_one_draft_are_told(site):
    page, _ = look(site, ("one.safetensors", sd1_file()), ("two.pt", pt_with_a_past()))
    assert "in this draft twice" in page.content.decode()


def test_a_look_alike_is_shown_before_publishing_and_does_not_stop_it(site, bob, upload):
    upload(bob, "kite", title="Kite")
    page, values = look(site, ("my.safetensors", sd1_file(4)))
    assert "/bob/kite" not in page.content.decode()
    page = site.post("/upload", said(values, base="sd1", title="Кitе"))
    assert page.status_code == 422
    assert "/bob/kite" in page.content.decode()
    assert Embedding.objects.count() == 1
    assert site.post("/upload", said(read(page), base="sd1")).status_code == 302
    assert Embedding.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("a.pt", b"text", "no embedding is that small"),
        ("a.pt", b"", "empty"),
        ("evil.pt", b"\x80\x02cposix\nsystem\n.", "posix"),
        ("bomb.zip", b"PK\x03\x04" + bytes(400), "bomb.zip"),
        ("large.safetensors", bytes(17 * 2**20), "16 MB"),
        ("<b>&amp;\u202egnp.exe", b"MZ" + bytes(40), "program"),
    ],
    ids=["junk", "empty", "code", "zip", "large", "hostile-name"],
)
def test_a_file_that_cannot_be_read_is_a_card_that_says_why(site, name, data, word):
    page, _ = look(site, (name, data))
    text = page.content.decode()
    assert word in html.unescape(text) and "Not read" in text
    assert "<b>" not in text and "\u202e" not in text
    assert not stored_files()
    card = DraftCard.objects.get()
    assert site.post("/upload", {"do": f"remove-card-{card.pk}"}).status_code == 302
    assert not DraftCard.objects.exists()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("tool.exe", b"MZ" + bytes(40), "Die Datei ist ein Programm. Lade eine .safetensors-, .pt- oder .bin-Datei hoch, "
            "die ein Textual-Inversion-Embedding enthält."),
        ("evil.pt", b"\x80\x02cposix\nsystem\n.", "Die Datei verlangt posix.system; das braucht ein Embedding nie. "
            "Sie könnte versuchen, Code auszuführen. Öffne die Datei auch mit keinem anderen Programm."),
        ("cat.safetensors", sd1_file() + b"abc", "Nach der letzten Zahl folgt noch etwas (3 Byte). Lade die Datei noch einmal "
            "herunter, oder exportiere sie neu mit dem Programm, das sie gemacht hat."),
        ("wide.safetensors", canonical([Encoder("emb_params", np.ones((1, 3584), np.float32), "F32")]),
            "Die Vektoren haben 3584 Zahlen. 3584 ist die Breite von Qwen2.5-VL: Qwen-Image. Unterstützt werden 768 "),
    ],
    ids=["template", "value", "count", "hint"],
)  # fmt: skip
def test_a_refusal_is_told_whole_in_german(site, name, data, sentence):
    site.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    page, _ = look(site, (name, data))
    assert f"{name}: {sentence}" in html.unescape(page.content.decode())


def test_what_is_removed_leaves_one_where_one_was(site):
    look(site, ("boat.safetensors", sd1_file()), ("junk.pt", b"junk"), ("boat.png", picture()))
    boat, junk = DraftCard.objects.all()
    shown = DraftPicture.objects.get()
    moved = [site.post("/upload", {"do": f"remove-{what}"})["Location"] for what in (
        f"picture-{shown.pk}", f"card-{boat.pk}", f"card-{junk.pk}")]  # fmt: skip
    assert moved == [f"/upload#card-{boat.pk}", f"/upload#card-{junk.pk}", "/upload#upload-form"]


def test_a_title_is_made_of_the_words_of_a_files_name(site):
    _, values = look(site, ("Paper__Boat--v2 <x>.safetensors", sd1_file()))
    assert "Paper Boat v2 x" in values.values()


def stored_files():
    return [file for file in Path(storage.default_storage.location).rglob("*") if file.is_file()]


def test_no_file_at_all_is_told(site):
    page, _ = look(site)
    assert page.status_code == 422
    assert "Choose the embedding file." in page.content.decode()


def test_what_staff_took_down_is_not_published_from_a_draft_that_was_there_before(site, bob, sam, upload):
    _, values = look(site, ("boat.safetensors", sd1_file()))
    take_down(embedding=upload(bob, "kite"), by=sam, reason="illegal", text="")
    page = site.post("/upload", said(values, base="sd1"))
    assert page.status_code == 422 and "taken down" in page.content.decode()
    assert not Embedding.objects.exists() and DraftCard.objects.count() == 1


def test_what_cannot_be_read_does_not_keep_the_others_from_being_published(site):
    _, values = look(site, ("notes.pt", b"just some text"), ("boat.safetensors", sd1_file()))
    done = site.post("/upload", said(values, base="sd1"))
    assert done["Location"] == "/upload?published=1"
    assert Embedding.objects.get().name == "boat"
    page = site.get(done["Location"]).content.decode()
    assert "/alice/boat" in page and "notes.pt" in page


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": "Bad Name"}, "lower-case"),
        ({"title": "x\u202ey"}, "U+202E"),
        ({"title": ""}, "title"),
        ({"token": "two words"}, "space"),
        ({"base": "sdxl"}, "sdxl"),
        ({"license": "mine"}, "mine"),
        ({"tags": "<script>"}, "tag"),
        ({"pictures": SimpleUploadedFile("p.png", b"no picture")}, "p.png"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_published(site, change, word):
    _, values = look(site, ("boat.safetensors", sd1_file()))
    page = site.post("/upload", said(values, **{"base": "sd1"} | change))
    assert page.status_code == 422
    assert word in page.content.decode()
    assert not (Embedding.objects.exists() or File.objects.exists() or Hash.objects.exists())
    assert DraftCard.objects.count() == 1


def test_somebody_elses_draft_is_neither_shown_nor_published_nor_changed(site, bob):
    _, values = look(site, ("boat.safetensors", sd1_file()), ("boat.png", picture()))
    shown = DraftPicture.objects.get()
    assert site.get(shown.get_absolute_url())["Content-Type"] == "image/webp"
    site.force_login(bob)
    assert "boat" not in site.get("/upload").content.decode()
    assert site.get(shown.get_absolute_url()).status_code == 404
    assert site.post("/upload", said(values, base="sd1")).status_code == 422
    site.post("/upload", {"do": f"remove-card-{DraftCard.objects.get().pk}"})
    site.post("/upload", {"do": f"remove-picture-{shown.pk}"})
    assert not Embedding.objects.exists()
    assert DraftCard.objects.count() == DraftPicture.objects.count() == 1


def test_what_was_said_is_there_when_one_comes_back_until_it_is_discarded(site):
    _, values = look(site, ("boat.safetensors", sd1_file()))
    changed = said(values, title="Half a ti\0tle", base="") | {"tags": "paper, bo", "visibility": "unlisted"}
    assert site.post("/upload/fields", changed).status_code == 204
    back = site.get("/upload")
    assert {"Half a title", "paper, bo"} <= set(read(back).values())
    assert re.search(r'<input type="radio" name="visibility" value="unlisted"[^>]* checked', back.content.decode())
    site.post("/upload", {"do": "discard"})
    assert "Half a title" not in site.get("/upload").content.decode()
    assert not DraftCard.objects.exists()


def test_a_second_press_of_publish_leads_to_what_the_first_published(site):
    _, values = look(site, ("boat.safetensors", sd1_file()))
    form = said(values, base="sd1")
    site.post("/upload", form)
    again = site.post("/upload", form)
    assert again["Location"] == "/upload?published=1"
    assert "/alice/boat" in site.get(again["Location"]).content.decode()
    assert Embedding.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_publish_once_and_both_lead_there(site):
    _, values = look(site, ("boat.safetensors", sd1_file()))
    form = said(values, base="sd1")
    answers = at_once([lambda: site.post("/upload", form)] * 2)
    assert [answer.status_code for answer in answers] == [302, 302]
    assert {answer["Location"] for answer in answers} <= {"/alice/boat", "/upload?published=1"}
    assert Embedding.objects.count() == 1


def test_another_tab_neither_publishes_nor_forgets_what_it_does_not_show(site):
    _, old = look(site, ("boat.safetensors", sd1_file()))
    look(site, ("kite.safetensors", sd1_file(2)))
    site.post("/upload", said(old, base="sd1"))
    assert [embedding.name for embedding in Embedding.objects.all()] == ["boat"]
    assert "kite" in site.get("/upload").content.decode()
    # The tab that still shows both sends the one that is gone, too.
    values = read(site.get("/upload"))
    assert site.post("/upload", old | said(values, base="sd1")).status_code == 302
    assert Embedding.objects.count() == 2


def test_files_one_by_one_answer_with_their_card(site, alice):
    answer = site.post("/upload/files", {"file": sent(("boat.safetensors", sd1_file()))[0]})
    card = DraftCard.objects.get()
    assert f'id="card-{card.pk}"' in answer.content.decode()
    again = site.post("/upload/files", {"file": sent(("copy.safetensors", sd1_file()))[0]})
    assert f'id="card-{card.pk}"' in again.content.decode()
    assert DraftCard.objects.count() == 1
    shown = site.post("/upload/files", {"file": sent(("p.png", picture()))[0], "card": str(card.pk)})
    assert card.pictures.get().get_absolute_url() in shown.content.decode()
    refused = site.post("/upload/files", {"file": sent(("p.png", b"no picture"))[0], "card": str(card.pk)})
    assert refused.status_code == 422 and "p.png" in refused.content.decode()


def test_a_draft_is_bounded(site, alice, monkeypatch):
    monkeypatch.setattr(drafts, "MAX_CARDS", 2)
    page, _ = look(site, *((f"{n}.safetensors", sd1_file(n)) for n in range(4)))
    assert page.status_code == 422
    assert page.content.decode().count("at most 2 embeddings") == 2  # the reason once, and the note of what a draft is
    assert DraftCard.objects.count() == 2
    card = DraftCard.objects.first()
    unread = site.post("/upload/files", {"file": sent(("x.png", b"no picture"))[0], "card": card.pk})
    assert unread["Draft-Full"] == "1" and "at most 2 embeddings" in unread.content.decode()  # whatever is in the file
    monkeypatch.setattr(drafts, "MAX_CARDS", 9)
    monkeypatch.setattr(drafts, "MAX_BYTES", 3 * len(sd1_file()) - 1)
    refused = site.post("/upload/files", {"file": sent(("x.safetensors", sd1_file(7)))[0]})
    assert (refused.status_code, refused["Draft-Full"]) == (422, "1") and "MB" in refused.content.decode()


def test_twelve_files_take_as_many_queries_as_two(site, alice, django_assert_num_queries, upload, bob):
    upload(bob, "kite", title="kite-1")

    def add(numbers):
        for number in numbers:
            drafts.add(owner=alice, file=NamedFile(f"kite-{number}.safetensors", sd1_file(number)))
            drafts.add(owner=alice, file=NamedFile(f"kite-{number}.png", picture(colour=(number, 0, 0))))

    add(range(2))
    with CaptureQueriesContext(connection) as few:
        site.get("/upload")
    add(range(2, 12))
    with django_assert_num_queries(len(few)):
        page = site.get("/upload")
    assert page.content.decode().count('class="upload-card ready"') == 12
