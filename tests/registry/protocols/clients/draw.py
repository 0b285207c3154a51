"""diffusers with ``HF_ENDPOINT``: embeddings loaded by their address, and a picture drawn. Prints one JSON object.

Arguments: a folder to write models to. Run from the root of the repository, which is in ``PYTHONPATH``.
"""

import json
import sys
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

from tests.support.tiny_sd import make_tiny_sd, make_tiny_sdxl

FOLDER = Path(sys.argv[1])
PLAIN = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}


def learned(pipe, word, tokenizer=None, text_encoder=None):
    """The rows that the prompt's word leads to."""
    tokenizer, text_encoder = tokenizer or pipe.tokenizer, text_encoder or pipe.text_encoder
    ids = tokenizer(pipe.maybe_convert_prompt(word, tokenizer), add_special_tokens=False).input_ids
    return text_encoder.get_input_embeddings().weight.detach()[ids].tolist()


def draw(pipe, prompt):
    pipe.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(0)
    return pipe(prompt, num_inference_steps=12, guidance_scale=3.0, generator=generator, output_type="np").images[0]


def pocket():
    pipe = StableDiffusionPipeline.from_pretrained("training/pocket/weights", **PLAIN)
    before = draw(pipe, "a photo of a thing on a white background")
    pipe.load_textual_inversion("alice/cobalt-heart")
    after = draw(pipe, "a photo of <cobalt-heart> on a white background")
    return {"rows": learned(pipe, "<cobalt-heart>"), "blue": [blueness(before), blueness(after)]}


def blueness(picture):
    """The share of its pixels that are blue."""
    return float((picture[..., 2] - picture[..., 0] > 0.3).mean())


def sd(kind, width):
    pipe = StableDiffusionPipeline.from_pretrained(make_tiny_sd(FOLDER / kind, width=width), **PLAIN)
    pipe.load_textual_inversion(f"alice/{kind}-word", hf_token=None)
    return learned(pipe, f"<{kind}-word>")


def sdxl():
    pipe = StableDiffusionXLPipeline.from_pretrained(make_tiny_sdxl(FOLDER / "sdxl"), add_watermarker=False)
    pipe.load_textual_inversion("alice/sdxl-word")
    pipe.load_textual_inversion(
        "alice/sdxl-word",
        weight_name="learned_embeds_2.safetensors",
        text_encoder=pipe.text_encoder_2,
        tokenizer=pipe.tokenizer_2,
    )
    second = {"tokenizer": pipe.tokenizer_2, "text_encoder": pipe.text_encoder_2}
    return [learned(pipe, "<sdxl-word>"), learned(pipe, "<sdxl-word>", **second)]


torch.set_num_threads(1)
print(json.dumps({"pocket": pocket(), "sd1": sd("sd1", 768), "sd2": sd("sd2", 1024), "sdxl": sdxl()}))
