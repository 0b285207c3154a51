"""docs/formats.md says what the code does: no format, limit or refusal is missing there, and none is left over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registry.formats import (
    CLIENTS,
    Encoder,
    Family,
    FormatError,
    Target,
    detect,
    encoder_names,
    families,
    limits,
    targets_for,
    write,
)
from registry.models import HashKind
from tests.registry.formats.builders import vectors

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "formats.md").read_text()


def rows(heading):
    """The rows of the table that begins with a heading: the code in the first cell → the other cells."""
    _, found, after = TEXT.partition(f"| {heading} |")
    assert found, heading
    lines = after.split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    told = {first.strip("`"): rest for first, *rest in cells}
    assert len(told) == len(cells), "a row stands twice"
    return told


def subclasses(of):
    return [each for child in of.__subclasses__() for each in (child, *subclasses(child))]


def test_every_container_is_documented():
    assert set(rows("container")) == {
        value
        for name, value in vars(detect).items()
        if name.isupper() and isinstance(value, str) and not name.startswith("_")
    }


def test_every_layout_is_documented():
    named = {
        *encoder_names.PAIRS.values(),
        *encoder_names.SINGLES.values(),
        *(known.layout for known in encoder_names.SETS),
    }
    for path in (ROOT / "registry" / "formats").glob("*.py"):
        source = path.read_text()
        named |= set(re.findall(r'\b(?:layout|LAYOUT) ?= ?"([\w-]+)"', source))
        named |= {
            other for pair in re.findall(r'\blayout = "([\w-]+)" if .* else "([\w-]+)"', source) for other in pair
        }
    assert {"a1111", "parameter-dict", "a1111-image", "diffusers-sdxl", "raw", "bundle"} < named
    assert set(rows("layout")) == named
    assert all(len(cells) == 2 and all(cells) for cells in rows("layout").values())


def test_every_family_is_documented_with_its_text_encoders():
    told = rows("family")
    assert list(told) and set(told) == set(Family)
    for family, (name, encoders) in told.items():
        assert name == Family(family).label
        found = [
            Encoder(encoder, vectors(1, int(width)), "F32") for encoder, width in re.findall(r"`(\w+)` (\d+)", encoders)
        ]
        assert found and family in [candidate.base for candidate in families.candidates(found)]


PLAIN = [Encoder("emb_params", vectors(), "F32")]
SDXL = [Encoder("clip_l", vectors(), "F32"), Encoder("clip_g", vectors(2, 1280), "F32")]


def test_every_target_is_documented_with_its_files_and_tools():
    told = rows("format")
    assert list(told) == list(Target)
    for target, (files, read_by) in told.items():
        assert read_by == Target(target).read_by
        encoders = PLAIN if target in targets_for(PLAIN) else SDXL
        plain = [file.filename for file in write(Target(target), encoders, token="<koi>", name="Koi")]
        sdxl = [file.filename for file in write(Target(target), SDXL, token="<koi>", name="Koi")]
        more = [name for name in sdxl if name not in plain]
        assert files == f"`{plain[0]}`" + "".join(f", for SDXL also `{name}`" for name in more)


def test_every_name_of_a_tool_on_the_command_line_is_documented():
    written = TEXT[TEXT.index("## What is written") : TEXT.index("## Hashes")]
    assert [client for client in CLIENTS if f"`{client}`" not in written] == []


def test_every_hash_is_documented():
    assert list(rows("hash")) == HashKind.values


def test_every_limit_is_documented_with_its_value():
    known = {name: value for name, value in vars(limits).items() if name.startswith("MAX_")}
    known["MIN_FILE_BYTES"] = detect.MIN_FILE_BYTES
    assert {name: cells[0] for name, cells in rows("limit").items()} == {
        name: f"{value:,}" for name, value in known.items()
    }


def test_every_refusal_is_documented_with_a_sentence_and_a_remedy():
    told = rows("code")
    assert sorted(told) == sorted(kind.code for kind in subclasses(FormatError))
    for kind in subclasses(FormatError):
        says, remedy = told[kind.code]
        assert says.endswith(".") and remedy.endswith(".")
        assert remedy.replace("`", "").startswith(kind.remedy)


def test_the_example_runs(tmp_path, monkeypatch):
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    monkeypatch.chdir(tmp_path)
    (file,) = write(Target.A1111_PT, PLAIN, token="<koi>", name="koi")
    Path("koi.pt").write_bytes(file.data)
    exec(compile(example, "docs/formats.md", "exec"), {})
    assert [path.name for path in Path().glob("*.safetensors")] == ["koi.safetensors"]


@pytest.mark.parametrize("file", ["README.md", "docs/architecture.md"])
def test_the_page_is_linked(file):
    assert re.search(r"\]\((docs/)?formats\.md\)", (ROOT / file).read_text())
