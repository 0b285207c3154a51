"""A version's previews arranged to be looked at: with and without the embedding, by strength, and the owner's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from registry.models import Preview, Version


@dataclass(frozen=True, slots=True)
class Pair:
    """The same prompt and seed with the embedding and, where it was drawn, with the initialiser words instead."""

    number: int  #: counted from 1, as addresses have it
    learned: Preview
    initialiser: Preview | None


@dataclass(frozen=True, slots=True)
class PromptRow:
    """The pairs of one prompt, by seed."""

    prompt: str
    pairs: Sequence[Pair]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything there is to see of a version."""

    pairs: Sequence[Pair]
    rows: Sequence[PromptRow]  #: the same pairs, prompts in the order in which they were drawn
    strengths: Sequence[Preview]  #: one prompt and seed, the embedding applied more and more strongly
    gallery: Sequence[Preview]  #: what the owner uploaded

    def pair(self, number: str) -> Pair | None:
        """The pair with a number, else the first; None where there is none."""
        wanted = [pair for pair in self.pairs if str(pair.number) == number]
        return next(iter(wanted or self.pairs), None)


def compare(version: Version) -> Comparison:
    """Arrange the previews of a version, which must be at hand for this to cost no query."""
    previews = list(version.previews.all())
    drawn = [preview for preview in previews if preview.source == Preview.Source.GENERATED]
    pairs = _pairs([preview for preview in drawn if not preview.is_strength_step])
    rows: dict[str, list[Pair]] = {}
    for pair in pairs:
        rows.setdefault(pair.learned.prompt, []).append(pair)
    return Comparison(
        pairs=pairs,
        rows=[PromptRow(prompt, found) for prompt, found in rows.items()],
        strengths=_strengths(drawn),
        gallery=[preview for preview in previews if preview.source == Preview.Source.UPLOADED],
    )


def _pairs(drawn: Sequence[Preview]) -> list[Pair]:
    """Those without a counterpart stand alone."""
    plain = {(item.template, item.seed): item for item in drawn if item.variant == Preview.Variant.INITIALISER}
    learned = [item for item in drawn if item.variant == Preview.Variant.LEARNED]
    return [
        Pair(number, item, plain.get((item.template, item.seed)) if item.template else None)
        for number, item in enumerate(learned, start=1)
    ]


def _strengths(drawn: Sequence[Preview]) -> list[Preview]:
    """The steps of the first prompt and seed that has any, with the picture at full strength among them."""
    steps = [item for item in drawn if item.is_strength_step]
    if not steps:
        return []
    learned = [item for item in drawn if item.variant == Preview.Variant.LEARNED]
    alike = [item for item in learned if (item.template, item.seed) == (steps[0].template, steps[0].seed)]
    return sorted({item.strength: item for item in reversed(alike)}.values(), key=lambda item: item.strength)


def facts(preview: Preview) -> list[tuple[str, Any]]:
    """What a drawn picture was drawn with, as names and values."""
    names = {
        "guidance_scale": _("Guidance scale"),
        "sampler_steps": _("Sampler steps"),
        "base": _("Base model"),
        "strength": _("Strength"),
        "step": _("Drawn after step"),
    }
    known = [(names.get(key, key.replace("_", " ").capitalize()), value) for key, value in preview.settings.items()]
    size = f"{preview.width} × {preview.height}"
    return [(_("Prompt"), preview.prompt), (_("Seed"), preview.seed), *known, (_("Pixels"), size)]
