"""Refusals that pages and API answer alike."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404
from django.utils.translation import gettext_lazy

#: What is said of a request that cannot be read: parsers say nothing that helps.
UNREADABLE: dict[type[Exception], str] = {
    TooManyFilesSent: gettext_lazy("The request holds too many files. Send fewer at a time."),
    TooManyFieldsSent: gettext_lazy("The request holds too many fields. Send fewer."),
    RequestDataTooBig: gettext_lazy("The fields of the request are too large. Shorten them."),
}


class Gone(Http404):
    """410: something was here and is not to come back.

    ``told`` is what programs get beside the message, ``context`` what the page shows. Whoever does not know of it takes it
    for the 404 that it also is.
    """

    def __init__(self, message: str, *, told: dict[str, Any], context: dict[str, Any]) -> None:
        super().__init__(message)
        self.message, self.told, self.context = message, told, context
