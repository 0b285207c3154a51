"""Every layout that is read, from bytes made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from registry.formats import Family, Target, inspect, name_encoders, targets_for
from tests.registry.formats import builders as make

ONE, TWO, BIG, SMALL = make.vectors(3), make.vectors(3, 1024), make.vectors(3, 1280), make.vectors(3, 128)
T5, LLAMA, GEMMA = make.vectors(3, 4096, norm=600), make.vectors(3, 4096, seed=1), make.vectors(3, 2304)
T5_BASES = "pixart chroma deepfloyd-if flux sd3"
CLIP_L_BASES = "flux sd3 hidream hunyuan-video sdxl"
LAYERS = ("IN01", "IN02", "IN04", "IN05", "IN07", "IN08", "MID", *(f"OUT{n:02}" for n in range(3, 12)))
STEP = make.dictionary(emb=make.tensor([768], count=2304), emb2=make.tensor([1280], count=3840, key="1"))
LAST = make.dictionary(
    emb=make.tensor([768], offset=768, count=2304), emb2=make.tensor([1280], offset=1280, count=3840, key="1")
)

#: The upper halves of float32: bfloat16, as a training trace of 16 MB at most has to be.
LOW, HIGH = ((array[0].view(np.uint32) >> 16).astype(np.uint16) for array in (ONE, BIG))
UP_LOW, UP_HIGH = ((array.astype(np.uint32) << 16).view(np.float32)[None] for array in (LOW, HIGH))


def step(number):
    """One step of a training trace, with storages of its own."""
    return make.dictionary(
        emb=make.tensor([768], kind="BFloat16Storage", key=str(2 * number)),
        emb2=make.tensor([1280], kind="BFloat16Storage", key=str(2 * number + 1)),
    )


def padded(opcodes, array):
    """A zip whose numbers begin at round offsets, as torch's do."""
    archive = make.Zip({"data.pkl": make.stream(opcodes), "data/0": array.tobytes(), "version": b"3\n"})
    for entry, length in zip(archive.entries, (14, 0, 63), strict=True):
        entry["local_extra"] = b"FB" + length.to_bytes(2, "little") + b"Z" * length
    archive.add("archive/byteorder", b"little").add("archive/.data/serialization_id", b"0123456789" * 4)
    return archive.bytes()


PARAMETER_DICT = (
    b"ctorch.nn.modules.container\nParameterDict\n)\x81"
    + make.dictionary(_parameters=b"ccollections\nOrderedDict\n)R(" + make.text("*")
                      + b"ctorch._utils\n_rebuild_parameter\n(" + make.tensor([3, 768]) + b"\x88ccollections\nOrderedDict\n)RtRu",
                      training=b"\x88")
    + b"b"
)  # fmt: skip

