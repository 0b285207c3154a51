"""In which language a request is answered."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

#: Programs read these; their sentences stay the same whatever headers a program's library sends by itself.
_OF_PROGRAMS = ("/api/",)


class ChooseLanguage(LocaleMiddleware):
    """The reader's language for pages, the hub's own for programs."""

    def process_request(self, request: HttpRequest) -> None:
        """Activate the language of this request."""
        if request.path_info.startswith(_OF_PROGRAMS):
            translation.activate(settings.LANGUAGE_CODE)
            request.LANGUAGE_CODE = settings.LANGUAGE_CODE
        else:
            super().process_request(request)
