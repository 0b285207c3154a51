"""What the routes of every foreign dialect have in common."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from rest_framework.views import APIView

from hub.accounts.auth import TokenAuthentication
from hub.requests.negotiation import AsItIs


class ProtocolView(APIView):
    """A token says who asks, and no cookie: programs come here. Not part of the native API's description."""

    schema = None
    authentication_classes = [TokenAuthentication]
    content_negotiation_class = AsItIs

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        """Answer in the hub's own language: programs read the sentences too."""
        with translation.override(settings.LANGUAGE_CODE):
            return super().dispatch(request, *args, **options)
