"""What a search can be narrowed to, with how many embeddings each choice would leave.

Base, kind, licence and vectors are counted together in one statement: its rows are the combinations that there are, a few
hundred at most, and each choice's count is a sum of them under the other filters. Tags are too many for that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Func
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from registry.browsing.search import vector_range
from registry.models import FAMILY_CHOICES, Kind, License
from registry.querysets import EmbeddingQuerySet

#: Tags that are offered: those of the most embeddings.
TOP_TAGS = 12
#: Columns that are counted together, each a filter of the same name.
COUNTED = ("base", "kind", "license", "vectors")
#: Ranges of vectors that are offered; most embeddings have few.
VECTOR_RANGES = ("1", "2", "3-4", "5-8", "9-")
TITLES = {"base": _("Base"), "kind": _("Kind"), "tag": _("Tag"), "license": _("Licence"), "vectors": _("Vectors")}

#: Values of the counted columns, and how many embeddings have them.
Cube = Sequence[tuple[tuple[str, str, str, int], int]]


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a filter can have."""

    value: str
    label: str | Promise
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter and its values, those with most embeddings first where there is no order of their own."""

    name: str
    title: str | Promise
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class Overview:
    """How many embeddings a search leaves, and what it can be narrowed to."""

    total: int
    facets: Sequence[Facet]


def overview(named: EmbeddingQuerySet, found: EmbeddingQuerySet, chosen: Mapping[str, Sequence[str]]) -> Overview:
    """Count what can be chosen: ``named`` is what words and tags find, ``found`` what all filters leave of it. Two statements."""
    cube = count(named)
    left = total(cube, chosen)
    base, kind, license, vectors = counted(cube, chosen)
    return Overview(left, [base, kind, tags(found, chosen["tag"], left), license, vectors])


def count(found: EmbeddingQuerySet) -> Cube:
    """Count what was found by words and tags; one statement."""
    rows = found.order_by().values_list(*COUNTED).annotate(number=Count("*"))
    return [(row[:-1], row[-1]) for row in rows]


def total(cube: Cube, chosen: Mapping[str, Sequence[str]]) -> int:
    """How many embeddings all filters together leave."""
    return sum(number for values, number in cube if _fits(values, chosen))


def counted(cube: Cube, chosen: Mapping[str, Sequence[str]]) -> list[Facet]:
    """The facets of the columns that were counted together; each choice counts what the other filters leave."""
    facets = []
    for at, name in enumerate(COUNTED):
        numbers: Counter[str] = Counter()
        for values, number in cube:
            if _fits(values, chosen, besides=name):
                numbers[_range_of(values[at]) if name == "vectors" else values[at]] += number
        offered = dict.fromkeys([*_OFFERED[name], *chosen[name]])
        shown = [value for value in offered if numbers[value] or value in chosen[name]]
        choices = [Choice(value, label(name, value), numbers[value], value in chosen[name]) for value in shown]
        facets.append(Facet(name, TITLES[name], choices))
    return facets


def tags(found: EmbeddingQuerySet, chosen: Sequence[str], left: int) -> Facet:
    """The tags of what all filters together leave, ``left`` of them, with those that are chosen first; one statement."""
    used = found.order_by().values(tag=Func("tags", function="unnest")).annotate(uses=Count("*"))
    offered = used.order_by("-uses", "tag").values_list("tag", "uses")[: TOP_TAGS + len(chosen)]
    others = [Choice(tag, tag, uses, False) for tag, uses in offered if tag not in chosen]
    return Facet("tag", TITLES["tag"], [*(Choice(tag, tag, left, True) for tag in chosen), *others[:TOP_TAGS]])


def label(name: str, value: str) -> str | Promise:
    """What a value of a filter is called; one that there is not is called as it was asked for."""
    if name == "vectors" and (found := vector_range(value)):
        first, last = found
        if last is None:
            return _("%(first)d vectors or more") % {"first": first}
        if first != last:
            return _("%(first)d to %(last)d vectors") % {"first": first, "last": last}
        return ngettext("%(number)d vector", "%(number)d vectors", first) % {"number": first}
    return _LABELS.get(name, {}).get(value, value)


_OFFERED: Mapping[str, Sequence[str]] = {
    "base": [value for value, _label in FAMILY_CHOICES],
    "kind": Kind.values,
    "license": License.values,
    "vectors": VECTOR_RANGES,
}
_LABELS: Mapping[str, Mapping[str, str | Promise]] = {
    "base": dict(FAMILY_CHOICES),
    "kind": dict(Kind.choices),
    # What else there is to say of a licence is said where one is chosen.
    "license": dict(License.choices) | {License.CC0.value: "CC0 1.0", License.OTHER.value: _("Other")},
}


def _fits(values: tuple[str, str, str, int], chosen: Mapping[str, Sequence[str]], besides: str = "") -> bool:
    """Whether the values of the counted columns pass every filter but one."""
    for name, value in zip(COUNTED, values, strict=True):
        if name == besides or not chosen[name]:
            continue
        if not (any(_within(value, text) for text in chosen[name]) if name == "vectors" else value in chosen[name]):
            return False
    return True


def _within(vectors: int, text: str) -> bool:
    found = vector_range(text)
    return found is not None and found[0] <= vectors and (found[1] is None or vectors <= found[1])


def _range_of(vectors: int) -> str:
    """The range that is offered and holds a number; "" for the 0 of an embedding whose vectors are not known."""
    return next((text for text in VECTOR_RANGES if _within(vectors, text)), "")
