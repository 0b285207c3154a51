"""``creators`` and ``tags``: who has embeddings here and what they are tagged with, the most used first, by page numbers."""

from __future__ import annotations

from math import ceil
from typing import Any

from django.db.models import CharField, Count, Func, QuerySet, Value
from django.http import QueryDict
from rest_framework.request import Request

from registry.protocols.civitai import asked, listing
from registry.querysets import EmbeddingQuerySet

USUAL_LIMIT, MAX_LIMIT = 20, 200
#: Pages that are counted; nobody turns as many.
MAX_PAGE = 10_000
#: Characters of a name that are looked for.
MAX_QUERY_CHARACTERS = 64


class _Tags(Func):
    """Each tag of an embedding that has a text in it, on a row of its own."""

    template = "unnest(array(SELECT tag FROM unnest(%(expressions)s) > 0))"
    arg_joiner = ") AS tag WHERE strpos(tag, "
    output_field = CharField()
    set_returning = True


def creators(embeddings: EmbeddingQuerySet, query: str) -> QuerySet:
    """User names with how many of the embeddings are theirs."""
    owners = embeddings.order_by().values("owner__username").annotate(number=Count("pk"))
    if query:
        owners = owners.filter(owner__username__contains=query)
    return owners.order_by("-number", "owner__username").values_list("owner__username", "number")


def tags(embeddings: EmbeddingQuerySet, query: str) -> QuerySet:
    """Tags with how many of the embeddings have them."""
    used = embeddings.order_by().values(tag=_Tags("tags", Value(query))).annotate(number=Count("pk"))
    return used.order_by("-number", "tag").values_list("tag", "number")


def query_of(params: QueryDict) -> str:
    """What is looked for in names."""
    return params.get("query", "")[:MAX_QUERY_CHARACTERS].replace("\0", " ").strip().lower()


def page(request: Request, rows: QuerySet, name: str, link: str) -> dict[str, Any]:
    """A page of what was counted: ``name`` is the field of the name, ``link`` the parameter that finds the models. Two statements."""
    limit = asked.number(request.query_params, "limit", usual=USUAL_LIMIT, least=0, most=MAX_LIMIT) or USUAL_LIMIT
    number = asked.number(request.query_params, "page", usual=1, least=1, most=MAX_PAGE)
    total = rows.count()
    pages = max(1, ceil(total / limit))
    metadata: dict[str, Any] = {
        "totalItems": total,
        "currentPage": number,
        "pageSize": limit,
        "totalPages": pages,
    }
    if number < pages:
        metadata["nextPage"] = listing.address(request, page=str(number + 1))
    if number > 1:
        metadata["prevPage"] = listing.address(request, page=str(number - 1))
    items = [
        {name: value, "modelCount": count, "link": listing.models_address(request, link, value)}
        for value, count in rows[(number - 1) * limit : number * limit]
    ]
    return {"items": items, "metadata": metadata}
