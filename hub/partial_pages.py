"""Pages that ask for a part of themselves (htmx), when the person was signed out meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect


class SignInAgain:
    """Middleware: sends the whole page to sign in, where otherwise the sign-in page would be put into a corner of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        login = resolve_url(settings.LOGIN_URL)
        if not request.htmx or response.status_code != 302 or urlsplit(response["Location"]).path != login:
            return response
        back = urlsplit(request.htmx.current_url or "").path or "/"
        return HttpResponseClientRedirect(f"{login}?{urlencode({'next': back})}")
