"""The zip of both files of an SDXL embedding, as it is downloaded, comes in again, and nothing else does in its name."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
from django.core.management import call_command

from registry.formats import Encoder, FormatError, NamedFile, Target, inspect, inspect_files, write
from registry.formats.hashes import sha256
from registry.formats.limits import MAX_FILE_BYTES, MAX_ROWS
from tests.registry.formats import builders as make

SMALL, LARGE = make.vectors(2), make.vectors(2, 1280, seed=1)
FIRST, SECOND = "learned_embeds.safetensors", "learned_embeds_2.safetensors"
HALVES = {FIRST: make.safetensors({"<cat>": SMALL}), SECOND: make.safetensors({"<cat>": LARGE})}


def archive(**more):
    """A zip of both halves; ``more`` are records by name, in place of these or beside them."""
    zipped = make.Zip({})
    for name, content in (HALVES | more).items():
        zipped.add(name, content)
    return zipped


def refusal(data):
    with pytest.raises(FormatError) as caught:
        inspect(data)
    return caught.value


def test_the_zip_that_is_downloaded_is_read_as_one_embedding():
    encoders = [Encoder("clip_l", SMALL, "F32"), Encoder("clip_g", LARGE, "F32")]
    (file,) = write(Target.DIFFUSERS_SDXL, encoders, token="<cat>", name="cat", metadata={"author": "Ann"})
    found = inspect(file.data)
    assert (found.container, found.layout, found.tokens) == ("zip", "diffusers-sdxl", ("<cat>",))
    assert [(one.name, one.vectors.tobytes()) for one in found.encoders] == [
        ("clip_l", SMALL.tobytes()), ("clip_g", LARGE.tobytes()),
    ]  # fmt: skip
    assert [base.base for base in found.bases] == ["sdxl"] and found.sha256 == sha256(file.data)
    assert found.leaks == ("metadata author: Ann",)
    (part,) = inspect_files([NamedFile("cat.zip", file.data)])
    assert part.sources == ("cat.zip",) and part.inspection.digest == found.digest


@pytest.mark.parametrize("streamed", [False, True])
def test_halves_in_any_order_and_of_one_training_step_are_read(streamed):
    steps = make.Zip({})
    steps.add("learned_embeds_2-steps-500.safetensors", HALVES[SECOND], streamed=streamed)
    steps.add("learned_embeds-steps-500.safetensors", HALVES[FIRST], streamed=streamed)
    assert inspect(steps.bytes()).digest == inspect(archive().bytes()).digest


def test_what_the_two_halves_say_differently_is_shown_of_both():
    told = {FIRST: make.safetensors({"<cat>": SMALL}, {"author": "Ann", "format": "pt"}),
            SECOND: make.safetensors({"<cat>": LARGE}, {"author": "Ben", "format": "pt"})}  # fmt: skip
    found = inspect(archive(**told).bytes())
    assert found.leaks == ("metadata author: Ann", f"metadata author ({SECOND}): Ben")


def compressed():
    packer = zlib.compressobj(wbits=-15)
    raw = packer.compress(HALVES[FIRST]) + packer.flush()
    zipped = make.Zip({})
    zipped.add(FIRST, raw, method=8, crc=zlib.crc32(HALVES[FIRST]), full_size=len(HALVES[FIRST]))
    return zipped.add(SECOND, HALVES[SECOND]).bytes()


def changed(**fields):
    zipped = archive()
    zipped.entries[0].update(fields)
    return zipped.bytes()


REFUSED = {
    "a program beside the halves": (archive(**{"evil.exe": b"MZ"}).bytes(), "malformed", "'evil.exe'"),
    "a name that climbs out": (archive(**{"../learned_embeds.bin": b"x"}).bytes(), "malformed", "'../learned_embeds.bin'"),
    "the halves in a folder": (make.Zip(HALVES, prefix="cat").bytes(), "malformed", "'cat/learned_embeds.safetensors'"),
    "a first half twice": (archive().add(FIRST, HALVES[FIRST]).bytes(), "malformed", "twice"),
    "one half": (make.Zip({}).add(FIRST, HALVES[FIRST]).bytes(), "malformed", "not the two halves"),
    "one half under two names": (archive(**{SECOND: HALVES[FIRST]}).bytes(), "malformed", "not the two halves"),
    "halves of two tokens": (
        archive(**{SECOND: make.safetensors({"<dog>": LARGE})}).bytes(), "malformed", "not the two halves",
    ),
    "halves of two steps": (
        archive(**{SECOND: make.safetensors({"<cat>": LARGE[:1]})}).bytes(), "malformed", "have 2 and 1 vectors",
    ),
    "three files": (
        archive(**{"learned_embeds-steps-1.safetensors": HALVES[FIRST]}).bytes(), "malformed", "not the two halves",
    ),
    "a pickle in the name of safetensors": (
        archive(**{SECOND: make.stream(make.embedding())}).bytes(), "malformed", f"{SECOND} in the archive",
    ),
    "a torch file of diffusers": (archive(**{"learned_embeds.bin": b"x"}).bytes(), "malformed", "'learned_embeds.bin'"),
    "a compressed half": (compressed(), "malformed", "compressed"),
    "an encrypted half": (changed(flags=1, local_flags=1), "malformed", "encrypted"),
    "a damaged half": (changed(crc=1, local_crc=1), "malformed", "checksum"),
    "a local name that disagrees": (changed(local_name=b"learned_embeds!safetensors"), "malformed", "disagree"),
    "bytes behind": (archive().bytes() + b"x", "malformed", "follow"),
    "a zip cut short": (archive().bytes()[:-30], "truncated", "not downloaded whole"),
    "too many vectors": (
        archive(**{SECOND: make.safetensors({"<cat>": make.vectors(MAX_ROWS + 1, 1280)})}).bytes(), "too_large",
        f"at most {MAX_ROWS}",
    ),
    "too large": (archive(**{SECOND: bytes(MAX_FILE_BYTES)}).bytes(), "too_large", "16 MB"),
    "numbers that are none": (
        archive(**{SECOND: make.safetensors({"<cat>": np.full((2, 1280), np.nan, np.float32)})}).bytes(), "bad_values",
        "not finite",
    ),
    "vectors of another width": (
        archive(**{FIRST: make.safetensors({"<cat>": make.vectors(2, 1024)})}).bytes(), "malformed", "not the two halves",
    ),
    "several tokens in a half": (
        archive(**{FIRST: make.safetensors({"<cat>": SMALL, "<dog>": SMALL})}).bytes(), "malformed", "not the two halves",
    ),
    "words in a LoRA": (
        archive(**{FIRST: make.safetensors({"bundle_emb.cat.clip_l": SMALL})}).bytes(), "malformed", "not the two halves",
    ),
    "a LoRA": (
        archive(**{SECOND: make.safetensors({"lora_unet_mid.lora_down.weight": SMALL})}).bytes(), "not_an_embedding", "LoRA",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_zip_that_holds_anything_else_is_refused_with_what_it_is(what):
    data, code, sentence = REFUSED[what]
    error = refusal(data)
    assert error.code == code and sentence in error.message, error.message


def test_a_file_of_torch_that_was_saved_under_the_same_name_is_still_torch_s():
    data = make.torch_zip(make.embedding("<cat>"), SMALL, prefix="learned_embeds")
    assert (inspect(data).container, inspect(data).layout) == ("torch-zip", "diffusers")


def test_the_commands_read_the_zip(tmp_path, capsys):
    file = tmp_path / "cat.zip"
    file.write_bytes(archive().bytes())
    call_command("inspect", str(file), json=True)
    assert json.loads(capsys.readouterr().out)["tokens"] == ["<cat>"]
    call_command("convert", str(file), to="a1111", out=tmp_path / "out")
    assert inspect((tmp_path / "out" / "cat.safetensors").read_bytes()).digest == inspect(archive().bytes()).digest
