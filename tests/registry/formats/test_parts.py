"""What the files of one upload hold together."""

from __future__ import annotations

import json

import numpy as np
import pytest
from django.core.management import call_command

from registry.formats import FormatError, NamedFile, inspect, inspect_files
from tests.registry.formats import builders as make

ONE, OTHER, BIG = make.vectors(2), make.vectors(3, seed=1), make.vectors(2, 1280)
PIVOTAL = make.safetensors({"text_encoders_0": ONE, "text_encoders_1": BIG})
LORA = {"lora_unet_mid.lora_down.weight": ONE, "lora_unet_mid.alpha": ONE[:1, :1]}


def parts(**files):
    """The parts of files by name, in which the last underscore is the extension's dot."""
    return inspect_files([NamedFile(".".join(name.rsplit("_", 1)), data) for name, data in files.items()])


def refusal(*files):
    with pytest.raises(FormatError) as caught:
        inspect_files([NamedFile(name, data) for name, data in files])
    return caught.value


def a1111(vectors, name):
    parameters = make.dictionary(**{"*": make.tensor(list(vectors.shape))})
    return make.torch_zip(make.a1111(parameters=parameters, name=make.text(name)), vectors)


def test_one_file_of_one_embedding_is_one_part_named_after_the_file():
    data = make.safetensors({"emb_params": ONE})
    (part,) = inspect_files([NamedFile("folder/koi.v2.safetensors", data)])
    assert (part.role, part.label, part.sources) == ("", "koi.v2", ("folder/koi.v2.safetensors",))
    assert part.inspection.digest == inspect(data).digest and part.inspection.sha256 == inspect(data).sha256


@pytest.mark.parametrize("swapped", [False, True])
def test_the_two_files_of_an_sdxl_embedding_are_one_part(swapped):
    files = [NamedFile("learned_embeds.safetensors", make.safetensors({"<cat>": ONE})),
             NamedFile("learned_embeds_2.safetensors", make.safetensors({"<cat>": BIG}))]  # fmt: skip
    (part,) = inspect_files(files[::-1] if swapped else files)
    found = part.inspection
    assert (found.layout, found.tokens, part.label) == ("diffusers-sdxl", ("<cat>",), "<cat>")
    assert [(encoder.name, encoder.shape) for encoder in found.encoders] == [
        ("clip_l", (2, 768)),
        ("clip_g", (2, 1280)),
    ]
    assert found.bases[0].base == "sdxl" and part.sources == (
        "learned_embeds.safetensors",
        "learned_embeds_2.safetensors",
    )
    assert found.digest == inspect(make.safetensors({"clip_l": ONE, "clip_g": BIG})).digest


def test_a_half_whose_header_is_as_long_as_json_begins_is_no_sidecar():
    half = make.safetensors({"<cat>": ONE})
    length = int.from_bytes(half[:8], "little")
    header = half[8 : 8 + length].rstrip() + b" " * 512
    header = header[: next(size for size in range(len(header.rstrip()), 1024) if size % 256 == 0x7B)]
    odd = len(header).to_bytes(8, "little") + header + half[8 + length :]
    assert odd[:1] == b"{" and inspect(odd).tokens == ("<cat>",)
    (part,) = inspect_files([NamedFile("a", odd), NamedFile("b", make.safetensors({"<cat>": BIG}))])
    assert part.inspection.layout == "diffusers-sdxl"


def test_halves_of_unlike_training_are_refused():
    first = make.safetensors({"<cat>": ONE})
    assert refusal(("a", first), ("b", make.safetensors({"<dog>": BIG}))).code == "unrelated_files"
    assert refusal(("a", first), ("b", make.safetensors({"<cat>": make.vectors(3, 1280)}))).code == "malformed"


