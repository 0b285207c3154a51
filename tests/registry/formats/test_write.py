"""What is written: read back by ourselves, and by the libraries that others read it with."""

from __future__ import annotations

import io
import pickletools
import re
import zipfile

import numpy as np
import pytest

from registry.formats import (
    CLIENTS,
    Dtype,
    Encoder,
    FormatError,
    NamedFile,
    Target,
    canonical,
    inspect,
    inspect_files,
    targets_for,
    write,
)
from registry.formats.hashes import sha256
from tests.registry.formats.builders import vectors


def exact(rows, width):
    """Vectors that are the same bits on every machine."""
    return (np.arange(rows * width) % 251 / 256).astype(np.float32).reshape(rows, width)


ENCODERS = {
    "sd1": [Encoder("emb_params", exact(3, 768), "F32")],
    "sd2": [Encoder("emb_params", exact(1, 1024), "F32")],
    "sdxl": [Encoder("clip_l", exact(2, 768), "F32"), Encoder("clip_g", exact(2, 1280), "F32")],
    "pocket": [Encoder("emb_params", exact(2, 128), "F32")],
}
#: What A1111 1.10 lets into a zip, and before that.
A1111_RECORDS = re.compile(r"^([^/]+)/((data/\d+)|version|(data\.pkl))$")


def written(target, family, **options):
    return write(target, ENCODERS[family], **{"token": "<koi>", "name": "koi", **options})


#: Every target that an embedding of a family can be written as.
PAIRS = [(target, family) for family, encoders in ENCODERS.items() for target in targets_for(encoders)]


@pytest.mark.parametrize("dtype", Dtype)
@pytest.mark.parametrize(("target", "family"), PAIRS)
def test_what_is_written_is_read_back_exactly(target, family, dtype):
    files = [NamedFile(file.filename, file.data) for file in written(target, family, dtype=dtype)]
    apart = family == "sdxl" and target in (Target.DIFFUSERS, Target.DIFFUSERS_BIN)
    assert len(files) == (2 if apart else 1)
    if apart:  # the second half alone is refused: its width belongs to no family
        with pytest.raises(FormatError, match="half of an SDXL embedding"):
            inspect(files[1].data)
    (part,) = inspect_files(files)
    for encoder, original in zip(part.inspection.encoders, ENCODERS[family], strict=True):
        # The numbers are multiples of 1/256 below 1, which float16 holds exactly.
        assert encoder.vectors.tobytes() == original.vectors.tobytes()
        assert encoder.dtype == ("F16" if dtype == Dtype.FLOAT16 else "F32")


def test_the_file_names_are_those_that_tools_expect():
    names = {
        (target.value, family): [file.filename for file in written(target, family, name="Koi")]
        for target, family in PAIRS
        if family in ("sd1", "sdxl")
    }
    learned, learned_bin = ["learned_embeds.safetensors"], ["learned_embeds.bin"]
    by_name = {
        (tool, family): ["Koi.safetensors"]
        for tool in ("canonical", "a1111", "comfyui", "invokeai", "kohya")
        for family in ("sd1", "sdxl")
    }
    assert names == by_name | {
        ("a1111-pt", "sd1"): ["Koi.pt"],
        ("a1111-pt", "sdxl"): ["Koi.pt"],
        ("sdcpp", "sd1"): ["koi.safetensors"],
        ("sdcpp", "sdxl"): ["koi.safetensors"],
        ("diffusers", "sd1"): learned,
        ("diffusers", "sdxl"): [*learned, "learned_embeds_2.safetensors"],
        ("diffusers-bin", "sd1"): learned_bin,
        ("diffusers-bin", "sdxl"): [*learned_bin, "learned_embeds_2.bin"],
        ("diffusers-sdxl", "sdxl"): ["Koi.zip"],
    }


FLUX = [Encoder("clip_l", exact(2, 768), "F32"), Encoder("t5xxl", exact(2, 4096), "F32")]
XTI = [Encoder(name, exact(1, 768), "F32") for name in ("IN01", "MID")]


@pytest.mark.parametrize(
    ("encoders", "targets"),
    [(FLUX, [Target.CANONICAL, Target.COMFYUI]), (XTI, [Target.CANONICAL])],
    ids=["flux", "xti"],
)
def test_a_tool_that_would_drop_or_misread_a_part_is_not_offered_and_refused(encoders, targets):
    assert targets_for(encoders) == targets
    for target in Target:
        if target in targets:
            assert write(target, encoders, token="<koi>", name="koi")
            continue
        with pytest.raises(FormatError, match="without changing what it is") as caught:
            write(target, encoders, token="<koi>", name="koi")
        assert caught.value.code == "wrong_target"


