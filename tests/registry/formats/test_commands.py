"""The two commands of the format library, as a person runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from registry.formats import inspect
from tests.registry.formats import builders as make

ROOT = Path(__file__).resolve().parents[3]
FIELDS = {"file", "container", "layout", "encoders", "tokens", "bases", "warnings", "digest", "sha256"}


@pytest.fixture
def koi(tmp_path):
    path = tmp_path / "koi pond.pt"
    path.write_bytes(make.torch_zip(make.embedding("<koi>"), make.vectors()))
    return path


def answers(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_inspect_prints_one_object_a_file_and_fails_if_one_was_refused(koi, tmp_path, capsys):
    bad, missing = tmp_path / "bad.pt", tmp_path / "missing.pt"
    bad.write_bytes(b"hello, this is no embedding")
    with pytest.raises(SystemExit) as ended:
        call_command("inspect", str(koi), str(bad), str(missing), json=True)
    good, refused, unreadable = answers(capsys)
    assert ended.value.code == 1
    assert set(good) >= FIELDS and good["file"] == str(koi)
    assert (good["container"], good["layout"], good["tokens"]) == ("torch-zip", "diffusers", ["<koi>"])
    assert good["encoders"] == [{"name": "emb_params", "shape": [2, 768], "dtype": "F32"}]
    assert [base["base"] for base in good["bases"]] == ["sd1"] and "CLIP ViT-L/14" in good["bases"][0]["reason"]
    assert set(refused) == set(unreadable) == {"file", "error"}
    assert (refused["error"]["code"], unreadable["error"]["code"]) == ("unknown_container", "unreadable")
    assert (refused["error"]["where"], unreadable["error"]["where"]) == ("offset 0", str(missing))


def test_inspect_in_words_names_shape_token_and_base(koi, capsys):
    call_command("inspect", str(koi))
    out = capsys.readouterr().out
    assert all(words in out for words in ("2 x 768 F32", "token: <koi>", "base: sd1", "sha256: "))


@pytest.mark.parametrize(
    ("client", "filename", "layout"),
    [
        ("comfyui", "koi-pond.safetensors", "kohya"),
        ("invokeai", "koi-pond.safetensors", "kohya"),
        ("diffusers", "learned_embeds.safetensors", "diffusers"),
        ("diffusers-bin", "learned_embeds.bin", "diffusers"),
        ("a1111-pt", "koi-pond.pt", "a1111"),
        ("a1111", "koi-pond.safetensors", "kohya"),
        ("sdcpp", "koi-pond.safetensors", "kohya"),
    ],
)
def test_convert_writes_what_the_tool_reads(koi, tmp_path, capsys, client, filename, layout):
    out = tmp_path / "new" / "folder"
    call_command("convert", str(koi), to=client, out=out)
    assert capsys.readouterr().out.splitlines() == [str(out / filename)]
    found = inspect((out / filename).read_bytes())
    assert found.layout == layout and np.array_equal(found.encoders[0].vectors, make.vectors())
    assert found.tokens == {"kohya": (), "diffusers": ("<koi>",), "a1111": ("*",)}[layout]


def test_convert_refuses_a_bad_file_and_writes_nothing(tmp_path):
    bad = tmp_path / "bad.pt"
    bad.write_bytes(b"\x80\x02cposix\nsystem\n(X\x01\0\0\0xtR.")
    with pytest.raises(CommandError, match=r"posix\.system.*\(unsafe\)"):
        call_command("convert", str(bad), to="forge", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_convert_never_overwrites_the_file_it_reads(koi, tmp_path):
    before = koi.read_bytes()
    same = tmp_path / "koi.pt"
    same.write_bytes(before)
    with pytest.raises(CommandError, match="Choose another folder"):
        call_command("convert", str(same), to="a1111-pt", out=tmp_path)
    assert same.read_bytes() == before


def test_convert_names_the_clients_when_asked_for_an_unknown_one(koi, tmp_path):
    with pytest.raises(CommandError, match="comfyui"):
        call_command("convert", str(koi), to="paint", out=str(tmp_path))


def test_the_commands_need_no_database(koi, tmp_path):
    environment = {
        **os.environ,
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "HUB_VAR": str(tmp_path / "var"),
    }
    environment["DJANGO_SETTINGS_MODULE"] = "hub.settings"
    for arguments in (
        ["inspect", "--json", str(koi)],
        ["convert", str(koi), "--to", "kohya", "--out", str(tmp_path)],
    ):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "koi-pond.safetensors").exists()
