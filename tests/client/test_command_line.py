"""The installed command ``starword`` against a real hub."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import struct
import subprocess

import pytest
from django.db import transaction
from PIL.PngImagePlugin import PngInfo

from registry import storage
from registry.fingerprints import to_bfloat16
from registry.formats import Encoder, canonical, inspect
from registry.models import Embedding
from tests.registry.samples import picture, sd1_file, sdxl_file, vectors
from tests.training.worker_process import wait_until
from training import transitions
from training.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def test_login_keeps_a_token_for_its_owner_and_its_hub_alone(run, live_server, alice, secret, home, submit):
    token = secret(alice)
    # Given a wrong token, nothing is kept
    wrong = run("login", live_server.url, typed="sw_wrong\n")
    assert (wrong.status, list(home.rglob("config.json"))) == (4, [])
    assert "unknown or was revoked" in wrong.err
    below = run("login", f"{live_server.url}/api/hub", typed=f"{token}\n")
    assert below.status == 1 and "There is no Starword hub at" in below.err

    # When the right one comes
    done = run("login", live_server.url.removeprefix("http://") + "/", typed=f"{token}\n")

    # Then it is kept, for its owner's eyes, and never shown
    assert done.status == 0 and "as alice" in done.out
    assert token not in done.out + done.err
    (kept,) = home.rglob("config.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600 and json.loads(kept.read_text())["token"] == token
    submit(alice)
    assert [job["state"] for job in run("jobs", "--json").json] == ["queued"]
    assert "queued" in (table := run("jobs").out) and "cobalt-heart" in table

    # And it is not sent to another hub that the environment names
    elsewhere = live_server.url.replace("localhost", "127.0.0.1")
    assert elsewhere != live_server.url
    assert "Run “starword login”" in (nobody := run("jobs", STARWORD_URL=elsewhere)).err and nobody.status == 4

    # And logging out forgets it
    assert run("logout").status == 0 and not kept.exists()


def test_search_and_show(run, at, alice, bob, upload):
    for index in range(3):
        upload(alice, f"kite-{index}", seed=index, title=f"Kite {index}", tags=["sky"])
    upload(bob, "boat", seed=9, visibility="private")
    found = run("search", "kite", "--limit", "2", "--json", **at(bob))
    assert found.status == 0 and [item["name"] for item in found.json] == ["kite-2", "kite-1"]
    table = run("search", "kite", "--base", "sd1", **at(bob))
    assert "alice/kite-0" in table.out
    refused = run("search", "--sort", "size", "--json", **at(bob))
    assert refused.status == 5 and json.loads(refused.err)["error"]["code"] == "invalid"

    shown = run("show", "alice/kite-1@v1", **at(bob))
    assert shown.status == 0 and "<kite-1>" in shown.out and "comfyui" in shown.out
    assert run("show", "bob/boat", **at(alice)).status == 3
    assert run("show", "nonsense", **at(alice)).status == 2


def test_a_tool_gets_its_file_where_it_looks(run, at, alice, upload, home):
    embedding = upload(alice, "koi")
    person = at(alice)
    done = run("download", "alice/koi", "--for", "comfyui", "--into", "ui", **person)
    assert (done.status, done.out) == (0, "ui/models/embeddings/koi.safetensors\n"), done.err
    assert "Write embedding:koi" in done.err
    file = home / "ui" / "models" / "embeddings" / "koi.safetensors"
    (encoder,) = inspect(file.read_bytes()).encoders
    assert (encoder.vectors == vectors()).all()
    # The tool's own folder is taken as it is, and what is there already is not fetched again
    again = run("download", "alice/koi", "--for", "comfyui", "--into", file.parent, "--json", **person)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert again.json == [{"path": str(file), "sha256": digest, "fresh": False}]
    # Another file in the way stays, unless it shall not
    (home / "koi.safetensors").write_bytes(b"mine")
    assert run("download", "alice/koi", **person).status == 1
    assert (home / "koi.safetensors").read_bytes() == b"mine"
    assert run("download", "alice/koi", "--force", **person).status == 0
    assert (home / "koi.safetensors").read_bytes() == storage.read(embedding.latest.blob)
    # What there is not
    assert run("download", "alice/koi@v2", **person).status == 3
    assert run("download", "alice/koi", "--for", "paint", **person).status == 2
    assert run("download", "alice/koi", "--as", "/", **person).status == 2
    refused = run("download", "alice/koi", "--dtype", "float64", **person)
    assert refused.status == 5 and "in float32 and float16." in refused.err
    # A page of another hub, on which somebody else may be called alice
    assert run("download", "https://other.example/alice/koi", **person).status == 2


LIBRARY = """
import os, pathlib, starword, sys

