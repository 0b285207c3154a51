"""huggingface_hub itself, in its three generations, pointed at a live hub by ``HF_ENDPOINT`` and nothing else."""

from __future__ import annotations

import json

import pytest
from django.core.servers.basehttp import WSGIRequestHandler

from hub.accounts.models import ApiToken
from registry import services
from registry.formats import Target, inspect, write
from registry.models import Embedding
from registry.pictures.previews import NewPreview, read_picture
from registry.protocols.huggingface import listing
from tests.registry.formats.payloads import CASES
from tests.registry.protocols.venvs import CLIENTS, python_with, run
from tests.registry.samples import picture, sd1_file, sdxl_file

FILES = (
    "README.md",
    "learned_embeds.bin",
    "learned_embeds.safetensors",
    "preview.png",
    "red-heart.pt",
    "red-heart.safetensors",
    "training.json",
)
#: What people read in the exception.
REFUSALS = {
    "created again": "already created alice/new-one",
    "not mine": "begin with alice/",
    "bad name": "lower-case letters",
    "a data set": "leave repo_type out",
    "picture first": "Upload the embedding's file first",
    "no embedding": "broken.safetensors: The file is no kind of embedding file",
    "malicious": "malicious.pt: ",
    "no place": "notes.txt: a repository here holds",
    "bad card": "is no plain YAML (line 3)",
    "another token": "cannot be changed: files that people have carry it",
    "another branch": "Commit to main",
    "a request": "no pull requests",
    "gated": "can be set, to true or false; its page has the rest",
    "deleted file": "Delete the repository",
    "in between": "fetch it, and commit again",
    "foreign": "bob/his-one is not yours",
    "without token": "token",
}
VERSIONS = ["huggingface_hub-2.4.0", "huggingface_hub-1.33.0", "huggingface_hub-0.36.2"]
CARD = """---
license: cc-by-4.0
tags:
- textual_inversion
- warm
starword:
  token: <new-word>
  kind: style
---

# A new word

Painted with *care*.
"""


@pytest.fixture
def catalogue(alice, bob, upload):
    """Alice's and Bob's embeddings, and what Alice's first has to show."""
    shown = [NewPreview(picture=read_picture("p.png", picture()))]
    heart = upload(
        alice, previews=shown, receipt={"steps": 40, "seed": 7, "loss": 0.125}, tags=["warm", "red"], description="Red."
    )
    upload(alice, "secret-one", seed=1, visibility="private")
    upload(alice, "hidden-one", seed=2, visibility="unlisted")
    big = upload(alice, "big-one", title="Big", base="sdxl", data=sdxl_file(), license="mit")
    for number in range(4):
        upload(bob, f"filler-{number}", seed=10 + number, title="Filler")
    his = upload(bob, "his-one", seed=20, tags=["warm"], title="His")
    Embedding.objects.filter(pk=heart.pk).update(downloads=50)
    Embedding.objects.filter(pk=his.pk).update(likes=9)
    services.update_embedding(embedding=big, title="Big one")
    return heart


def files_to_upload(folder):
    """What a person has on their disk before the client uploads it."""
    first, second = inspect(sd1_file(100)), inspect(sd1_file(101))
    names = {"token": "<other-word>", "name": "other"}
    plain, sdxl = folder / "folder", folder / "sdxl"
    for one in (folder, plain, sdxl):
        one.mkdir(exist_ok=True)
    for target in (Target.DIFFUSERS, Target.DIFFUSERS_BIN):
        (file,) = write(target, first.encoders, **names)
        folder.joinpath(file.filename).write_bytes(file.data)
    (file,) = write(Target.CANONICAL, second.encoders, **names)
    folder.joinpath("second.safetensors").write_bytes(file.data)
    folder.joinpath("broken.safetensors").write_bytes(b"not an embedding at all")
    folder.joinpath("malicious.pt").write_bytes(CASES["posix.system, in a torch zip"][0])
    folder.joinpath("preview.png").write_bytes(picture(colour=(20, 90, 160)))
    texts = {
        "README.md": CARD,
        "changed.md": CARD.replace("warm", "cold").replace("care", "great care"),
        "bad.md": "---\nlicense: [\n---\n",
        "licence.md": CARD.replace("cc-by-4.0", "wtfpl"),
        "token.md": CARD.replace("<new-word>", "<another-word>"),
    }
    for name, text in texts.items():
        folder.joinpath(name).write_text(text)
    for file in write(Target.DIFFUSERS, inspect(sd1_file(102)).encoders, token="<whole-one>", name="whole"):
        plain.joinpath(file.filename).write_bytes(file.data)
    plain.joinpath("README.md").write_text(CARD.replace("new-word", "whole-one"))
    plain.joinpath("preview.png").write_bytes(picture())
    for file in write(Target.DIFFUSERS, inspect(sdxl_file(103)).encoders, token="<xl-one>", name="xl"):
        sdxl.joinpath(file.filename).write_bytes(file.data)


@pytest.fixture(scope="module", params=VERSIONS)
def python(request):
    return python_with(request.param)


def test_everything_that_people_do_with_the_client_works(python, catalogue, alice, live_server, tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZE", 3)
    # Django's test server sends head and body apart, and would wait 40 ms for the first to be acknowledged, each time.
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)
    files_to_upload(tmp_path)
    _, token = ApiToken.issue(owner=alice, name="client", scopes=["read", "write"])
    said = json.loads(
        run(python, CLIENTS / "everything.py", tmp_path, token, folder=tmp_path, HF_ENDPOINT=live_server.url)
    )
    assert said["version"] in str(python)
    check_reading(said["reading"], catalogue)
    check_writing(said["writing"], live_server.url)
    check_folders(said["folders"])
    assert len(said["warnings"]) == 1 and "wtfpl" in said["warnings"][0]


