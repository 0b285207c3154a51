"""Finding embeddings: full text over title, name, token, tags and description, filters, and four orders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from math import log
from typing import TYPE_CHECKING

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import BigIntegerField, Case, F, FloatField, IntegerField, Q, Value, When
from django.db.models.functions import Cast, Extract, Ln, Round

from registry.models import Embedding
from registry.querysets import EmbeddingQuerySet
from registry.validation import tag_slug

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User

#: Words of a search that count; the index looks each up, and nobody types more.
MAX_QUERY_WORDS = 12
#: Characters of a search that are looked at.
MAX_QUERY_CHARACTERS = 200
#: Values of one filter that count; no list of choices is longer.
MAX_VALUES = 20
#: What a list can be narrowed by.
FILTERS = ("base", "kind", "tag", "license", "vectors")
#: A like says more than a download.
LIKE_WEIGHT = 3
#: Seconds by which ten times the attention makes up for age: a week.
TRENDING_SECONDS = 7 * 24 * 60 * 60
#: Text ranks lie between 0 and 1; as whole numbers they compare exactly, which cursors of pages need.
_RANK_SCALE = 1_000_000
_WORD = re.compile(r"[^\W_]+")
#: A number of vectors, or a range of them.
VECTOR_RANGE = re.compile(r"^([0-9]{1,4})(?:(-)([0-9]{1,4})?)?$")


class Sort(StrEnum):
    """Orders of a list, best first."""

    TRENDING = "trending"
    DOWNLOADS = "downloads"
    LIKES = "likes"
    NEW = "new"


#: Fields that each order sorts by; a search for words without a chosen order sorts by ``relevance`` first.
ORDERINGS = {
    Sort.TRENDING: ("-trending", "-id"),
    Sort.DOWNLOADS: ("-downloads", "-id"),
    Sort.LIKES: ("-likes", "-id"),
    Sort.NEW: ("-created", "-id"),
}
BY_RELEVANCE = ("-relevance", "-id")


def search(
    user: User | AnonymousUser,
    *,
    q: str = "",
    tag: str | Sequence[str] = "",
    base: str | Sequence[str] = "",
    kind: str | Sequence[str] = "",
    license: str | Sequence[str] = "",
    vectors: str | Sequence[str] = "",
    owner: str = "",
    sort: str = "",
    explicit: bool = False,
) -> EmbeddingQuerySet:
    """Return what ``user`` finds, in order, with owners.

    ``q``, ``owner`` and ``explicit`` are as for :func:`matching`. Of several tags each must be there; of several values of another
    filter, one. ``vectors`` are numbers or ranges of them: ``2``, ``3-4``, ``9-``. Without ``sort``, words are sorted by
    relevance (a match of token or name first) and a list without words by :attr:`Sort.NEW`.
    """
    found = matching(user, q=q, tag=tag, owner=owner, explicit=explicit)
    for field, asked in (("base", base), ("kind", kind), ("license", license)):
        if values := several(asked):
            found = found.filter(**{f"{field}__in": values})
    if ranges := several(vectors):
        found = found.filter(_with_vectors(ranges))
    if sort == Sort.TRENDING:
        found = found.annotate(trending=_trending())
    return found.order_by(*ordering(q=q, sort=sort))


def matching(
    user: User | AnonymousUser,
    *,
    q: str = "",
    tag: str | Sequence[str] = "",
    owner: str = "",
    explicit: bool = False,
) -> EmbeddingQuerySet:
    """Return what ``user`` finds by words, tags and owner, in no order.

    ``q`` is what a person typed: every word must be found, the last one may be begun only. With ``explicit`` also those
    of others that are rated so.
    """
    found = Embedding.objects.listed_for(user, explicit=explicit).select_related("owner")
    if owner:
        found = found.filter(owner__username=_plain(owner))
    if tags := several(tag):
        found = found.filter(tags__contains=[tag_slug(value) for value in tags])
    if text := _plain(q).strip():
        found = _matching(found, text)
    return found


def several(asked: str | Sequence[str]) -> list[str]:
    """The values of a filter, given as one or as several; empty ones ask for nothing."""
    values = [asked] if isinstance(asked, str) else asked
    return [_plain(value) for value in values if value][:MAX_VALUES]


def chosen_values(asked: Mapping[str, str | Sequence[str]]) -> dict[str, list[str]]:
    """The values of each of :data:`FILTERS` as they are looked for: tags as they are stored, each value once."""
    chosen = {name: several(asked.get(name, ())) for name in FILTERS}
    chosen["tag"] = list(filter(None, map(tag_slug, chosen["tag"])))
    return {name: list(dict.fromkeys(values)) for name, values in chosen.items()}


def vector_range(text: str) -> tuple[int, int | None] | None:
    """Read ``2``, ``3-4`` or ``9-`` as the first and last number, None for no last one; None for anything else."""
    match = VECTOR_RANGE.fullmatch(text)
    if match is None:
        return None
    first, dash, last = match.groups()
    return int(first), int(last) if last else None if dash else int(first)


def _with_vectors(ranges: Sequence[str]) -> Q:
    """What lies in one of the ranges; one that cannot be read has nothing in it."""
    within = Q(pk__in=[])
    for first, last in filter(None, map(vector_range, ranges)):
        within |= Q(vectors__gte=first) if last is None else Q(vectors__range=(first, last))
    return within


def ordering(*, q: str = "", sort: str = "") -> tuple[str, ...]:
    """Return the fields that :func:`search` sorts by."""
    if sort in ORDERINGS:
        return ORDERINGS[Sort(sort)]
    return BY_RELEVANCE if _plain(q).strip() else ORDERINGS[Sort.NEW]


def words_of(text: str) -> list[str]:
    """The words of a search that count, in lower case."""
    return _WORD.findall(_plain(text).lower())[:MAX_QUERY_WORDS]


def _plain(text: str) -> str:
    """Cut a text to what is looked at; the database takes no NUL."""
    return text[:MAX_QUERY_CHARACTERS].replace("\x00", " ")


def _matching(found: EmbeddingQuerySet, text: str) -> EmbeddingQuerySet:
    """Keep what matches every word of ``text`` and annotate ``relevance``, a whole number."""
    named = Q(token__iexact=text) | Q(name=text.lower())
    words = words_of(text)
    if not words:  # a token may be nothing but marks, such as *
        return found.filter(named).annotate(relevance=Value(0, output_field=BigIntegerField()))
    # Words are letters and digits only here, so nothing in them is an operator of the query language.
    raw = " & ".join([*words[:-1], f"{words[-1]}:*"])
    query = SearchQuery(raw, search_type="raw", config="simple") | SearchQuery(raw, search_type="raw", config="english")
    begun = Q(name__startswith="-".join(words)) | Q(name__startswith="_".join(words)) | Q(token__istartswith=text)
    bonus = Case(When(named, then=2), When(begun, then=1), default=0, output_field=IntegerField())
    rank = Cast(Round(SearchRank(F("search"), query) * _RANK_SCALE), BigIntegerField())
    return found.filter(search=query).annotate(relevance=bonus * (2 * _RANK_SCALE) + rank)


def _trending() -> Cast:
    """Attention on a logarithmic scale plus the date, so that an order once given stays: no clock is read."""
    # As double precision: logarithms of PostgreSQL's exact decimals take several times as long.
    attention = Ln(Cast(F("downloads") + LIKE_WEIGHT * F("likes") + 1, FloatField())) / log(10)
    moment = Cast(Extract("created", "epoch"), FloatField())
    return Cast(attention * TRENDING_SECONDS + moment, BigIntegerField())