with starword.Hub(os.environ["STARWORD_URL"], os.environ["STARWORD_TOKEN"]) as hub:
    starword.hub.PAGE = 2
    print(*[item.name for item in hub.search("kite", sort="new")])
    print(hub.me().login, next(hub.base_models()).name)
    for name, tool in starword.TOOLS.items():
        folder = starword.tools.folder_of(tool, pathlib.Path(name))
        print(name, *[item.path.as_posix() for item in hub.download("alice", "kite-1", into=folder, tool=tool)])
    (named,) = hub.download("alice", "kite-1", into=pathlib.Path(), tool=tool, stem="../my kite", version=1)
    print(named.path)
    assert hub.add_version("alice", "kite-1", [pathlib.Path("more.safetensors")], notes="again").versions[0].number == 2
    try:
        hub.embedding("alice", "gone")
    except starword.NotFound as error:
        print(error.code, error.message)
print(sorted({"django", "torch", "numpy"} & set(sys.modules)))
"""


def test_the_library_does_what_the_commands_do(installed, at, alice, upload, pocket, home):
    for index in range(5):
        upload(alice, f"kite-{index}", seed=index)
    (home / "more.safetensors").write_bytes(sd1_file(8))
    done = subprocess.run(
        [installed / "python", "-c", LIBRARY], cwd=home, env=os.environ | at(alice), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "kite-4 kite-3 kite-2 kite-1 kite-0",
        "alice pocket",
        "a1111 a1111/embeddings/kite-1.safetensors",
        "forge forge/embeddings/kite-1.safetensors",
        "a1111-pt a1111-pt/embeddings/kite-1.pt",
        "sdnext sdnext/models/embeddings/kite-1.safetensors",
        "comfyui comfyui/models/embeddings/kite-1.safetensors",
        "invokeai invokeai/kite-1.safetensors",
        "kohya kohya/kite-1.safetensors",
        "sdcpp sdcpp/kite-1.safetensors",
        "diffusers diffusers/kite-1/learned_embeds.safetensors",
        "diffusers-bin diffusers-bin/kite-1/learned_embeds.bin",
        "safetensors safetensors/kite-1.safetensors",
        "my-kite.safetensors",
        "not_found There is nothing here, or nothing that you may see.",
        "[]",
    ]


def test_an_upload_is_inspected_first_and_comes_back_as_two_files_for_diffusers(run, started, at, alice, home):
    (home / "koi.safetensors").write_bytes(sdxl_file())
    said = [
        "upload",
        "koi.safetensors",
        "--name",
        "koi",
        "--license",
        "cc0-1.0",
        "--token",
        "<koi>",
        "--visibility",
        "public",
    ]
    unasked = run(*said, **at(alice))
    assert unasked.status == 2 and "--yes" in unasked.err and not Embedding.objects.exists()
    terminal, theirs = os.openpty()
    with started(*said, stdin=theirs, **at(alice)) as asked:
        os.write(terminal, b"n\n")
        out, told = asked.communicate(timeout=60)
    assert (asked.returncode, out) == (1, "") and "Nothing was uploaded." in told and not Embedding.objects.exists()

    done = run(*said, "--yes", "--tags", "fish,red", "--json", **at(alice))
    assert done.status == 0, done.err
    assert "2 vectors for sdxl" in done.err
    assert (done.json["owner"], done.json["base"], done.json["tags"]) == ("alice", "sdxl", ["fish", "red"])

    again = run(*said, "--yes", **at(alice))
    assert again.status == 5 and "choose another name" in again.err
    assert "The same numbers are here already: alice/koi@v1" in again.err
    (home / "bad.pt").write_bytes(b"no embedding")
    assert run("upload", "bad.pt", "--name", "bad", "--license", "cc0-1.0", "--yes", **at(alice)).status == 5
    assert run("upload", "gone.pt", "--name", "bad", "--license", "cc0-1.0", "--yes", **at(alice)).status == 2

    # Of a word and its negative one is named, by its name or by what it is
    for seed, name in enumerate(["fox", "fox-neg"]):
        (home / f"{name}.safetensors").write_bytes(sd1_file(seed))
    pair = ["upload", "fox.safetensors", "fox-neg.safetensors", "--license", "cc0-1.0", "--yes", "--name", "fox-neg"]
    assert run(*pair, **at(alice)).status == 2
    assert run(*pair, "--part", "negative", "--json", **at(alice)).json["kind"] == "negative"

    got = run("download", "alice/koi", "--for", "diffusers", **at(alice))
    assert got.out.split() == ["koi/learned_embeds.safetensors", "koi/learned_embeds_2.safetensors"]


def test_a_file_a_hash_and_a_picture_lead_back_to_the_embedding(run, at, alice, upload, home):
    embedding = upload(alice, "koi")
    data = storage.read(embedding.latest.blob)
    digest = hashlib.sha256(data).hexdigest()
    # The same numbers with another header, then rounded to bfloat16: neither file was ever here
    (home / "koi.safetensors").write_bytes(data)
    (home / "edited.safetensors").write_bytes(canonical([Encoder("emb_params", vectors(), "F32")], {"note": "mine"}))
    header = json.dumps({"<koi>": {"dtype": "BF16", "shape": [2, 768], "data_offsets": [0, 2 * 2 * 768]}}).encode()
    halves = (to_bfloat16(vectors()).view("<u4") >> 16).astype("<u2").tobytes()
    (home / "rounded.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + halves)
    (home / "other.safetensors").write_bytes(sd1_file(7))
    note = PngInfo()
    note.add_text("parameters", f'a koi\nSteps: 20, TI hashes: "koi: {digest[:12]}"')
    (home / "koi.png").write_bytes(picture(pnginfo=note))

    found = run(
        "resolve", "koi.safetensors", "edited.safetensors", "rounded.safetensors", "koi.png", digest[:10], **at(alice)
    )
    assert found.status == 0, found.err
    assert [line.split(":")[0] for line in found.out.splitlines()] == [
        "koi.safetensors", "edited.safetensors", "rounded.safetensors", "koi.png", digest[:10],
    ]  # fmt: skip
    assert found.out.count("alice/koi@v1") == 5
    missing = run("resolve", "other.safetensors", "koi.safetensors", "--json", **at(alice))
    assert missing.status == 3 and [item["found"] for item in missing.json] == [False, True]
    assert run("resolve", "no-such-file", **at(alice)).status == 2
    (home / "koi.jpg").write_bytes(b"\xff\xd8\xff")
    assert "read from PNG alone" in run("resolve", "koi.jpg", **at(alice)).out


def test_a_job_is_submitted_and_followed_to_its_end(run, started, live_server, at, alice, pocket, upload, home):
    for index in range(3):
        (home / f"{index}.png").write_bytes(picture((96, 96), colour=(60 * index, 90, 160)))
    (home / "captions.txt").write_text("a {} on sand\na {} on grass\na {} in snow\n")
    said = ["train", ".", "--token", "<kite>", "--kind", "object", "--init", "thing", "--captions", "captions.txt"]
    person = at(alice)
    submitted = run(*said, "--name", "kite", "--steps", "40", "--seed", "3", **person)
    assert submitted.status == 0, submitted.err
    job = Job.objects.get(pk=int(submitted.out))
    assert (job.base, job.total_steps, job.seed) == (pocket, 40, 3)
    assert job.captions == ["a {} on sand", "a {} on grass", "a {} in snow"]
    assert f"starword watch {job.pk}" in submitted.err
    assert run(*said[:-2], "--name", "kite", **person).status == 5

    # What is wrong on this side is told before anything is sent
    (home / "captions.json").write_text('{"0.png": "a {} on sand"}')
    short = run(*said[:-1], "captions.json", "--name", "other", **person)
    assert (short.status, short.err) == (2, "Error: captions.json has no caption for 1.png, 2.png.\n")
    (home / "none").mkdir()
    empty = run(*[item if item != "." else "none" for item in said], "--name", "other", **person)
    assert empty.status == 2 and "no picture" in empty.err

    # Who waits and loses patience is told that the job goes on
    with started("watch", job.pk, **person) as watching:
        assert watching.stderr.readline().startswith(f"Job {job.pk} queued")
        watching.send_signal(signal.SIGINT)
        _, told = watching.communicate(timeout=60)
        assert watching.returncode == 130 and f"starword cancel {job.pk}" in told

    # Who follows sees the job end
    with started("watch", job.pk, "--json", **person) as watching:
        watching.stderr.readline()
        transitions.fail(transitions.claim(worker="w"), code="diverged", message="It broke.")
        out, err = watching.communicate(timeout=60)
        assert watching.returncode == 8 and json.loads(out)["error"]["code"] == "diverged"
    assert json.loads(err.splitlines()[-1])["error"]["code"] == "diverged"

    # Who waits learns what came of it, and has it
    version = upload(
        alice, "kite", base="pocket", data=canonical([Encoder("emb_params", vectors(1, 2, 128), "F32")])
    ).latest
    with started(*said, "--name", "new-kite", "--wait", "--download", "--for", "forge", **person) as waiting:
        wait_until(lambda: Job.objects.filter(name="new-kite"), "the job")
        with transaction.atomic():
            transitions.succeed(transitions.claim(worker="w"), embedding=version.embedding, version=version)
        out, err = waiting.communicate(timeout=60)
        assert (waiting.returncode, out.splitlines()) == (
            0,
            [f"{live_server.url}/alice/kite", "embeddings/kite.safetensors"],
        )
        assert "note: 3 images work" in err and "Write kite in the prompt." in err
    with started(*said, "--name", "cancelled", "--wait", **person) as waiting:
        wait_until(lambda: Job.objects.filter(name="cancelled"), "the job")
        assert run("cancel", Job.objects.get(name="cancelled").pk, "--json", **person).json["state"] == "cancelled"
        waiting.communicate(timeout=60)
        assert waiting.returncode == 9
    assert run("cancel", job.pk, **person).status == 5
    assert run("watch", 999_999, **person).status == 3