def test_a_sidecar_says_what_an_sdxl_pivotal_tuning_s_tokens_are():
    (part,) = parts(embeddings_pti=PIVOTAL, special_params_json=json.dumps({"TOK": "<s0><s1>"}).encode())
    assert (part.inspection.layout, part.inspection.tokens) == ("sdxl-pivotal", ("<s0><s1>",))
    assert part.sources == ("embeddings.pti", "special_params.json") and part.label == "embeddings"


@pytest.mark.parametrize(
    ("sidecar", "code"),
    [(b"{}", "malformed"), (b'{"TOK": 1}', "malformed"), (b"{oh", "malformed"), (b'{"TOK": "a\\u202eb"}', "bad_token"),
     (b'{"a":' * 3000, "malformed"), (b'{"a": "' + b"x" * 20_000, "too_large")],
)  # fmt: skip
def test_a_sidecar_that_says_something_else_is_refused(sidecar, code):
    assert refusal(("embeddings.pti", PIVOTAL), ("special_params.json", sidecar)).code == code


def test_a_sidecar_belongs_to_no_other_layout():
    error = refusal(
        ("a.safetensors", make.safetensors({"emb_params": ONE})), ("special_params.json", b'{"TOK": "<s0>"}')
    )
    assert error.code == "unrelated_files" and "special_params.json" in error.message


@pytest.mark.parametrize(
    ("names", "inside"),
    [
        (("koi.pt", "koi-neg.pt"), ("", "")),
        (("a.pt", "b.pt"), ("koi", "koi-neg")),
        (("KOI.pt", "koi-NEG.pt"), ("x", "x")),
    ],
)
def test_a_word_and_its_negative_are_two_parts_in_any_order(names, inside):
    files = [NamedFile(names[0], a1111(ONE, inside[0])), NamedFile(names[1], a1111(OTHER, inside[1]))]
    for order in (files, files[::-1]):
        positive, negative = inspect_files(order)
        assert (positive.role, positive.sources, positive.inspection.vectors) == ("positive", (names[0],), 2)
        assert (negative.role, negative.sources, negative.inspection.vectors) == ("negative", (names[1],), 3)


def test_a_name_that_ends_in_neg_proves_nothing_alone():
    (part,) = inspect_files([NamedFile("negative_hand-neg.pt", a1111(ONE, "negative_hand-neg"))])
    assert part.role == ""


def test_the_words_of_one_file_are_parts_of_their_own():
    data = make.torch_zip(
        make.dictionary(**{"<cat>": make.tensor([2, 768]), "<dog>": make.tensor([3, 768], key="1")}),
        ONE,
        OTHER,
    )
    found = inspect_files([NamedFile("two.bin", data)])
    assert [(part.label, part.inspection.tokens, part.inspection.vectors) for part in found] == [
        ("<cat>", ("<cat>",), 2), ("<dog>", ("<dog>",), 3),
    ]  # fmt: skip
    parameters = make.dictionary(a=make.tensor([2, 768]), b=make.tensor([3, 768], key="1"))
    found = inspect_files([NamedFile("merged.pt", make.torch_zip(make.a1111(parameters=parameters), ONE, OTHER))])
    assert [(part.label, part.inspection.layout) for part in found] == [("a", "a1111"), ("b", "a1111")]
    with pytest.raises(FormatError, match="a, b"):
        inspect(make.torch_zip(make.a1111(parameters=parameters), ONE, OTHER))


def test_the_words_in_a_lora_are_offered_but_a_lora_is_no_embedding():
    bundled = {
        "bundle_emb.my.cat.clip_l": ONE,
        "bundle_emb.my.cat.clip_g": BIG,
        "bundle_emb.dog.string_to_param.*": OTHER,
    }
    data = make.safetensors(
        {**LORA, **bundled, **{f"lora_te_{n}.lora_up.weight": ONE[:1, :1] for n in range(100)}},
        {"a": "b" * 20_000},
    )
    cat, dog = inspect_files([NamedFile("lora.safetensors", data)])
    assert (cat.label, cat.inspection.tokens, cat.inspection.bases[0].base) == ("my.cat", ("my.cat",), "sdxl")
    assert (dog.label, dog.inspection.encoders[0].name, dog.inspection.bases[0].base) == (
        "dog",
        "emb_params",
        "sd1",
    )
    assert np.array_equal(dog.inspection.encoders[0].vectors, OTHER) and dog.inspection.metadata == {}
    with pytest.raises(FormatError, match=r"LoRA.*my\.cat, dog") as caught:
        inspect(data)
    assert caught.value.code == "not_an_embedding"