#: Name of the case → (bytes, container, layout, [(encoder, vectors)], tokens, base).
CASES = {
    "kohya": (make.safetensors({"emb_params": ONE}), "safetensors", "kohya", [("emb_params", ONE)], (), "sd1"),
    "kohya in one dimension": (make.safetensors({"emb_params": ONE[0]}), "safetensors", "kohya", [("emb_params", ONE[:1])], (), "sd1"),
    "kohya as .pt": (make.torch_zip(make.dictionary(emb_params=make.tensor([3, 1024])), TWO), "torch-zip", "kohya", [("emb_params", TWO)], (), "sd2 anima"),
    "OneTrainer": (make.safetensors({"emp_params": TWO}), "safetensors", "onetrainer", [("emb_params", TWO)], (), "sd2"),
    "diffusers": (make.safetensors({"<cat>": ONE}, {"format": "pt"}), "safetensors", "diffusers", [("emb_params", ONE)], ("<cat>",), "sd1"),
    "diffusers, a token with spaces": (
        make.safetensors({"<Le Petit Prince-moon >": ONE}), "safetensors", "diffusers", [("emb_params", ONE)], ("<Le Petit Prince-moon >",), "sd1",
    ),
    "diffusers as .bin": (make.torch_zip(make.embedding("<猫>", 3), ONE), "torch-zip", "diffusers", [("emb_params", ONE)], ("<猫>",), "sd1"),
    "diffusers as .bin in one dimension": (
        make.torch_zip(make.dictionary(**{"<cat>": make.tensor([768])}), ONE[0]), "torch-zip", "diffusers", [("emb_params", ONE[:1])], ("<cat>",), "sd1",
    ),
    "a view into a larger storage": (
        make.torch_zip(make.dictionary(**{"<cat>": make.tensor([1, 768], offset=768, count=2304)}), ONE), "torch-zip", "diffusers",
        [("emb_params", ONE[1:2])], ("<cat>",), "sd1",
    ),
    "a zip with data descriptors": (make.torch_zip(make.embedding(rows=3), ONE, streamed=True), "torch-zip", "diffusers", [("emb_params", ONE)], ("<cat>",), "sd1"),
    "legacy": (make.torch_legacy(make.a1111(parameters=make.dictionary(**{"*": make.tensor([3, 768])})), ONE), "torch-legacy", "a1111", [("emb_params", ONE)], ("*",), "sd1"),
    "A1111": (
        make.torch_zip(make.a1111(make.dictionary(**{"*": b"M\x09\x01"}), make.dictionary(**{"*": make.tensor([3, 768])})), ONE),
        "torch-zip", "a1111", [("emb_params", ONE)], ("*",), "sd1",
    ),
    "rinongal's ParameterDict": (make.torch_zip(make.a1111(parameters=PARAMETER_DICT), ONE), "torch-zip", "parameter-dict", [("emb_params", ONE)], ("*",), "sd1"),
    "SDXL": (make.safetensors({"clip_g": BIG, "clip_l": ONE}), "safetensors", "sdxl", [("clip_l", ONE), ("clip_g", BIG)], (), "sdxl"),
    "SDXL as .pt": (
        make.torch_zip(make.dictionary(clip_g=make.tensor([3, 1280]), clip_l=make.tensor([3, 768], key="1")), BIG, ONE),
        "torch-zip", "sdxl", [("clip_l", ONE), ("clip_g", BIG)], (), "sdxl",
    ),
    "SDXL pivotal": (
        make.safetensors({"text_encoders_0": ONE, "text_encoders_1": BIG}), "safetensors", "sdxl-pivotal", [("clip_l", ONE), ("clip_g", BIG)], (), "sdxl",
    ),
    "SDXL as emb and emb2": (
        make.torch_zip(make.dictionary(emb=make.tensor([768]), emb2=make.tensor([1280], key="1")), ONE[0], BIG[0]),
        "torch-zip", "sdxl-emb", [("clip_l", ONE[:1]), ("clip_g", BIG[:1])], (), "sdxl",
    ),
    "SD3 as OneTrainer writes it": (
        make.safetensors({"clip_g": BIG, "clip_l": ONE, "t5": T5}), "safetensors", "sd3", [("clip_l", ONE), ("clip_g", BIG), ("t5xxl", T5)], (), "sd3",
    ),
    "SD3 as ComfyUI names it": (
        make.safetensors({"clip_g": BIG, "clip_l": ONE, "t5xxl": T5}), "safetensors", "sd3", [("clip_l", ONE), ("clip_g", BIG), ("t5xxl", T5)], (), "sd3",
    ),
    "HiDream": (
        make.safetensors({"llama": LLAMA, "clip_g": BIG, "clip_l": ONE, "t5": T5}), "safetensors", "hidream",
        [("clip_l", ONE), ("clip_g", BIG), ("t5xxl", T5), ("llama", LLAMA)], (), "hidream",
    ),
    "Flux": (make.safetensors({"t5": T5, "clip_l": ONE}), "safetensors", "flux", [("clip_l", ONE), ("t5xxl", T5)], (), "flux sd3"),
    "PixArt and Chroma": (make.safetensors({"t5": T5}), "safetensors", "t5", [("t5xxl", T5)], (), T5_BASES),
    "Sana": (make.safetensors({"gemma": GEMMA}), "safetensors", "gemma", [("gemma", GEMMA)], (), "sana lumina2"),
    "HunyuanVideo": (make.safetensors({"llama": LLAMA, "clip_l": ONE}), "safetensors", "hunyuan-video", [("clip_l", ONE), ("llama", LLAMA)], (), "hunyuan-video"),
    "Llama alone": (make.safetensors({"llama": LLAMA}), "safetensors", "llama", [("llama", LLAMA)], (), "hunyuan-video hidream"),
    "Cascade": (make.safetensors({"clip_g": BIG}), "safetensors", "cascade", [("clip_g", BIG)], (), "cascade"),
    "XTI": (make.safetensors(dict.fromkeys(LAYERS, ONE)), "safetensors", "xti", [(name, ONE) for name in LAYERS], (), "sd1"),
    "a training trace, of which the last step counts": (
        make.torch_zip(b"](" + STEP + LAST + b"e", ONE, BIG), "torch-zip", "sdxl-emb",
        [("clip_l", ONE[1:2]), ("clip_g", BIG[1:2])], (), "sdxl",
    ),
    "a training trace of 100 steps": (
        make.torch_zip(b"](" + b"".join(map(step, range(100))) + b"e", *[array for _ in range(100) for array in (LOW, HIGH)]), "torch-zip",
        "sdxl-emb", [("clip_l", UP_LOW), ("clip_g", UP_HIGH)], (), "sdxl",
    ),
    "a zip that is padded as torch does it": (
        padded(make.embedding(rows=3), ONE), "torch-zip", "diffusers", [("emb_params", ONE)], ("<cat>",), "sd1",
    ),
    "a bare tensor of DeepFloyd IF": (make.torch_zip(make.tensor([4096]), T5[0]), "torch-zip", "raw", [("emb_params", T5[:1])], (), T5_BASES + " hunyuan-video"),
    "a bare tensor": (make.torch_zip(make.tensor([3, 768]), ONE), "torch-zip", "raw", [("emb_params", ONE)], (), "sd1"),
    "a word with the width of T5 and of Llama": (
        make.safetensors({"<cat>": T5}), "safetensors", "diffusers", [("emb_params", T5)], ("<cat>",), T5_BASES + " hunyuan-video",
    ),
    "Gemma as ComfyUI names it": (make.safetensors({"gemma2_2b": GEMMA}), "safetensors", "gemma", [("gemma", GEMMA)], (), "sana lumina2"),
    "Anima as ComfyUI names it": (make.safetensors({"qwen3_06b": TWO}), "safetensors", "anima", [("qwen3_06b", TWO)], (), "anima"),
    "SD 2.x as ComfyUI names it": (make.safetensors({"clip_h": TWO}), "safetensors", "clip-h", [("emb_params", TWO)], (), "sd2"),
    "CLIP-L alone": (make.safetensors({"clip_l": ONE}), "safetensors", "clip-l", [("clip_l", ONE)], (), CLIP_L_BASES),
    "a word with Gemma's width": (make.safetensors({"<cat>": GEMMA}), "safetensors", "diffusers", [("gemma", GEMMA)], ("<cat>",), "sana lumina2"),
    "A1111 for SD 2.x": (
        make.torch_zip(make.a1111(parameters=make.dictionary(**{"*": make.tensor([3, 1024])})), TWO), "torch-zip", "a1111", [("emb_params", TWO)], ("*",), "sd2",
    ),
    "A1111's layout with the width of T5 and of Llama": (
        make.torch_zip(make.a1111(parameters=make.dictionary(**{"*": make.tensor([3, 4096])})), T5), "torch-zip", "a1111",
        [("emb_params", T5)], ("*",), T5_BASES + " hunyuan-video",
    ),
    "pocket": (make.safetensors({"emb_params": SMALL}), "safetensors", "kohya", [("emb_params", SMALL)], (), "pocket"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_layout_is_recognised_and_its_numbers_are_exact(case):
    data, container, layout, encoders, tokens, base = CASES[case]
    found = inspect(data)
    assert (found.container, found.layout, found.tokens) == (container, layout, tokens)
    assert [candidate.base for candidate in found.bases] == [Family(value) for value in base.split()]
    assert [encoder.name for encoder in found.encoders] == [name for name, _ in encoders]
    for encoder, (_, expected) in zip(found.encoders, encoders, strict=True):
        assert encoder.vectors.dtype == np.float32 and encoder.vectors.flags.c_contiguous
        assert np.array_equal(encoder.vectors, expected)
        assert encoder.dtype == ("BF16" if expected is UP_LOW or expected is UP_HIGH else "F32")


def test_a1111_s_own_words_are_kept_but_invisible_characters_are_not():
    opcodes = make.a1111(
        parameters=make.dictionary(**{"*": make.tensor([3, 768])}),
        name=make.text("ko\u202ei\n"), step=b"M\xe8\x03", sd_checkpoint=make.text("4bdfc29c"), sd_checkpoint_name=make.text("SD1.5"),
    )  # fmt: skip
    found = inspect(make.torch_zip(opcodes, ONE))
    assert (found.name, found.step, found.checkpoint) == ("koi", 1000, "SD1.5")
    assert any("SD1.5" in warning for warning in found.warnings)


@pytest.mark.parametrize("step", [b"\x88", make.number(-1), make.number(10**30), make.text("7"), b"N"])
def test_a_step_that_is_no_count_is_left_out(step):
    opcodes = make.a1111(parameters=make.dictionary(**{"*": make.tensor([3, 768])}), step=step)
    assert inspect(make.torch_zip(opcodes, ONE)).step is None


def test_half_precision_and_bfloat16_and_double_become_float32():
    half = ONE.astype(np.float16)
    found = inspect(make.safetensors({"emb_params": half})).encoders[0]
    assert found.dtype == "F16" and np.array_equal(found.vectors, half.astype(np.float32))
    upper = (ONE.view(np.uint32) >> 16).astype(np.uint16)
    opcodes = make.dictionary(**{"<cat>": make.tensor([3, 768], kind="BFloat16Storage")})
    found = inspect(make.torch_zip(opcodes, upper)).encoders[0]
    assert found.dtype == "BF16" and np.array_equal(found.vectors, (upper.astype(np.uint32) << 16).view(np.float32))
    found = inspect(make.safetensors({"emb_params": ONE.astype(np.float64)})).encoders[0]
    assert found.dtype == "F64" and np.array_equal(found.vectors, ONE)


def test_metadata_is_handed_on():
    metadata = {"ss_name": "Katze ünd ☃", "path": "/home/x\nline"}
    assert inspect(make.safetensors({"emb_params": ONE}, metadata)).metadata == metadata


def test_where_a_width_fits_several_models_each_reason_says_what_it_is_mistaken_for():
    reasons = {one.base: one.reason for one in inspect(CASES["PixArt and Chroma"][0]).bases}
    assert "Chroma" in reasons[Family.PIXART] and "PixArt" in reasons[Family.CHROMA]
    (only,) = inspect(CASES["SD3 as ComfyUI names it"][0]).bases
    assert "T5-XXL" in only.reason and "does not tell" not in only.reason


@pytest.mark.parametrize(("case", "missing"), [("Cascade", "clip_l"), ("CLIP-L alone", "clip_g")])
def test_half_of_sdxl_that_may_be_something_else_is_warned_of(case, missing):
    (warning,) = inspect(CASES[case][0]).warnings
    assert missing in warning and "missing" in warning


def test_half_of_sdxl_that_looks_like_stable_diffusion_1_is_warned_of_and_the_reason_names_the_others():
    found = inspect(CASES["diffusers"][0])
    (warning,) = found.warnings
    assert all(word in warning for word in ("SDXL", "1280", "learned_embeds_2", "together"))
    assert all(name in found.bases[0].reason for name in ("SDXL", "SD3", "Flux.1", "HunyuanVideo"))
    assert inspect(CASES["kohya"][0]).warnings == ()  # kohya names SDXL's text encoders


def test_vectors_whose_text_encoder_is_open_are_named_once_the_family_is_said():
    encoders = inspect(CASES["a word with the width of T5 and of Llama"][0]).encoders
    assert targets_for(encoders) == [Target.CANONICAL]
    assert all("does not tell" in one.reason for one in inspect(make.safetensors({"emb_params": T5})).bases)
    for family, name in (("pixart", "t5xxl"), ("flux", "t5xxl"), ("hunyuan-video", "llama")):
        (named,) = name_encoders(encoders, Family(family))
        assert named.name == name and np.array_equal(named.vectors, T5)
        assert targets_for([named]) == [Target.CANONICAL, Target.COMFYUI]
    for values in (T5, LLAMA):  # norms of 600 and of 0.4
        assert inspect(make.safetensors({"emb_params": values})).warnings == ()
    (two,) = inspect(CASES["kohya as .pt"][0]).encoders
    assert [name_encoders([two], Family(family))[0].name for family in ("sd2", "anima")] == ["emb_params", "qwen3_06b"]
    sdxl = inspect(CASES["SDXL"][0]).encoders
    assert name_encoders(sdxl, Family.SDXL) == sdxl


def test_zero_vectors_and_unusual_norms_are_warned_of():
    silent = ONE.copy()
    silent[1] = 0
    (warning,) = inspect(make.safetensors({"emb_params": silent})).warnings
    assert "1 of 3 vectors are all zero" in warning
    (warning,) = inspect(make.safetensors({"emb_params": ONE * 1000})).warnings
    assert "3 of 3 vectors have a norm outside" in warning and "Stable Diffusion 1.x" in warning
    assert inspect(make.safetensors({"emb_params": ONE})).warnings == ()


def test_equal_numbers_have_one_digest_in_every_container():
    safetensors, legacy, archive = (CASES[name][0] for name in ("kohya", "legacy", "diffusers as .bin"))
    assert inspect(safetensors).digest == inspect(legacy).digest == inspect(archive).digest
    assert inspect(safetensors).sha256 != inspect(legacy).sha256
    assert inspect(CASES["SDXL"][0]).digest == inspect(CASES["SDXL pivotal"][0]).digest
    assert inspect(CASES["OneTrainer"][0]).digest != inspect(safetensors).digest
