"""The names that tools give to tensors, by text encoder, and which of them make up one embedding."""

from __future__ import annotations

import re
from dataclasses import dataclass

from registry.formats.types import Family

#: Width of each named text encoder's input, in numbers.
ENCODER_WIDTHS = {"clip_l": 768, "clip_g": 1280, "t5xxl": 4096, "llama": 4096, "gemma": 2304, "qwen3_06b": 1024}
#: Other names of a text encoder than the canonical one: OneTrainer's and diffusers' of T5, ComfyUI's of Gemma.
ALIASES = {"t5": "t5xxl", "gemma2_2b": "gemma"}
#: Tensors of SDXL's two text encoders by other names: Replicate's, and an early script's.
PAIRS = {
    ("clip_l", "clip_g"): "sdxl",
    ("text_encoders_0", "text_encoders_1"): "sdxl-pivotal",
    ("emb", "emb2"): "sdxl-emb",
}
#: Tensors of one text encoder that are named by a tool and not after a word.
SINGLES = {"emb_params": "kohya", "emp_params": "onetrainer", "clip_h": "clip-h"}
#: Canonical names of vectors whose file does not name the text encoder, where the width has a single one in use.
BY_WIDTH = {2304: "gemma"}
PLAIN = "emb_params"
#: Widths that several text encoders have which ComfyUI tells apart by name: without one a tool could not be served.
NAMELESS_WIDTHS = {4096: ("t5xxl", "llama")}
#: XTI's layers of the UNet, each with vectors of its own.
LAYERS = (
    "IN01", "IN02", "IN04", "IN05", "IN07", "IN08", "MID",
    "OUT03", "OUT04", "OUT05", "OUT06", "OUT07", "OUT08", "OUT09", "OUT10", "OUT11",
)  # fmt: skip
LAYER = re.compile(r"(IN|OUT)\d\d|MID")
#: Text encoders of models that are not supported, by ComfyUI's names.
FOREIGN = frozenset(
    {
        "mt5xl",
        "gemma3_12b",
        "gemma4_e4b",
        "qwen3_4b",
        "qwen3_8b",
        "qwen25_3b",
        "qwen25_7b",
        "mistral3_24b",
        "umt5xxl",
    }
)


@dataclass(frozen=True, slots=True)
class EncoderSet:
    """Text encoders that together take one embedding."""

    layout: str
    names: tuple[str, ...]  #: canonical, in the order of the embedding's encoders
    families: tuple[Family, ...]  #: more than one where the file cannot tell


#: OneTrainer leaves out text encoders that were not trained, so parts of a model's encoders are embeddings too.
SETS = (
    EncoderSet("sdxl", ("clip_l", "clip_g"), (Family.SDXL,)),
    EncoderSet("sd3", ("clip_l", "clip_g", "t5xxl"), (Family.SD3,)),
    EncoderSet("sd3", ("clip_g", "t5xxl"), (Family.SD3,)),
    EncoderSet("hidream", ("clip_l", "clip_g", "t5xxl", "llama"), (Family.HIDREAM,)),
    EncoderSet("flux", ("clip_l", "t5xxl"), (Family.FLUX, Family.SD3)),
    EncoderSet("t5", ("t5xxl",), (Family.PIXART, Family.CHROMA, Family.DEEPFLOYD, Family.FLUX, Family.SD3)),
    EncoderSet("gemma", ("gemma",), (Family.SANA, Family.LUMINA2)),
    EncoderSet("hunyuan-video", ("clip_l", "llama"), (Family.HUNYUAN_VIDEO,)),
    EncoderSet("llama", ("llama",), (Family.HUNYUAN_VIDEO, Family.HIDREAM)),
    EncoderSet("clip-l", ("clip_l",), (Family.FLUX, Family.SD3, Family.HIDREAM, Family.HUNYUAN_VIDEO, Family.SDXL)),
    EncoderSet("cascade", ("clip_g",), (Family.CASCADE,)),
    EncoderSet("anima", ("qwen3_06b",), (Family.ANIMA,)),
    EncoderSet("xti", LAYERS, (Family.SD1,)),
)

#: Names of tensors that mean a text encoder wherever they stand.
NAMED = frozenset({*ENCODER_WIDTHS, *ALIASES, "text_encoders_0", "text_encoders_1", *FOREIGN})
#: What OneTrainer calls vectors that take the place of what a text encoder gives out, beside those that go into it.
OUTPUTS = frozenset(f"{name}_out" for name in (*SINGLES, *ENCODER_WIDTHS, *ALIASES, *FOREIGN))
#: Names that stand for something else than a token where they are a file's key.
RESERVED = frozenset(
    {*SINGLES, *NAMED, *OUTPUTS, *(name for pair in PAIRS for name in pair), "string_to_param", "__metadata__"}
)


def find(names: frozenset[str]) -> EncoderSet | None:
    """The set that has exactly these canonical names."""
    return next((known for known in SETS if frozenset(known.names) == names), None)
