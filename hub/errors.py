"""Refusals that pages and API answer alike."""

from __future__ import annotations

from typing import Any

from django.http import Http404


class Gone(Http404):
    """410: something was here and is not to come back.

    ``told`` is what programs get beside the message, ``context`` what the page shows. Whoever does not know of it takes it
    for the 404 that it also is.
    """

    def __init__(self, message: str, *, told: dict[str, Any], context: dict[str, Any]) -> None:
        super().__init__(message)
        self.message, self.told, self.context = message, told, context
