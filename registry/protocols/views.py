"""What the routes of every foreign dialect have in common."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from hub.accounts.auth import TokenAuthentication


class AsItIs(BaseContentNegotiation):
    """Answers have one form, whatever the client says it accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next((parser for parser in parsers if request.content_type.startswith(parser.media_type)), parsers[0])

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ProtocolView(APIView):
    """A token says who asks, and no cookie: programs come here. Not part of the native API's description."""

    schema = None
    authentication_classes = [TokenAuthentication]
    content_negotiation_class = AsItIs

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        """Answer in the hub's own language: programs read the sentences too."""
        with translation.override(settings.LANGUAGE_CODE):
            return super().dispatch(request, *args, **options)
