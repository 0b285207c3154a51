"""Each file goes through the rules of the tools that the menu names for it, and gives them the right word and vectors."""

from __future__ import annotations

import io
from collections import OrderedDict

import numpy as np
import pytest

from registry.formats import CLIENTS, Dtype, Encoder, Family, Target, write
from registry.formats.encoder_names import ENCODER_WIDTHS, SETS
from registry.formats.hashes import sha256
from tests.registry.formats import builders as make
from tests.registry.formats import loaders
from tests.registry.formats.loaders import MODELS, Refused

#: A tool's name on the command line → its rule, and the word that its users write for a file called so.
RULES = {
    "a1111": (loaders.a1111, "{}"),
    "a1111-pt": (loaders.a1111_of_old, "{}"),
    "forge": (loaders.a1111, "{}"),
    "sdnext": (loaders.sdnext, "{}"),
    "comfyui": (loaders.comfyui, "embedding:{}"),
    "invokeai": (loaders.invokeai, "<{}>"),
    "kohya": (loaders.kohya, "{}"),
    "sdcpp": (loaders.sdcpp, "{}"),
    "sd.cpp": (loaders.sdcpp, "{}"),
}
#: Tools that read a form beside those that are called after it.
ALSO = {
    Target.CANONICAL: ["a1111", "forge", "sdnext", "comfyui", "invokeai", "kohya", "sdcpp"],
    Target.A1111_PT: ["a1111", "forge", "comfyui", "invokeai", "kohya"],
}
#: How the menu calls a tool, and what it says of the word.
IN_THE_MENU = {
    "a1111": ("AUTOMATIC1111", "the file's name is the word"),
    "a1111-pt": ("AUTOMATIC1111", "the file's name is the word"),
    "forge": ("Forge", "the file's name is the word"),
    "sdnext": ("SD.Next", "the file's name is the word"),
    "comfyui": ("ComfyUI", "write embedding: and the file's name"),
    "invokeai": ("InvokeAI", "the file's name in angle brackets is the word"),
    "kohya": ("kohya sd-scripts", "the file's name is the word"),
    "sdcpp": ("stable-diffusion.cpp", "the file's name in lower case is the word"),
    "sd.cpp": ("stable-diffusion.cpp", "the file's name in lower case is the word"),
}
PROMISED = [
    *((CLIENTS[client], client) for client in RULES),
    *((target, client) for target, clients in ALSO.items() for client in clients),
]


def embedding(model, rows):
    names = {"sd1": ["emb_params"], "sd2": ["emb_params"]}.get(model, list(MODELS[model]))
    return [
        Encoder(name, make.vectors(rows, width, seed=width), "F32")
        for name, width in zip(names, MODELS[model].values(), strict=True)
    ]


@pytest.mark.parametrize("dtype", Dtype)
@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("model", ["sd1", "sd2", "sdxl"])
@pytest.mark.parametrize(("target", "client"), PROMISED)
def test_the_tool_learns_every_vector(target, client, model, rows, dtype):
    rule, word = RULES[client]
    encoders = embedding(model, rows)
    (file,) = write(target, encoders, token="<unlike>", name="koi", dtype=dtype)
    loaded = rule(file.filename, file.data, model)
    assert loaded.trigger == word.format("koi") and set(loaded.vectors) == set(MODELS[model])
    for name, encoder in zip(MODELS[model], encoders, strict=True):
        assert loaded.vectors[name].shape == encoder.shape
        expected = encoder.vectors.astype(dtype).astype(np.float32)
        assert loaded.vectors[name].tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Koi_v2.1", "Koi_v2.1"),
        ("a,b (c) [d]: <e>|\\f", "a-b-c-d-e-f"),
        ("鯉", f"embedding-{sha256('鯉'.encode())[:8]}"),
    ],
)
@pytest.mark.parametrize(("target", "client"), PROMISED)
def test_the_word_is_the_promised_one_whatever_the_embedding_is_called(target, client, name, stem):
    rule, word = RULES[client]
    (file,) = write(target, embedding("sd1", 1), token="<unlike>", name=name)
    expected = word.format(stem.lower() if RULES[client][0] is loaders.sdcpp else stem)
    assert rule(file.filename, file.data, "sd1").trigger == expected


