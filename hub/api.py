"""What all native API routes share: one shape of errors and one way of paging."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
    ValidationError,
)
from django.db.models import QuerySet
from django.http import Http404
from rest_framework import exceptions
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler as rest_exception_handler

from hub import wording
from hub.errors import UNREADABLE, Gone

#: Items of a page when the request does not say.
DEFAULT_LIMIT = 24
MAX_LIMIT = 100
#: Rows of one value that a cursor passes over: no list has as many, and the database counts not much further.
MAX_OFFSET = 2**31 - 1
_NOBODY = "This needs an account. Send a token from your tokens page as “Authorization: Bearer sw_…”."


class ApiError(Exception):
    """An answer that says what is wrong and what to do."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        fields: dict[str, list[str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.fields, self.headers = code, message, status, fields, headers


def error_body(code: str, message: str, fields: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """The one shape of every error."""
    error: dict[str, Any] = {"code": code, "message": _encodable(message)}
    if fields:
        error["fields"] = {_encodable(name): [_encodable(line) for line in lines] for name, lines in fields.items()}
    return {"error": error}


def _encodable(text: str) -> str:
    """What is told repeats what was sent, and JSON can send halves of characters, which no answer can hold."""
    return str(text).encode(errors="replace").decode()


def _fields(detail: Any) -> dict[str, list[str]]:
    """Flatten what a serializer found wrong to a list of sentences for each field."""
    if not isinstance(detail, dict):
        return {}
    return {name: _sentences(lines) for name, lines in detail.items()}


def _asking(detail: Any, name: str = "") -> Any:
    """The same in our words, which say what to do; the framework only says what it does not like."""
    if isinstance(detail, dict):
        return {key: _asking(value, str(key)) for key, value in detail.items()}
    if isinstance(detail, list):
        return [_asking(item, name) for item in detail]
    return wording.of_api(detail, name)


def _sentences(detail: Any) -> list[str]:
    """What was found wrong, whatever list or item of a list it is about."""
    if isinstance(detail, dict):
        detail = list(detail.values())
    return [line for item in detail for line in _sentences(item)] if isinstance(detail, list) else [str(detail)]


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer known errors in the one shape; anything else is a bug and becomes a plain 500."""
    match error:
        case ApiError():
            body = error_body(error.code, error.message, error.fields)
            return Response(body, status=error.status, headers=error.headers)
        case Gone():
            return Response(error_body("taken_down", error.message) | error.told, status=410)
        case RequestDataTooBig():
            return Response(error_body("too_large", UNREADABLE[RequestDataTooBig]), status=413)
        case TooManyFieldsSent() | TooManyFilesSent():
            return Response(error_body("bad_request", UNREADABLE[type(error)]), status=400)
        case Http404():
            error = exceptions.NotFound("There is nothing here, or nothing that you may see.")
        case PermissionDenied():
            error = exceptions.PermissionDenied("You may see this, but not do that.")
        case exceptions.NotAuthenticated() if error.detail == error.default_detail:
            # Kept otherwise, since the view has put a header into it.
            error.detail = exceptions.ErrorDetail(_NOBODY, code=error.default_code)
    response = rest_exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    if isinstance(error, exceptions.ValidationError):
        fields = _fields(_asking(error.detail))
        named = next(((name, lines[0]) for name, lines in fields.items() if lines), None)
        message = f"{named[0]}: {named[1]}" if named else str(error.detail)
        response.data = error_body("invalid", message, fields)
    else:
        response.data = error_body(str(error.get_codes()), str(error.detail))
    return response


def refuse_unknown_parameters(request: Request, known: Collection[str]) -> None:
    """Refuse a parameter that there is not: the answer would not be to what was asked."""
    if unknown := sorted(set(request.query_params) - set(known)):
        message = f"There is no such parameter. Use {', '.join(known)}."
        raise ApiError("invalid", f"{unknown[0][:40]}: {message}", fields={name: [message] for name in unknown})


class Cursors(CursorPagination):
    """Pages that stay right while the list grows: each names where the next one begins. A name that was made up is 404."""

    invalid_cursor_message = "This cursor is not of this list. Begin without one, and follow “next”."
    # The cutoff would send a reader round in circles among more than a thousand rows of one value.
    offset_cutoff = None

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.offset > MAX_OFFSET:
            raise exceptions.NotFound(self.invalid_cursor_message)
        return cursor

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError) as error:  # made up, or of another order
            raise exceptions.NotFound(self.invalid_cursor_message) from error


class CursorsOfSearch(Cursors):
    """Pages in the order in which a search comes."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        return tuple(queryset.query.order_by)


class CursorPages(Cursors):
    """Pages of the native API."""

    page_size = DEFAULT_LIMIT
    page_size_query_param = "limit"
    max_page_size = MAX_LIMIT
    ordering = "-id"
    #: Query parameters that narrow or order the list.
    filters: tuple[str, ...] = ()

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:
        """A page; a parameter that there is not is told."""
        refuse_unknown_parameters(request, (*self.filters, self.cursor_query_param, self.page_size_query_param))
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int:
        """What ``limit`` asks for; a limit that makes no sense is told, for a shorter list would look like the whole."""
        asked = request.query_params.get(self.page_size_query_param, "")
        if not asked:
            return self.page_size
        if not (asked.isascii() and asked.isdigit() and 1 <= int(asked[:4]) <= MAX_LIMIT and len(asked) <= 4):
            message = f"Use a whole number from 1 to {MAX_LIMIT}."
            raise ApiError("invalid", f"limit: {message}", fields={"limit": [message]})
        return int(asked)

    def get_paginated_response(self, data: list[Any]) -> Response:
        return Response({"results": data, "next": self.get_next_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "The next page, null on the last.",
                },
            },
        }