def test_numbers_beyond_float16_are_refused_and_not_made_infinite():
    loud = exact(1, 768)
    loud[0, 5] = -65_600
    with pytest.raises(FormatError, match="65600, is too large for float16") as caught:
        write(Target.A1111, [Encoder("emb_params", loud, "F32")], token="<koi>", name="koi", dtype="float16")
    assert caught.value.code == "bad_values"


def test_a_name_cannot_leave_its_folder():
    for name in ("../../etc/passwd", "a/b\\c", "..", "", "x" * 300, "ko:i|<>", "\0", "鯉", "a,b (c) [d]"):
        for target in (Target.CANONICAL, Target.A1111_PT):
            (file,) = written(target, "sd1", name=name)
            assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,120}", file.filename) and ".." not in file.filename


def test_the_bytes_never_change_from_release_to_release():
    """Published hashes must keep resolving. A change here breaks every link from a picture to its embedding."""
    digests = {
        (target.value, family): [sha256(file.data)[:12] for file in written(target, family)] for target, family in PAIRS
    }
    assert {key: value for key, value in digests.items() if key[0] in SAME_AS_CANONICAL} == {
        key: FROZEN["canonical", key[1]] for key in digests if key[0] in SAME_AS_CANONICAL
    }
    digests = {key: value for key, value in digests.items() if key[0] not in SAME_AS_CANONICAL}
    assert digests == FROZEN


def test_half_the_precision_never_changes_its_bytes_either():
    digests = {
        (target.value, family): [sha256(file.data)[:12] for file in written(target, family, dtype="float16")]
        for target, family in PAIRS
    }
    same = {key: digests.pop(key) for key in list(digests) if key[0] in SAME_AS_CANONICAL}
    assert same == {key: FROZEN_HALF["canonical", key[1]] for key in same}
    assert digests == FROZEN_HALF


def test_metadata_goes_into_safetensors_in_a_fixed_order():
    one = canonical(ENCODERS["sd1"], {"b": "2", "a": "ü\n"})
    assert one == canonical(ENCODERS["sd1"], {"a": "ü\n", "b": "2"})
    assert inspect(one).metadata == {"a": "ü\n", "b": "2"}
    (file,) = written(Target.DIFFUSERS, "sd1", metadata={"a": "1"})
    assert inspect(file.data).metadata == {"a": "1", "format": "pt"}


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"a": "b" * 20_000}, "too_large"),
        ({"a": 1}, "malformed"),
        ({1: "a"}, "malformed"),
        ({"a": "\0"}, "malformed"),
        ({"a": "\ud800"}, "malformed"),
    ],
    ids=["long", "number", "number for a name", "zero", "half a character"],
)
def test_metadata_that_could_not_be_read_again_is_refused(metadata, code):
    for target in (Target.CANONICAL, Target.DIFFUSERS, Target.DIFFUSERS_SDXL):
        with pytest.raises(FormatError) as caught:
            written(target, "sdxl", metadata=metadata)
        assert (caught.value.code, caught.value.where) == (code, "__metadata__")


def test_metadata_that_speaks_of_words_makes_no_lora_of_a_file():
    flags = dict.fromkeys(("clip_l", "<koi>", "emb_params"), "<embed>")
    for target, family in PAIRS:
        files = [NamedFile(file.filename, file.data) for file in written(target, family, metadata=flags)]
        (part,) = inspect_files(files)
        assert [one.name for one in part.inspection.encoders] == [one.name for one in ENCODERS[family]]


def test_a_format_that_there_is_not_is_refused_naming_those_there_are():
    with pytest.raises(FormatError, match=r"gguf is no format; take one of canonical, .*comfyui"):
        written("gguf", "sd1")


@pytest.mark.parametrize("token", ["", " ", "a\nb", "__metadata__", "emb_params", "clip_l", "x" * 300, "a\u200bb"])
@pytest.mark.parametrize("target", [Target.DIFFUSERS, Target.DIFFUSERS_BIN])
def test_a_token_that_the_file_could_not_carry_is_refused(target, token):
    with pytest.raises(FormatError) as caught:
        written(target, "sd1", token=token)
    assert caught.value.code == "bad_token"


def test_pickles_use_only_what_old_allow_lists_know():
    for family in ENCODERS:
        for target in (Target.DIFFUSERS_BIN, Target.A1111_PT):
            for file in written(target, family):
                archive = zipfile.ZipFile(io.BytesIO(file.data))
                assert archive.testzip() is None and all(A1111_RECORDS.match(name) for name in archive.namelist())
                globals_used = {
                    argument
                    for code, argument, _ in pickletools.genops(archive.read("archive/data.pkl"))
                    if code.name == "GLOBAL"
                }
                assert globals_used == {
                    "torch._utils _rebuild_tensor_v2",
                    "torch FloatStorage",
                    "collections OrderedDict",
                }