def check_reading(said, heart):
    public = ["alice/red-heart", "bob/his-one", *(f"bob/filler-{number}" for number in (3, 2, 1, 0)), "alice/big-one"]
    assert said["whoami"] == "alice"
    assert said["whoami with a foreign token"]["kind"] in ("HfHubHTTPError", "HTTPError")
    assert sorted(said["all"]) == sorted(public) and sorted(said["in full"]) == sorted(public)
    assert len(said["first two"]) == 2
    assert set(said["mine too"]) == {"alice/red-heart", "alice/big-one", "alice/hidden-one", "alice/secret-one"}
    assert said["search"] == ["alice/red-heart"]
    assert set(said["author"]) == {name for name in public if name.startswith("bob/")}
    assert set(said["filter"]) == {"alice/red-heart", "bob/his-one"}
    assert said["by base model"] == said["by licence"] == said["changed"] == ["alice/big-one"]
    assert said["downloads"] == ["alice/red-heart"]
    assert said["likes"] == said["newest"] == ["bob/his-one"]
    info = said["info"]
    assert info["files"] == said["files"] == sorted(said["sizes"]) == list(FILES)
    assert (info["id"], info["author"], info["private"], info["library"]) == (
        "alice/red-heart",
        "alice",
        False,
        "diffusers",
    )
    assert (info["license"], info["base_model"]) == ("cc0-1.0", "stable-diffusion-v1-5/stable-diffusion-v1-5")
    assert {"textual_inversion", "warm", "red", "license:cc0-1.0", "kind:object"} <= set(info["tags"])
    assert said["in full"]["alice/red-heart"] == [info["sha"], len(FILES)]
    rows = {row.filename: row.sha256 for row in heart.latest.files.filter(dtype="float32")}
    assert {name: said["fetched"][name] for name in FILES if name in rows} == {
        name: rows[name] for name in FILES if name in rows
    }
    assert said["snapshot"] == said["fetched"]
    assert said["snapshot's folder"] == info["sha"] and said["same snapshot"]
    assert said["v1"] == said["by commit"] == rows["learned_embeds.safetensors"]
    assert said["is there"] == [True, False]
    assert (said["exists"], said["exists for alice"], len(said["secret"])) == ([True, False, False], True, 64)
    assert said["no file"]["kind"] in ("RemoteEntryNotFoundError", "EntryNotFoundError")
    assert said["no revision"]["kind"] == "RevisionNotFoundError"
    assert (said["gated"], said["a data set"]) == ([], [False, False])
    assert "This hub does not answer at this address: " in said["likers"]["says"], said["likers"]
    assert (said["history"], said["paths"]) == (["Version 1"], ["README.md"])
    assert said["refs"] == {"main": info["sha"], "v1": info["sha"]}
    assert said["listed as a folder"] == [f"alice/red-heart@v1/{name}" for name in FILES]
    assert said["read as a file"] == "---"
    for what in ("secret without token", "no repository", "no owner", "a data set's file"):
        assert said[what]["kind"] == "RepositoryNotFoundError"


def check_writing(said, url):
    assert said["before"]["kind"] == "RepositoryNotFoundError"
    assert said["created"] == said["may exist"] == f"{url}/alice/new-one"
    assert said["empty"] == [True, [], False, False]
    assert said["card first"] == ["README.md"]
    assert said["files"] == [
        "README.md",
        "learned_embeds.bin",
        "learned_embeds.safetensors",
        "new-one.pt",
        "new-one.safetensors",
    ]
    assert said["same"] == [said["first"]] * 2
    assert said["first"][:24] != said["second"][:24] == said["info"]["sha"][:24]
    assert said["second"] != said["info"]["sha"]  # the card and the picture changed since
    first, second, main, by_first, by_second = said["versions"]
    assert first == by_first != second == main == by_second
    assert [title for title, _ in said["history"]] == ["Version 2", "Version 1"]
    assert said["history"][0][1] == "Trained longer" and said["found by all"] == [True, False]
    assert said["info"]["private"] and {"cold", "kind:style", "license:cc-by-4.0"} <= set(said["info"]["tags"])
    for piece in (
        "# A new word\n\nPainted with *great care*.",
        "token: <new-word>",
        "url: preview.png",
        "license: cc-by-4.0",
    ):
        assert piece in said["card"]
    for what, words in REFUSALS.items():
        assert words in said[what]["says"], (what, said[what])
    assert "kind" not in said["bad licence"]


def check_folders(said):
    for name in ("whole-one", "xl-one"):
        ours, copy = said[f"files of {name}"], said[f"files of copy-of-{name}"]
        stem = f"copy-of-{name}"
        renamed = {file.replace(stem, name): sha256 for file, sha256 in copy.items()}
        # The card names the repository, and A1111's file the word it is called by.
        differing = {file for file in ours if renamed[file] != ours[file]}
        assert differing == {"README.md", f"{name}.pt"} if name == "whole-one" else {"README.md"}
        assert renamed.keys() == ours.keys()
    assert {"learned_embeds_2.safetensors", "xl-one.safetensors"} <= said["files of xl-one"].keys()
    assert said["gone"] == [False, False] and said["given up"] is False
    assert said["gone already"]["kind"] == "RepositoryNotFoundError"
    assert "kind" not in said["may be gone"]
