"""How large a request may be, told by its own header before any of it is read."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from hub.error_pages import too_large

#: Bytes of an ordinary request: an embedding's file has 16 MB at most, its pictures some more.
MAX_BODY_BYTES = 64 * 1024 * 1024
#: Bytes of a request with training images: what a set may have, and the form around it.
MAX_TRAINING_BYTES = 210 * 1024 * 1024
#: Where training images are sent to.
TRAINING_PATHS = re.compile(r"/train(/[0-9]+/images)?|/api/hub/jobs")


class BodyLimit:
    """Middleware that refuses a body that says it is too large, instead of writing it to disk first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = MAX_TRAINING_BYTES if TRAINING_PATHS.fullmatch(request.path) else MAX_BODY_BYTES
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > limit:
            return too_large(request, limit)
        return self.get_response(request)
