"""Requests are UTF-8: of the codecs that a request may name, many are not for text, and Django breaks on those before any middleware."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.utils.http import parse_header_parameters

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

#: What is read: ASCII is UTF-8 as well.
_READ = ("utf-8", "ascii")


def only_utf8(application: Application) -> Application:
    """Refuse what says that it is in another charset."""

    def judged(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        charset = parse_header_parameters(environ.get("CONTENT_TYPE", ""))[1].get("charset", "")
        if not charset or _codec(charset) in _READ:
            return application(environ, start_response)
        from hub.api import error_body  # needs settings, which there are not yet when the application is made

        told = error_body("bad_request", f"The request names the charset {charset[:40]}. Send text as UTF-8.")
        status = HTTPStatus.BAD_REQUEST
        start_response(f"{status.value} {status.phrase}", [("Content-Type", "application/json")])
        return [json.dumps(told).encode()]

    return judged


def _codec(charset: str) -> str:
    """The name of a codec; one that there is not is passed over, as Django does."""
    try:
        return codecs.lookup(charset).name
    except (LookupError, ValueError):
        return _READ[0]
