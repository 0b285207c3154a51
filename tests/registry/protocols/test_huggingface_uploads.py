"""Uploads that strangers to the protocol, or to good manners, send; cards; and repositories that are empty yet."""

from __future__ import annotations

import io
from itertools import pairwise
from string import ascii_lowercase

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save

from registry import reservations
from registry.errors import RegistryError
from registry.formats import Encoder, canonical
from registry.models import Embedding, Preview, Reservation, Version
from registry.protocols.huggingface import card, parsers
from tests.registry.protocols.commits import commit
from tests.registry.samples import picture, sd1_file, sdxl_file, vectors

MODEL = "/api/models/alice/red-heart"


def state():
    """Everything that a commit may change."""
    return (
        list(Embedding.objects.values_list("name", "title", "description", "updated").order_by("name")),
        Version.objects.count(),
        Preview.objects.count(),
        list(Reservation.objects.values_list("name", "card")),
    )


BOMB = "a: &a {x: y}\n" + "".join(
    f"b{n}: &{b}\n  <<: [*{a}, *{a}]\n" for n, (a, b) in enumerate(pairwise(ascii_lowercase))
)
DEEP = b"[" * 100_000
REFUSED_LINES = {
    "no object": [1],
    "no value": [{"key": "file"}],
    "no path": [{"key": "file", "value": {"content": "", "encoding": "base64"}}],
    "a path that is no text": [{"key": "file", "value": {"path": ["a"], "content": "", "encoding": "base64"}}],
    "no content": [{"key": "file", "value": {"path": "a.pt", "encoding": "base64"}}],
    "bad base64": [{"key": "file", "value": {"path": "a.pt", "content": "!!", "encoding": "base64"}}],
    "another encoding": [{"key": "file", "value": {"path": "a.pt", "content": "x", "encoding": "utf-8"}}],
    "an LFS file": [{"key": "lfsFile", "value": {"path": "a.pt", "algo": "sha256", "oid": "0" * 64, "size": 3}}],
    "something unknown": [{"key": "copyFile", "value": {"path": "a.pt"}}],
    "a deletion": [{"key": "deletedFile", "value": {"path": "README.md"}}],
    "a folder's deletion": [{"key": "deletedFolder", "value": {"path": "logs"}}],
}
REFUSED_FILES = {
    "a folder": {"../up.safetensors": sd1_file(1)},
    "half a character": {"\ud800.safetensors": sd1_file(1)},
    "an end of line": {"a\n.safetensors": sd1_file(1)},
    "a program": {"model.py": b"import os"},
    "too many": {f"{number}.pt": b"x" for number in range(41)},
    "another family": {"a.safetensors": sdxl_file()},
    "two embeddings": {"a.safetensors": sd1_file(1), "b.safetensors": sd1_file(2)},
    "no picture": {"preview.png": b"no picture"},
    "a good embedding and no picture": {"a.safetensors": sd1_file(1), "preview.png": b"no picture"},
    "a good embedding and a bad card": {"a.safetensors": sd1_file(1), "README.md": b"---\n: [\n---\n"},
    "a card that is no text": {"README.md": b"\xff\xfe\x00"},
    "a card with null characters": {"README.md": b"a\0b"},
    "a deep card": {"README.md": b"---\na: " + b"[" * 10_000 + b"\n---\n"},
    "a card of references": {"README.md": f"---\n{BOMB}---\n".encode()},
    "a large card": {"README.md": b"x" * 70_000},
    "a long description": {"README.md": b"x" * 20_000},
    "a large front matter": {"README.md": b"---\n" + b"a: b\n" * 5_000 + b"---\n"},
    "a list for front matter": {"README.md": b"---\n- a\n---\n"},
    "a huge number": {"README.md": b"---\na: " + b"9" * 10_000 + b"\n---\n"},
    "a bad tag": {"README.md": b"---\ntags: ['<script>']\n---\n"},
    "a bad kind": {"README.md": b"---\nstarword: {kind: person}\n---\n"},
    "another base": {"README.md": b"---\nstarword: {base: sdxl}\n---\n"},
}  # fmt: skip


@pytest.mark.parametrize("what", [*REFUSED_LINES, *REFUSED_FILES])
def test_what_cannot_be_taken_is_refused_whole_in_words(writer, heart, what):
    before = state()
    answer = commit(writer, REFUSED_FILES.get(what, {}), lines=REFUSED_LINES.get(what, ()))
    assert answer.status_code == 400, answer.content
    assert len(answer.json()["error"]) > 20
    assert state() == before


@pytest.mark.parametrize("name", ["red-heart", "new-one"])
def test_a_file_of_several_embeddings_is_refused_without_words_of_another_api(writer, heart, name):
    writer.post("/api/repos/create", {"name": "new-one"}, format="json")
    words = {"<one>": np.full((1, 768), 0.01, np.float32), "<two>": np.full((1, 768), 0.02, np.float32)}
    answer = commit(writer, {"both.safetensors": save(words)}, name=f"alice/{name}")
    assert answer.status_code == 400
    assert "both.safetensors: there are 2 embeddings in it (<one>, <two>)" in answer.json()["error"]
    assert "part" not in answer.json()["error"]


@pytest.mark.parametrize("sent", [b"", b"{", b"\xff", b"1", b"[]", DEEP, b'{"key": "header"}'])
def test_a_body_that_is_no_commit_is_refused(writer, heart, sent):
    answer = writer.generic("POST", f"{MODEL}/commit/main", sent, content_type="application/x-ndjson")
    assert answer.status_code == 400 and isinstance(answer.json()["error"], str)


