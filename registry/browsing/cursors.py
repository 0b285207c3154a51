"""Pages of a search that stay right while embeddings are added: each begins after the last one of the page before."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from registry.models import Embedding
from registry.querysets import EmbeddingQuerySet

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Microseconds up to which there are dates.
_LAST_MOMENT = 253_402_300_799 * 10**6
#: What an order sorts by as a whole number, and the id that decides between equals.
_CURSOR = re.compile(r"(\d{1,18})-(\d{1,10})", re.ASCII)


def is_cursor(text: str) -> bool:
    """Whether a text can be read as a cursor."""
    return _CURSOR.fullmatch(text) is not None


def page_after(found: EmbeddingQuerySet, cursor: str, size: int) -> tuple[list[Embedding], str]:
    """Return the embeddings that follow a cursor, at most ``size``, and the cursor of what follows them, "" at the end.

    ``found`` is ordered by one field and the id, both in the same direction, as :func:`registry.browsing.search.search` gives it. A
    cursor that cannot be read is the beginning.
    """
    order = found.query.order_by[0]
    field, beyond = order.removeprefix("-"), "lt" if order.startswith("-") else "gt"
    if match := _CURSOR.fullmatch(cursor):
        value = _value(field, int(match[1]))
        found = found.filter(Q(**{f"{field}__{beyond}": value}) | Q(**{field: value, f"id__{beyond}": int(match[2])}))
    return page_at(found, 0, size)


def page_at(found: EmbeddingQuerySet, start: int, size: int) -> tuple[list[Embedding], str]:
    """Return the embeddings from number ``start`` on, at most ``size`` of one or more, and the cursor of what follows them."""
    field = found.query.order_by[0].removeprefix("-")
    items = list(found[start : start + size + 1])
    if len(items) <= size:
        return items, ""
    last = items[size - 1]
    return items[:size], f"{_number(last, field)}-{last.pk}"


def _number(embedding: Embedding, field: str) -> int:
    value = getattr(embedding, field)
    return (value - _EPOCH) // timedelta(microseconds=1) if isinstance(value, datetime) else value


def _value(field: str, number: int) -> datetime | int:
    if field != "created":
        return number
    return _EPOCH + timedelta(microseconds=min(number, _LAST_MOMENT))
