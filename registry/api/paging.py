"""Paging through what a search found."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from hub.api import CursorPages
from registry.api.query_serializers import ListQuerySerializer
from registry.models import Embedding


class EmbeddingPages(CursorPages):
    """Pages in the order of the search."""

    filters = tuple(ListQuerySerializer().fields)
    # The cutoff would send a reader round in circles among more than a thousand embeddings with as many likes.
    offset_cutoff = None

    def get_ordering(self, request: Request, queryset: QuerySet[Embedding], view: APIView) -> tuple[str, ...]:
        return tuple(queryset.query.order_by)

    def paginate_queryset(self, queryset: QuerySet[Embedding], request: Request, view: Any = None) -> list[Embedding]:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError) as error:  # made up, or of another order
            raise NotFound(self.invalid_cursor_message) from error
