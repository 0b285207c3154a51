"""Files made by others' tools, where a folder of them lies beside the checkout; they are not ours to commit."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from registry.formats import FormatError, NamedFile, hashes, inspect, inspect_files, targets_for, write

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "samples" / "embeddings"

#: File → (layout, shape, tokens, name, first digits of its SHA-256).
READ = {
    "Ljzd-PRO--gasai-yuno-10000.pt": ("a1111", (8, 768), ("*",), "gasai yuno", "cc25db7ded8d"),
    "Ljzd-PRO--gasai-yuno-10000.png": ("a1111-image", (8, 768), ("*",), "gasai yuno", "91502229449e"),
    "cloneofsimo--lora_kiriko2.ti.pt": ("diffusers", (1, 768), ("<krk>",), "", "afdd58827102"),
    "fastai--learned_embeds.bin": ("diffusers", (1, 768), ("<birb-style>",), "", "f2e23a8f2d36"),
    "huggingface--flora.pt": ("a1111", (4, 1024), ("*",), "FloralMarble-400", "94b27958b3f3"),
    "huggingface--learned_embeds_1.bin": ("diffusers", (10, 768), ("<frida>",), "", "74db254d6de9"),
    "invoke-ai--test_embedding.safetensors": ("kohya", (5, 768), (), "", "082897a88340"),
}
REFUSED = {
    "cloneofsimo--lora_disney.safetensors": "not_an_embedding",
    "huggingface--cat.pt": "not_an_embedding",
}


def sample(name):
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"the sample file {name} is not beside this checkout")
    return path.read_bytes()


@pytest.mark.parametrize("name", READ)
def test_a_real_file_is_read_and_rewritten_without_losing_a_bit(name):
    data = sample(name)
    found = inspect(data)
    layout, shape, tokens, internal, sha256 = READ[name]
    assert (found.layout, found.encoders[0].shape, found.tokens, found.name) == (
        layout,
        shape,
        tokens,
        internal,
    )
    assert found.sha256.startswith(sha256) and found.warnings == expected_warnings(found)
    for target in targets_for(found.encoders):
        (file,) = write(target, found.encoders, token="<x>", name="x")
        assert inspect(file.data).digest == found.digest


def expected_warnings(found):
    if found.layout == "diffusers" and found.bases[0].base == "sd1":
        return tuple(warning for warning in found.warnings if "two files, of 768 and 1280 numbers" in warning)
    if not found.checkpoint:
        return ()
    return (f"The file names the checkpoint it was trained on ({found.checkpoint}); converted files leave that out.",)


@pytest.mark.parametrize("name", REFUSED)
def test_a_real_file_of_another_kind_is_refused(name):
    with pytest.raises(FormatError) as caught:
        inspect(sample(name))
    assert caught.value.code == REFUSED[name]


def test_a1111_s_checksum_is_the_one_that_a1111_prints_for_a_real_file():
    found = inspect(sample("Ljzd-PRO--gasai-yuno-10000.pt"))
    assert hashes.checksum16(found.encoders[0].vectors) == "4b32"


def test_a_real_picture_and_the_file_of_the_same_step_hold_the_same_numbers():
    picture, file = (inspect(sample(f"Ljzd-PRO--gasai-yuno-10000.{end}")) for end in ("png", "pt"))
    assert picture.digest == file.digest and picture.step == file.step


def test_a_real_picture_without_its_text_is_read_from_its_pixels():
    data = sample("Ljzd-PRO--gasai-yuno-10000.png")
    start = data.index(b"tEXt") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    bare = data[:start] + data[end:]
    assert b"sd-ti-embedding" not in bare and inspect(bare).digest == inspect(data).digest


def test_a_real_picture_as_lossless_webp_is_read_from_its_pixels():
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed; WebP pictures are read with it")
    data, file = sample("Ljzd-PRO--gasai-yuno-10000.png"), io.BytesIO()
    image.open(io.BytesIO(data)).save(file, "WEBP", lossless=True, exact=True, method=0)
    found = inspect(file.getvalue())
    assert found.container == "webp" and found.digest == inspect(data).digest


def test_a_real_lora_s_words_are_offered_as_embeddings_of_their_own():
    parts = inspect_files([NamedFile("disney.safetensors", sample("cloneofsimo--lora_disney.safetensors"))])
    assert [(part.label, part.inspection.layout, part.inspection.vectors) for part in parts] == [
        ("<s1>", "bundle", 1),
        ("<s2>", "bundle", 1),
    ]
