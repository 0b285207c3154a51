"""Finding embeddings: full text over title, name, token, tags and description, filters, and four orders."""

from __future__ import annotations

import re
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
#: A like says more than a download.
LIKE_WEIGHT = 3
#: Seconds by which ten times the attention makes up for age: a week.
TRENDING_SECONDS = 7 * 24 * 60 * 60
#: Text ranks lie between 0 and 1; as whole numbers they compare exactly, which cursors of pages need.
_RANK_SCALE = 1_000_000
_WORD = re.compile(r"[^\W_]+")


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
    tag: str = "",
    base: str = "",
    kind: str = "",
    owner: str = "",
    sort: str = "",
    explicit: bool = False,
) -> EmbeddingQuerySet:
    """Return what ``user`` finds, in order, with owners.

    ``q`` is what a person typed: every word must be found, the last one may be begun only. Without ``sort``, words are
    sorted by relevance (a match of token or name first) and a list without words by :attr:`Sort.NEW`. With ``explicit``
    also those of others that are rated so.
    """
    found = Embedding.objects.listed_for(user, explicit=explicit).select_related("owner")
    exact = {"base": base, "kind": kind, "owner__username": owner}
    found = found.filter(**{field: _plain(value) for field, value in exact.items() if value})
    if tag:
        found = found.filter(tags__contains=[tag_slug(_plain(tag))])
    if text := _plain(q).strip():
        found = _matching(found, text)
    if sort == Sort.TRENDING:
        found = found.annotate(trending=_trending())
    return found.order_by(*ordering(q=q, sort=sort))


def ordering(*, q: str = "", sort: str = "") -> tuple[str, ...]:
    """Return the fields that :func:`search` sorts by."""
    if sort in ORDERINGS:
        return ORDERINGS[Sort(sort)]
    return BY_RELEVANCE if _plain(q).strip() else ORDERINGS[Sort.NEW]


def _plain(text: str) -> str:
    """Cut a text to what is looked at; the database takes no NUL."""
    return text[:MAX_QUERY_CHARACTERS].replace("\x00", " ")


def _matching(found: EmbeddingQuerySet, text: str) -> EmbeddingQuerySet:
    """Keep what matches every word of ``text`` and annotate ``relevance``, a whole number."""
    named = Q(token__iexact=text) | Q(name=text.lower())
    words = _WORD.findall(text.lower())[:MAX_QUERY_WORDS]
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