def test_every_tool_of_the_command_line_has_a_rule_or_is_tried_for_real():
    own_tests = {"diffusers", "diffusers-bin", "diffusers-sdxl"}  # by diffusers itself
    assert set(CLIENTS) == set(RULES) | own_tests | {"canonical", "safetensors"}
    assert set(IN_THE_MENU) == set(RULES)


@pytest.mark.parametrize("client", RULES)
def test_the_menu_names_the_tool_and_its_word(client):
    tool, word = IN_THE_MENU[client]
    told = CLIENTS[client].read_by
    assert tool in told and told.endswith(word)


@pytest.mark.parametrize("known", [known for known in SETS if known.layout != "xti"], ids=lambda known: known.layout)
def test_comfyui_learns_the_vectors_for_every_text_encoder_of_newer_models(known):
    model = {Family.FLUX: "flux", Family.SDXL: "sdxl", Family.SD3: "sd3"}.get(known.families[0], known.families[0])
    if known.layout == "llama":
        model = Family.HUNYUAN_VIDEO
    encoders = [Encoder(name, make.vectors(2, ENCODER_WIDTHS[name], seed=1), "F32") for name in known.names]
    (file,) = write(Target.COMFYUI, encoders, token="<x>", name="koi")
    loaded = loaders.comfyui(file.filename, file.data, model)
    for encoder in encoders:
        name = "gemma2_2b" if encoder.name == "gemma" else encoder.name
        assert loaded.vectors[name].tobytes() == encoder.vectors.tobytes()


# The rules themselves: what the tools are known to refuse or to get wrong. A rule that took anything would pass above.

V, BIG, T5 = make.vectors(2), make.vectors(2, 1280), make.vectors(2, 4096)
TOKEN = make.safetensors({"<koi>": V})
ONE_D = make.safetensors({"<koi>": V[0]})
TWO_TOKENS = make.safetensors({"<koi>": V, "<cat>": V})
SDXL = make.safetensors({"clip_l": V, "clip_g": BIG})
PIVOTAL = make.safetensors({"text_encoders_0": V, "text_encoders_1": BIG})
FLUX = make.safetensors({"clip_l": V, "t5": T5})
A1111_PT = make.torch_zip(make.a1111(make.dictionary(**{"*": make.number(265)})), V)
SDXL_PT = make.torch_zip(make.dictionary(clip_l=make.tensor([2, 768]), clip_g=make.tensor([2, 1280], key="1")), V, BIG)

