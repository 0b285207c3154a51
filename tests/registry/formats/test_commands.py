"""The two commands of the format library, as a person runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from registry.formats import FormatError, Target, inspect, write
from tests.registry.formats import builders as make

ONE, OTHER, BIG = make.vectors(2), make.vectors(3, seed=1), make.vectors(2, 1280)
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
    with pytest.raises(CommandError, match=r"posix\.system.*\(unsafe, at offset 16\)"):
        call_command("convert", str(bad), to="forge", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_convert_never_overwrites_the_file_it_reads(koi, tmp_path):
    before = koi.read_bytes()
    same = tmp_path / "koi.pt"
    same.write_bytes(before)
    with pytest.raises(CommandError, match="Choose another folder"):
        call_command("convert", str(same), to="a1111-pt", out=tmp_path)
    assert same.read_bytes() == before


def convert(*files, out, to="comfyui", **options):
    call_command("convert", *map(str, files), to=to, out=out, **options)
    return sorted(path.name for path in out.iterdir())


def saved(folder, **files):
    """Files by name, in which the last underscore is the extension's dot."""
    paths = [folder / ".".join(name.rsplit("_", 1)) for name in files]
    for path, data in zip(paths, files.values(), strict=True):
        path.write_bytes(data)
    return paths


@pytest.mark.parametrize("to", ["kohya", "diffusers", "a1111-pt"])
def test_convert_replaces_nothing_unless_it_is_told_to(koi, tmp_path, to):
    out = tmp_path / "out"
    (name,) = convert(koi, out=out, to=to)
    (other,) = saved(tmp_path, other_pt=make.torch_zip(make.embedding("<other>"), make.vectors(seed=1)))
    before = (out / name).read_bytes()
    for again in (koi, other):
        with pytest.raises(CommandError, match=r"is there already.*--force"):
            convert(again, out=out, to=to, name="koi pond")
    assert (out / name).read_bytes() == before
    assert convert(other, out=out, to=to, name="koi pond", force=True) == [name]
    assert (out / name).read_bytes() != before


def test_convert_writes_none_of_two_files_where_one_is_there_already(tmp_path):
    halves = saved(
        tmp_path, a_safetensors=make.safetensors({"<cat>": ONE}), b_safetensors=make.safetensors({"<cat>": BIG})
    )
    (tmp_path / "out").mkdir()
    saved(tmp_path / "out", learned_embeds_2_safetensors=b"precious")
    with pytest.raises(CommandError, match="learned_embeds_2"):
        convert(*halves, out=tmp_path / "out", to="diffusers")
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [b"precious"]


def test_names_that_differ_only_in_case_are_one_name(koi, tmp_path):
    convert(koi, out=tmp_path / "out", name="Koi")
    with pytest.raises(CommandError, match=r"Koi\.safetensors is there already"):
        convert(koi, out=tmp_path / "out", name="kOI")


def test_names_in_another_script_do_not_become_one_file(koi, tmp_path):
    for name in ("鯉", "猫"):
        files = convert(koi, out=tmp_path / "out", name=name)
    assert len(files) == 2 and all(re.fullmatch(r"embedding-[0-9a-f]{8}\.safetensors", file) for file in files)


@pytest.mark.parametrize("name", ["CON", "nul", "Aux", "COM1", "lpt9", "con.v2", "PRN.safetensors"])
def test_no_file_is_called_like_a_device_of_windows(koi, tmp_path, name):
    (file,) = convert(koi, out=tmp_path / "out", name=name)
    assert file.split(".")[0] == f"{name.split('.')[0]}-word"
    assert convert(koi, out=tmp_path / "more", name="console") == ["console.safetensors"]


@pytest.mark.parametrize("order", [1, -1])
def test_convert_takes_the_two_halves_of_an_sdxl_embedding(tmp_path, order):
    halves = saved(
        tmp_path, learned_embeds_safetensors=make.safetensors({"<cat>": ONE}), learned_embeds_2_safetensors=make.safetensors({"<cat>": BIG}),
    )  # fmt: skip
    assert convert(*halves[::order], out=tmp_path / "out") == ["cat.safetensors"]
    found = inspect((tmp_path / "out" / "cat.safetensors").read_bytes())
    assert [one.vectors.tobytes() for one in found.encoders] == [ONE.tobytes(), BIG.tobytes()]


def test_convert_takes_a_sidecar_and_its_token(tmp_path):
    pivotal = make.safetensors({"text_encoders_0": ONE, "text_encoders_1": BIG})
    files = saved(tmp_path, embeddings_pti=pivotal, special_params_json=b'{"TOK": "<s0><s1>"}')
    assert convert(*files, out=tmp_path / "out", to="diffusers-sdxl") == ["embeddings.zip"]
    assert inspect((tmp_path / "out" / "embeddings.zip").read_bytes()).tokens == ("<s0><s1>",)


