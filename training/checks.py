"""Whether the settings of a job make sense together with its base model, told before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.utils.translation import gettext as _

from registry import validation
from registry.errors import RegistryError
from registry.vocabularies import is_word_of
from training.errors import BadSetting, TokenInVocabulary
from training.inversion.config import MAX_CAPTION_CHARACTERS, MAX_STEPS, MAX_VECTORS, InversionConfig
from training.inversion.templates import templates_for
from training.models import BaseModel, Job, Preset
from training.pocket import info as pocket

#: Characters of the initialiser, as the column has them: a prompt holds 77 tokens at most.
MAX_INITIALISER_CHARACTERS = 200
#: Largest seed that the column holds.
MAX_SEED = 2**31 - 1
#: Most steps of a preset, as a share of the base model's default. On the pocket model, whose default is 300, unseen objects
#: are recognised in 78 % of pictures after half of them, in 81 % after all.
PRESET_STEPS = {Preset.QUICK: 0.5, Preset.BALANCED: 1.0, Preset.THOROUGH: 2.0}
#: When a preset stops before its last step: a thorough run goes on only as long as the fixed loss falls. On the pocket model
#: that was after 250 of 600 steps, for words as good as those of all 600.
PRESET_EARLY_STOP = {Preset.THOROUGH: 0.02}


def default_steps(base: BaseModel, preset: str = Preset.BALANCED) -> int:
    """Optimiser steps of a preset on a base model."""
    steps = int(base.defaults.get("steps", _engine_default("steps")))
    return min(MAX_STEPS, max(1, round(steps * PRESET_STEPS[Preset(preset)])))


def default_vectors(base: BaseModel) -> int:
    """Vectors of a word on a base model, when the request does not say."""
    return int(base.defaults.get("vectors", _engine_default("vectors")))


def _engine_default(name: str) -> int:
    return InversionConfig.__dataclass_fields__[name].default


def check_settings(
    *, base: BaseModel, kind: str, initialiser: str, preset: str, vectors: int | None, steps: int | None, seed: int
) -> dict[str, object]:
    """Return the job's columns; raise :class:`BadSetting` naming the first field that is wrong."""
    if kind not in Job.Kind.values:
        raise BadSetting(_("The kind is one of %(choices)s.") % {"choices": ", ".join(Job.Kind.values)}, field="kind")
    initialiser = " ".join(initialiser.split())
    if not initialiser or len(initialiser) > MAX_INITIALISER_CHARACTERS:
        raise BadSetting(
            _("Give one or more words to start from, for example “toy”: at most %(limit)d characters.")
            % {"limit": MAX_INITIALISER_CHARACTERS},
            field="initialiser",
        )
    if preset not in Preset.values:
        raise BadSetting(_("The preset is one of %(choices)s.") % {"choices": ", ".join(Preset.values)}, field="preset")
    vectors = default_vectors(base) if vectors is None else vectors
    steps = default_steps(base, preset) if steps is None else steps
    for field, value, low, high, message in (
        ("vectors", vectors, 1, MAX_VECTORS, _("Use %(low)d to %(high)d for the vectors.")),
        ("steps", steps, 1, MAX_STEPS, _("Use %(low)d to %(high)d for the steps.")),
        ("seed", seed, 0, MAX_SEED, _("Use %(low)d to %(high)d for the seed.")),
    ):
        if not low <= value <= high:
            raise BadSetting(message % {"low": low, "high": high}, field=field)
    return {
        "kind": kind, "initialiser": initialiser, "preset": preset, "vectors": vectors, "total_steps": steps, "seed": seed,
    }  # fmt: skip


def check_token(token: str, *, base: BaseModel, kind: str) -> str:
    """Return the token as it is stored; raise when it cannot stand for a new word in this base model's prompts."""
    try:
        token = validation.check_token(token)
    except RegistryError as error:
        raise BadSetting(error.message, field="token", code=error.code) from error
    if "{" in token or "}" in token:
        raise BadSetting(_("The placeholder token holds a brace; captions use those. Leave it out."), field="token")
    if is_word(base, token):
        raise TokenInVocabulary(
            _("%(token)s is already a word of %(base)s. Choose a new one, for example %(example)s.")
            % {"token": token, "base": base.title, "example": f"<{token.strip('<>')}-1>"}
        )
    if token != token.lower():
        # CLIP's tokenizers lower-case, and diffusers then finds only the first of several vectors.
        message = _("Base models read %(token)s as %(lower)s. Write it in lower case.")
        raise BadSetting(message % {"token": token, "lower": token.lower()}, field="token")
    for text in (*templates_for(kind), *base.preview_prompts.get(kind, ())):
        if token in text:
            raise BadSetting(
                _(
                    "%(token)s occurs inside ordinary captions such as “%(text)s”. Put it in angle brackets: <%(token)s>."
                )
                % {"token": token, "text": text},
                field="token",
            )
    return token


def is_word(base: BaseModel, token: str) -> bool:
    """Whether a token is one word of a base model's vocabulary, as far as can be told here.

    The tokenizer's word list is read where it lies in a folder of this machine; for other base models the worker finds
    out, and the job fails saying so.
    """
    folder = pocket.WEIGHTS if base.source == pocket.NAME else Path(base.source)
    return is_word_of(folder / "tokenizer" / "vocab.json", token)


def check_captions(captions: Sequence[str] | None, images: int) -> list[str] | None:
    if not captions:
        return None
    if len(captions) != images:
        raise BadSetting(
            _("There are %(captions)d captions for %(images)d images. Give one for each.")
            % {"captions": len(captions), "images": images},
            field="captions",
        )
    for number, caption in enumerate(captions, 1):
        if "{}" not in caption or len(caption) > MAX_CAPTION_CHARACTERS:
            raise BadSetting(
                _("Caption %(number)d: write {} where the new word goes, in at most %(limit)d characters.")
                % {"number": number, "limit": MAX_CAPTION_CHARACTERS},
                field="captions",
            )
    return list(captions)
