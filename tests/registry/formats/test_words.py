"""Which words a file may have, and that a file of ours is never taken for anything else, whatever its word is."""

from __future__ import annotations

import random

import numpy as np
import pytest

from registry.formats import FormatError, NamedFile, Target, inspect, inspect_files, write
from registry.formats.encoder_names import LAYERS, RESERVED
from registry.formats.names import check_token
from tests.registry.formats import builders as make

ONE, BIG = make.vectors(2), make.vectors(2, 1280)
SD1 = inspect(make.safetensors({"emb_params": ONE})).encoders
SDXL = inspect(make.safetensors({"clip_l": ONE, "clip_g": BIG})).encoders
#: Targets whose files carry the token.
CARRIERS = (Target.DIFFUSERS, Target.DIFFUSERS_BIN, Target.DIFFUSERS_SDXL)

#: Words that parts of other files are called too.
ODD = [
    *("my_lora", "lora", "lora_style", "lora.x", "x.alpha", "x.dora_scale", "hada_w1", "lokr_w1", "oft_blocks", "unet:0:up"),
    *("state_dict", "global_step", "optimizer", "optimizer_state_dict", "model_state_dict", "step", "name", "string_to_token"),
    *("token_embedding", "text_model.x", "conditioner.x", "model.diffusion_model.x", "bundle_emb", "x_out", "clip", "tensor", "dtype"),
    *(*LAYERS, "IN99", "*", "<s0><s1>", "a b", "é", "猫", "نمونه", "a/b", "a:b", '"', "\\", "<|endoftext|>", "__metadata"),
]  # fmt: skip
#: Pieces of names, for words that nobody thought of.
PIECES = [
    "lora",
    "_",
    ".",
    "weight",
    "bundle_emb",
    "clip_l",
    "out",
    "IN01",
    "x",
    "alpha",
    "<",
    ">",
    "bias",
    ":0:",
    "up",
    "t5",
    "string_to_param",
    "*",
]


def chained(count):
    chance = random.Random(7)
    return ["".join(chance.choice(PIECES) for _ in range(chance.randint(1, 5))) for _ in range(count)]


def read_back(target, encoders, token):
    files = [NamedFile(file.filename, file.data) for file in write(target, encoders, token=token, name="koi")]
    (part,) = inspect_files(files)
    return part.inspection


@pytest.mark.parametrize("token", ODD)
def test_a_file_of_ours_is_read_as_what_it_is_whatever_its_word_is(token):
    for target in CARRIERS:
        for encoders in (SDXL,) if target == Target.DIFFUSERS_SDXL else (SD1, SDXL):
            found = read_back(target, encoders, token)
            assert found.tokens == (token,)
            assert [one.name for one in found.encoders] == [one.name for one in encoders]


def test_a_word_is_refused_where_it_is_written_or_read_back_where_it_is_not():
    refused, taken = 0, 0
    for token in {*chained(2000), *RESERVED}:
        try:
            check_token(token)
        except FormatError:
            refused += 1
            for target in CARRIERS:
                with pytest.raises(FormatError, match="name that tools give"):
                    write(target, SDXL, token=token, name="koi")
        else:
            taken += 1
            assert read_back(Target.DIFFUSERS, SD1, token).tokens == (token,)
    assert refused > 40 and taken > 500


@pytest.mark.parametrize(
    "name", ["lora_unet_mid.lora_down.weight", "a.bias", "bundle_emb.cat.clip_l", "string_to_param.*", "clip_l_out"]
)
def test_a_name_that_only_tools_give_is_no_word(name):
    with pytest.raises(FormatError, match="name that tools give"):
        check_token(name)


@pytest.mark.parametrize("key", ["global_step", "optimizer", "state_dict", "lora_x.alpha", "notes"])
@pytest.mark.parametrize("value", [b"K\7", b"}", make.tensor([2, 768])], ids=["number", "dictionary", "tensor"])
def test_a1111_s_dictionary_is_read_whatever_is_kept_beside_it(key, value):
    found = inspect(make.torch_zip(make.a1111(**{key: value}), ONE))
    assert found.layout == "a1111" and np.array_equal(found.encoders[0].vectors, ONE)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<cat> ", "<cat>"),
        ("\u3000猫", "猫"),
        ("می\u200cخواهم", "میخواهم"),
        ("क्\u200dष", "क्ष"),
        ("<❤\ufe0f>", "<❤>"),
        ("<👩\u200d🚀>", "<👩🚀>"),
    ],
)
def test_a_word_with_spaces_around_it_or_joiners_within_it_is_read_without_them_and_that_is_said(written, read):
    parameters = make.dictionary(**{written: make.tensor([2, 768])})
    for data in (
        make.safetensors({written: ONE}),
        make.torch_zip(make.embedding(written), ONE),
        make.torch_zip(make.a1111(parameters=parameters), ONE),
    ):
        found = inspect(data)
        assert found.tokens == (read,) and check_token(read) == read
        assert any(read in warning and "cannot be seen" in warning for warning in found.warnings)
    with pytest.raises(FormatError, match="cannot be seen"):
        check_token(written)


def test_the_two_halves_of_a_word_with_a_space_belong_together():
    files = [NamedFile("a", make.safetensors({"<cat> ": ONE})), NamedFile("b", make.safetensors({"<cat>": BIG}))]
    (part,) = inspect_files(files)
    assert part.inspection.tokens == ("<cat>",) and part.inspection.layout == "diffusers-sdxl"


def test_a_word_newer_than_this_python_can_be_seen():
    newer = "\U000323b0"  # not assigned up to Unicode 16
    assert inspect(make.safetensors({f"<{newer}>": ONE})).tokens == (f"<{newer}>",)


@pytest.mark.parametrize(
    ("tensors", "layout", "names"),
    [
        ({"emp_params": ONE, "emp_params_out": ONE}, "onetrainer", ["emb_params"]),
        ({"clip_l": ONE, "clip_g": BIG, "clip_l_out": ONE, "clip_g_out": BIG}, "sdxl", ["clip_l", "clip_g"]),
        ({"clip_g": BIG, "clip_l_out": ONE}, "cascade", ["clip_g"]),
    ],
)
def test_what_a_text_encoder_gives_out_is_left_out_beside_what_goes_into_it(tensors, layout, names):
    found = inspect(make.safetensors(tensors))
    assert (found.layout, [one.name for one in found.encoders]) == (layout, names)
    assert any("gives out" in warning and "left out" in warning and "_out" in warning for warning in found.warnings)