def test_convert_takes_one_word_out_of_several(tmp_path):
    (file,) = saved(tmp_path, two_safetensors=make.safetensors({"<cat>": ONE, "<dog>": OTHER}))
    with pytest.raises(CommandError, match=r"hold 2 embeddings: <cat>, <dog>.*--word"):
        convert(file, out=tmp_path / "out")
    with pytest.raises(CommandError, match=r"called <cow>; there is <cat>, <dog>"):
        convert(file, out=tmp_path / "out", word="<cow>")
    assert convert(file, out=tmp_path / "out", word="<dog>") == ["dog.safetensors"]
    (found,) = inspect((tmp_path / "out" / "dog.safetensors").read_bytes()).encoders
    assert np.array_equal(found.vectors, OTHER)


def test_convert_takes_a_word_and_leaves_its_negative_or_the_other_way_round(tmp_path):
    good, bad = (
        make.torch_zip(make.a1111(name=make.text(name)), ONE * size) for name, size in (("koi", 1), ("koi-neg", 2))
    )
    (tmp_path / "koi.pt").write_bytes(good)
    (tmp_path / "koi-neg.pt").write_bytes(bad)
    pair = (tmp_path / "koi.pt", tmp_path / "koi-neg.pt")
    assert convert(*pair, out=tmp_path / "out", word="negative") == ["koi-neg.safetensors"]
    assert convert(*pair, out=tmp_path / "out", word="koi") == ["koi-neg.safetensors", "koi.safetensors"]


def test_convert_asks_for_the_model_where_the_file_leaves_it_open_and_the_tool_needs_it(tmp_path):
    (file,) = saved(tmp_path, wide_safetensors=make.safetensors({"<cat>": make.vectors(2, 4096)}))
    with pytest.raises(CommandError, match=r"--base: pixart, chroma, .*hunyuan-video"):
        convert(file, out=tmp_path / "out")
    with pytest.raises(CommandError, match="none for sdxl; they fit pixart"):
        convert(file, out=tmp_path / "out", base="sdxl")
    for base, key in (("flux", "t5xxl"), ("hunyuan-video", "llama")):
        convert(file, out=tmp_path / base, base=base)
        (found,) = inspect((tmp_path / base / "wide.safetensors").read_bytes()).encoders
        assert found.name == key
    assert convert(file, out=tmp_path / "plain", to="canonical") == ["wide.safetensors"]


def test_convert_tells_what_is_worth_knowing(tmp_path, capsys):
    (file,) = saved(tmp_path, both_safetensors=make.safetensors({"emp_params": ONE, "emp_params_out": ONE}))
    convert(file, out=tmp_path / "out")
    assert "emp_params_out" in capsys.readouterr().err


def test_a_precision_that_is_not_written_is_refused_in_a_sentence(koi):
    for dtype in ("bf16", "float64", None):
        with pytest.raises(FormatError, match="take float32 or float16") as caught:
            write(Target.CANONICAL, inspect(koi.read_bytes()).encoders, token="<x>", name="x", dtype=dtype)
        assert (caught.value.code, caught.value.where) == ("wrong_target", "dtype")


def test_convert_names_the_clients_when_asked_for_an_unknown_one(koi, tmp_path):
    with pytest.raises(CommandError, match="comfyui"):
        call_command("convert", str(koi), to="paint", out=str(tmp_path))


TERMINALS = {
    "UTF-8": {"LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8"},
    "ASCII": {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    "ASCII without coercion": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}


@pytest.mark.parametrize("terminal", TERMINALS)
def test_names_and_words_that_a_terminal_cannot_show_are_escaped(tmp_path, terminal):
    environment = {
        **os.environ,
        **TERMINALS[terminal],
        "DJANGO_SETTINGS_MODULE": "hub.settings",
        "HUB_VAR": str(tmp_path / "var"),
    }
    folder = os.fsencode(tmp_path)
    good, bad = folder + b"/k\xff\xe9\xaf\x89.safetensors", folder + b"/b\xfe.png"
    Path(os.fsdecode(good)).write_bytes(make.safetensors({"<鯉>": ONE}))
    Path(os.fsdecode(bad)).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    for arguments, status in (
        ([b"inspect", good], 0),
        ([b"inspect", b"--json", good, bad], 1),
        ([b"inspect", bad], 1),
        ([b"convert", good, b"--to", b"kohya", b"--out", folder + b"/o\xfe"], 0),
        ([b"convert", good, b"--to", b"kohya", b"--out", folder + b"/o\xfe"], 1),
        ([b"convert", bad, b"--to", b"diffusers", b"--out", folder], 1),
    ):
        done = subprocess.run(
            [sys.executable, b"manage.py", *arguments], cwd=ROOT, env=environment, capture_output=True, timeout=60
        )
        assert done.returncode == status and b"Traceback" not in done.stderr, done.stderr
        assert done.stdout or done.stderr
    (written,) = os.listdir(folder + b"/o\xfe")
    assert written == b"k.safetensors"


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