REFUSED = {
    "a1111, two tokens": (loaders.a1111, "x.safetensors", TWO_TOKENS, "sd1"),
    "a1111, SDXL by other names": (loaders.a1111, "x.safetensors", PIVOTAL, "sdxl"),
    "a1111, Flux": (loaders.a1111, "x.safetensors", FLUX, "sd1"),
    "a1111, SD 1 in SDXL": (loaders.a1111, "x.safetensors", TOKEN, "sdxl"),
    "a1111, a zip of two files": (loaders.a1111, "x.zip", SDXL, "sdxl"),
    "sdnext, .bin": (loaders.sdnext, "x.bin", A1111_PT, "sd1"),
    "sdnext, SDXL as .pt": (loaders.sdnext, "x.pt", SDXL_PT, "sdxl"),
    "comfyui, a name with a comma": (loaders.comfyui, "a,b.safetensors", TOKEN, "sd1"),
    "comfyui, SD 1 in SD 2": (loaders.comfyui, "x.safetensors", TOKEN, "sd2"),
    "invokeai, several vectors of diffusers": (loaders.invokeai, "x.safetensors", TOKEN, "sd1"),
    "invokeai, one vector of diffusers": (loaders.invokeai, "x.safetensors", make.safetensors({"<koi>": V[:1]}), "sd1"),
    "invokeai, OneTrainer": (loaders.invokeai, "x.safetensors", make.safetensors({"emp_params": V}), "sd1"),
    "invokeai, a name with a bracket": (loaders.invokeai, "a(b.safetensors", make.safetensors({"emb_params": V}), "sd1"),
    "kohya, SDXL by other names": (loaders.kohya, "x.safetensors", PIVOTAL, "sdxl"),
    "sdcpp, .bin": (loaders.sdcpp, "x.bin", A1111_PT, "sd1"),
    "sdcpp, Flux": (loaders.sdcpp, "x.safetensors", FLUX, "flux"),
}  # fmt: skip
TAKEN = {
    "a1111": (loaders.a1111, "x.safetensors", ONE_D, "sd1"),
    "comfyui": (loaders.comfyui, "x.safetensors", ONE_D, "sd1"),
    "invokeai": (loaders.invokeai, "x.safetensors", ONE_D, "sd1"),
    "a1111, .pt": (loaders.a1111, "x.pt", A1111_PT, "sd1"),
    "sdnext, .pt": (loaders.sdnext, "x.pt", A1111_PT, "sd1"),
    "kohya, .pt": (loaders.kohya, "x.pt", A1111_PT, "sd1"),
    "invokeai, SDXL as .pt": (loaders.invokeai, "x.pt", SDXL_PT, "sdxl"),
    "sdcpp, other names": (loaders.sdcpp, "X.safetensors", PIVOTAL, "sdxl"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_tool_refuses_what_it_is_known_to_refuse(what):
    rule, *file = REFUSED[what]
    with pytest.raises(Refused):
        rule(*file)


@pytest.mark.parametrize("what", TAKEN)
def test_a_tool_takes_what_it_is_known_to_take(what):
    rule, *file = TAKEN[what]
    vectors = rule(*file).vectors
    assert {key: value.shape[1] for key, value in vectors.items()} == MODELS[file[-1]]


def test_a_single_vector_without_rows_becomes_hundreds_of_tokens_in_kohya_s_and_sd_next_s_hands():
    for rule in (loaders.kohya, loaders.sdnext):
        assert rule("x.safetensors", ONE_D, "sd1").vectors["clip_l"].shape == (768,)
    for target in (Target.KOHYA, Target.A1111):  # so ours have rows
        (file,) = write(target, [Encoder("emb_params", V[:1], "F32")], token="<x>", name="x")
        assert loaders.kohya(file.filename, file.data, "sd1").vectors["clip_l"].shape == (1, 768)


def test_half_of_an_sdxl_file_is_lost_on_comfyui_under_other_names():
    assert set(loaders.comfyui("x.safetensors", PIVOTAL, "sdxl").vectors) == {"clip_l"}
    assert set(loaders.comfyui("x.safetensors", FLUX, "flux").vectors) == {"clip_l"}  # t5 and not t5xxl
    assert set(loaders.comfyui("x.safetensors", SDXL, "sdxl").vectors) == {"clip_l", "clip_g"}


def test_a1111_refuses_what_newer_versions_of_torch_write_and_so_we_write_it_ourselves():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    file = io.BytesIO()
    torch.save({"emb_params": torch.from_numpy(V)}, file)
    with pytest.raises(Refused, match="bad file inside"):
        loaders.a1111("x.pt", file.getvalue(), "sd1")
    with pytest.raises(Refused, match="bad file inside"):
        loaders.a1111_of_old("x.pt", file.getvalue(), "sd1")


def test_a1111_wants_a_plain_dictionary():
    pytest.importorskip("torch", reason="torch is not installed")
    opcodes = b"ccollections\nOrderedDict\n)R(" + make.text("<koi>") + make.tensor([2, 768]) + b"u"
    data = make.torch_zip(opcodes, V)
    assert type(loaders._pickled(data)) is OrderedDict
    with pytest.raises(Refused, match="neither"):
        loaders.a1111("x.pt", data, "sd1")