def test_words_that_cloneofsimo_s_scripts_leave_in_a_lora_are_told_by_the_metadata():
    data = make.safetensors({"<s1>": ONE[0], "unet:0:up": ONE}, {"<s1>": "<embed>"})
    (part,) = inspect_files([NamedFile("lora.safetensors", data)])
    assert (part.label, part.inspection.layout, part.inspection.vectors) == ("<s1>", "bundle", 1)
    assert (
        refusal(("lora.safetensors", make.safetensors({"<s1>": ONE[0], "unet:0:up": ONE}))).code == "not_an_embedding"
    )


def test_words_of_cloneofsimo_s_scripts_without_a_lora_are_embeddings():
    data = make.safetensors({"<s1>": ONE[0]}, {"<s1>": "<embed>"})
    assert (inspect(data).layout, inspect(data).tokens) == ("diffusers", ("<s1>",))
    data = make.safetensors({"<s1>": ONE[0], "<s2>": OTHER[0]}, {"<s1>": "<embed>", "<s2>": "<embed>"})
    found = inspect_files([NamedFile("words.safetensors", data)])
    assert [(part.label, part.inspection.layout) for part in found] == [("<s1>", "diffusers"), ("<s2>", "diffusers")]


def test_of_bundled_words_output_vectors_are_left_out_and_words_that_have_no_others():
    data = make.safetensors(
        {"bundle_emb.cat.clip_l": ONE, "bundle_emb.cat.clip_l_out": OTHER, "bundle_emb.dog.clip_l_out": ONE}
    )
    (part,) = inspect_files([NamedFile("lora.safetensors", data)])
    assert part.label == "cat" and np.array_equal(part.inspection.encoders[0].vectors, ONE)
    assert any("clip_l_out" in warning for warning in part.inspection.warnings)
    assert (
        refusal(("lora.safetensors", make.safetensors({"bundle_emb.dog.clip_l_out": ONE}))).code == "not_an_embedding"
    )


def test_files_that_do_not_belong_together_are_refused_by_name():
    data = make.safetensors({"emb_params": ONE})
    error = refusal(("a.safetensors", data), ("b.safetensors", data))
    assert error.code == "unrelated_files" and "a.safetensors, b.safetensors" in error.message
    assert refusal(*[(f"{n}.pt", data) for n in range(3)]).code == "unrelated_files"
    assert refusal().code == "unrelated_files"
    assert refusal(*[(f"{n}.pt", data) for n in range(17)]).code == "too_large"


def test_of_several_files_a_refusal_says_which_it_was():
    error = refusal(("good.pt", a1111(ONE, "x")), ("evil.pt", make.torch_zip(b"cposix\nsystem\n")))
    assert error.code == "unsafe" and error.message.startswith("evil.pt: ")


def test_the_command_tells_every_word_of_a_file_in_one_object(tmp_path, capsys):
    file = tmp_path / "two.safetensors"
    file.write_bytes(make.safetensors({"<cat>": ONE, "<dog>": OTHER}))
    call_command("inspect", str(file), json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == str(file) and told["tokens"] == ["<cat>"]
    assert [part["tokens"] for part in told["parts"]] == [["<cat>"], ["<dog>"]]
    call_command("inspect", str(file))
    assert "<dog>: diffusers in safetensors" in capsys.readouterr().out