@pytest.mark.parametrize(
    ("route", "sent"),
    [("repos/create", b"[]"), ("repos/create", b"{"), ("repos/create", b'{"name": "bad\\ud800"}'),
     ("repos/create", b'{"name": ["x"]}'), ("repos/create", b'{"name": "koi", "visibility": "protected"}'),
     ("repos/create", b'{"name": "koi", "type": "space"}'), ("validate-yaml", b"{}"), ("validate-yaml", b'{"content": 1}'),
     ("models/alice/red-heart/preupload/main", b'{"files": [{}]}'), ("models/alice/red-heart/preupload/main", b"[]"),
     ("models/alice/red-heart/preupload/main", b'{"files": [{"path": "\\ud800.pt"}]}'),
     ("models/alice/red-heart/preupload/main", b'{"files": [{"path": ".cache/\\ud800"}]}')],
)  # fmt: skip
def test_a_request_that_makes_no_sense_is_refused_in_words(writer, heart, route, sent):
    answer = writer.generic("POST", f"/api/{route}", sent, content_type="application/json")
    assert answer.status_code == 400 and isinstance(answer.json()["error"], str)


def test_a_commit_over_the_limit_is_413(writer, heart, monkeypatch):
    monkeypatch.setattr(parsers, "MAX_COMMIT_BYTES", 1_000)
    answer = commit(writer, {"a.safetensors": sd1_file(1)})
    assert answer.status_code == 413 and "another kind of model" in answer.json()["error"]


TEXTS = [
    "Plain",
    "# not a title",
    "---",
    "C#",
    "日本語 – “quoted”",
    "<!-- x -->",
    "a: b",
    "- [x]",
    "'\"`\\",
    "```\ncode\n```",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("token", ["<koi>", "koi:", "-", "#x", "&a", "*", "yes", "123", "日本語"])
def test_a_card_says_again_what_it_was_written_from(alice, text, token):
    one = Embedding(
        owner=alice, name="a-name", title=text.replace("\n", " "), token=token, kind="style", base="sdxl", license="mit",
        description=f"{text}\n\nMore of it.", tags=["warm", "no"], rating="explicit",
    )  # fmt: skip
    said = card.read(card.write(one, card.data_of(one, Preview(prompt=text)), ["learned_embeds.safetensors"]).encode())
    assert said == {
        name: getattr(one, name)
        for name in ("title", "token", "kind", "base", "license", "description", "tags", "rating")
    }


def test_windows_lines_foreign_models_and_several_headings_are_read():
    said = card.read(
        b"\xef\xbb\xbf---\r\nbase_model: [runwayml/stable-diffusion-v1-5]\r\nlicense: mit\r\n---\r\n\r\n# Koi\r\n\r\nA fish.\r\n# More\r\n"
    )
    assert said == {"base": "sd1", "license": "mit", "title": "Koi", "description": "A fish.\n# More"}


def test_an_empty_repository_is_its_owners_alone_and_ends_with_any_upload_of_that_name(
    api, api_as, writer, alice, bob, upload
):
    writer.post("/api/repos/create", {"name": "red-heart"})
    assert writer.get(MODEL).json()["siblings"] == []
    assert api.get(MODEL).status_code == api_as(bob).get(MODEL).status_code == 404
    assert api.get("/alice/red-heart").status_code == 404
    upload(alice)
    assert not Reservation.objects.exists()
    assert writer.post("/api/repos/create", {"name": "red-heart"}).status_code == 409


def test_empty_repositories_are_not_made_without_end(alice, monkeypatch):
    monkeypatch.setattr(reservations, "MAX_RESERVATIONS", 1)
    reservations.reserve(owner=alice, name="first-one", visibility="public")
    with pytest.raises(RegistryError, match="empty repositories") as refused:
        reservations.reserve(owner=alice, name="second-one", visibility="public")
    assert refused.value.code == "too_many_reservations"


def test_what_fits_several_families_needs_its_card_to_say_which(writer, alice):
    wide = canonical([Encoder("emb_params", vectors(0, 2, 4096), "F32")])
    writer.post("/api/repos/create", {"name": "wide-one"})
    refused = commit(writer, {"wide.safetensors": wide}, "alice/wide-one")
    assert refused.status_code == 400 and "base:" in refused.json()["error"]
    taken = commit(
        writer, {"wide.safetensors": wide, "README.md": b"---\nstarword: {base: flux}\n---\n"}, "alice/wide-one"
    )
    assert taken.status_code == 200
    names = [sibling["rfilename"] for sibling in writer.get("/api/models/alice/wide-one").json()["siblings"]]
    assert names == ["README.md", "wide-one.safetensors"]


def test_a_folder_that_is_sent_again_changes_nothing(writer, heart):
    folder = {
        "any-name.safetensors": sd1_file(1),
        "README.md": b"---\ntags: [cold]\n---\n# Blue heart\n\nBlue.\n",
        "preview.png": picture(colour=(0, 0, 200)),
    }
    first = commit(writer, folder).json()
    before = state()
    assert commit(writer, folder).json() == first
    assert state() == before
    heart.refresh_from_db()
    assert (heart.title, heart.tags, heart.description) == ("Blue heart", ["cold"], "Blue.")
    assert [version.notes for version in heart.versions.all()] == ["A change", ""]
    shown = writer.get("/alice/red-heart/resolve/main/preview.png")
    with Image.open(io.BytesIO(b"".join(shown.streaming_content))) as image:
        assert image.getpixel((5, 5)) == (0, 0, 200)