def test_safetensors_reads_ours():
    library = pytest.importorskip("safetensors.numpy", reason="the safetensors library is not installed")
    for family, encoders in ENCODERS.items():
        found = library.load(written(Target.CANONICAL, family)[0].data)
        assert {name: array.tobytes() for name, array in found.items()} == {
            e.name: e.vectors.tobytes() for e in encoders
        }
        for file, encoder in zip(written(Target.DIFFUSERS, family), encoders, strict=True):
            assert np.array_equal(library.load(file.data)["<koi>"], encoder.vectors)


def test_safetensors_own_files_are_read():
    library = pytest.importorskip("safetensors.numpy", reason="the safetensors library is not installed")
    data = library.save({"clip_l": vectors(2), "clip_g": vectors(2, 1280)}, metadata={"a": "b"})
    found = inspect(data)
    assert (found.layout, found.metadata) == ("sdxl", {"a": "b"})
    assert np.array_equal(found.encoders[1].vectors, vectors(2, 1280))


@pytest.mark.parametrize("family", ENCODERS)
def test_torch_reads_ours_without_trusting_it(family):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for file, encoder in zip(written(Target.DIFFUSERS_BIN, family), ENCODERS[family], strict=True):
        found = torch.load(io.BytesIO(file.data), weights_only=True)
        assert type(found) is dict and list(found) == ["<koi>"]
        assert np.array_equal(found["<koi>"].numpy(), encoder.vectors)
    (file,) = written(Target.A1111_PT, family)
    found = torch.load(io.BytesIO(file.data), weights_only=True)
    if family == "sdxl":
        assert {name: tuple(value.shape) for name, value in found.items()} == {
            "clip_l": (2, 768),
            "clip_g": (2, 1280),
        }
    else:
        assert (found["name"], found["string_to_token"], found["step"]) == ("koi", {"*": 265}, None)
        assert np.array_equal(found["string_to_param"]["*"].numpy(), ENCODERS[family][0].vectors)


def test_every_target_says_what_it_is_and_who_reads_it():
    assert all(target.label and target.read_by for target in Target)
    assert len({target.label for target in Target}) == len(Target)
    assert {"a1111", "forge", "comfyui", "invokeai", "kohya", "diffusers"} <= set(CLIENTS)


#: Targets that differ from the canonical file in nothing but its name.
SAME_AS_CANONICAL = ("a1111", "comfyui", "invokeai", "kohya", "sdcpp")

FROZEN = {
    ("canonical", "sd1"): ["3d2f9a7419a7"],
    ("canonical", "sd2"): ["69ecacd6fbe0"],
    ("canonical", "sdxl"): ["719efb5f7553"],
    ("canonical", "pocket"): ["4c24f641ab87"],
    ("diffusers", "sd1"): ["252ce98f48b8"],
    ("diffusers", "sd2"): ["c3c7ffec0a39"],
    ("diffusers", "sdxl"): ["bd557fa557e8", "c0ba64503a64"],
    ("diffusers", "pocket"): ["e837df1b7558"],
    ("diffusers-bin", "sd1"): ["9639f1b11045"],
    ("diffusers-bin", "sd2"): ["9e8994a530e6"],
    ("diffusers-bin", "sdxl"): ["a054bfcdeb41", "d8efcd73fc5c"],
    ("diffusers-bin", "pocket"): ["ca9cb3b482dd"],
    ("a1111-pt", "sd1"): ["d65142534b3e"],
    ("a1111-pt", "sd2"): ["9aa31715c981"],
    ("a1111-pt", "sdxl"): ["b8a158d04779"],
    ("a1111-pt", "pocket"): ["0d2ca4272a6d"],
    ("diffusers-sdxl", "sdxl"): ["d33e1141c2ea"],
}
FROZEN_HALF = {
    ("canonical", "sd1"): ["907404ad7e16"],
    ("canonical", "sd2"): ["9d26f24648e9"],
    ("canonical", "sdxl"): ["f8e329815505"],
    ("canonical", "pocket"): ["009329857cec"],
    ("diffusers", "sd1"): ["4574d954fd92"],
    ("diffusers", "sd2"): ["371569a73eb1"],
    ("diffusers", "sdxl"): ["c6409124ac41", "e9cac6602bd6"],
    ("diffusers", "pocket"): ["b9dc93d5a961"],
    ("diffusers-bin", "sd1"): ["c93ef3ce6e1c"],
    ("diffusers-bin", "sd2"): ["9d144a5e9000"],
    ("diffusers-bin", "sdxl"): ["e5a067df0c65", "ef21504ce53a"],
    ("diffusers-bin", "pocket"): ["bed971316555"],
    ("a1111-pt", "sd1"): ["b3f5af839ecf"],
    ("a1111-pt", "sd2"): ["81c491ae97e8"],
    ("a1111-pt", "sdxl"): ["6b812d460385"],
    ("a1111-pt", "pocket"): ["234b21b4e161"],
    ("diffusers-sdxl", "sdxl"): ["f2494ec40801"],
}
