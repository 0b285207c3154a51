"""Paging through what a search found."""

from __future__ import annotations

from hub.api import CursorPages, CursorsOfSearch
from registry.api.query_serializers import ListQuerySerializer


class EmbeddingPages(CursorsOfSearch, CursorPages):
    """Pages in the order of the search."""

    filters = tuple(ListQuerySerializer().fields)
