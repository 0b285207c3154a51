"""Agreeing on the form of an answer."""

from __future__ import annotations

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request


class AsItIs(BaseContentNegotiation):
    """Answers have one form, whatever the client says it accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next((parser for parser in parsers if request.content_type.startswith(parser.media_type)), parsers[0])

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
