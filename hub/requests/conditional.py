"""Conditional requests: ``ETag`` and 304 for whatever is read as JSON, ``If-Match`` and 412 for what is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags, quote_etag
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from hub.api import ApiError
from hub.requests import throttles

API = "/api/hub/"


class ApiHeaders:
    """Middleware: what every answer of the native API has in its head besides."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        throttles.tell(getattr(request, "budget", None), response)
        if not request.path.startswith(API):
            return response
        patch_vary_headers(response, ["Authorization", "Cookie"])
        if "Cache-Control" not in response:
            patch_cache_control(response, private=True, no_cache=True)
        return _unless_known(request, response)


def _unless_known(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """304 instead of what the client has already."""
    readable = request.method in ("GET", "HEAD") and response.status_code == 200 and not response.streaming
    if not readable or "ETag" in response or not isinstance(response, HttpResponse):
        return response
    response.headers["ETag"] = _tag(response.content)
    budget = getattr(request, "budget", None)
    known = get_conditional_response(request, etag=response.headers["ETag"], response=response)
    throttles.tell(budget, known)
    return known


def check_match(request: Request, read: Callable[[], Any]) -> None:
    """Refuse with 412 where ``If-Match`` names something else than what GET would answer now, which is ``read()``.

    To be called with the row locked, in the transaction of the change.
    """
    wanted = request.headers.get("If-Match")
    if wanted is None or wanted.strip() == "*":
        return
    if _tag(JSONRenderer().render(read())) not in parse_etags(wanted):
        raise ApiError("changed", "It was changed since you read it. Read it again, then change it.", status=412)


def _tag(content: bytes) -> str:
    return quote_etag(hashlib.sha256(content).hexdigest()[:32])
