"""What is answered when no view answers: pages for people, the one shape of errors for programs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from hub.api import error_body
from hub.errors import UNREADABLE, Gone

#: Addresses below this are a program's; those of the native API read one shape of errors, other hubs' programs a sentence.
API, NATIVE = "/api/", "/api/hub/"
#: What they are told where this hub does not answer; not translated, as nothing is that programs read.
_NOT_SPOKEN = (
    "This hub does not answer at this address: it speaks a part of the protocols of other hubs. "
    "What is not among it can be done on its pages, or with the API that is described at /api/hub/docs."
)
#: What people are told, by status.
_MESSAGES = {
    400: ("bad_request", gettext_lazy("The request could not be read. Check it, and send it again.")),
    403: ("permission_denied", gettext_lazy("You may see this, but not do that.")),
    404: ("not_found", gettext_lazy("There is nothing here, or nothing that you may see.")),
    429: ("throttled", gettext_lazy("This was asked too often.")),
    500: ("internal", gettext_lazy("Something went wrong here. It was written down; try again later.")),
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the request could not be parsed, or is suspicious."""
    return _answer(request, 400, next((text for kind, text in UNREADABLE.items() if isinstance(exception, kind)), ""))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: known, and not for this account."""
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: nothing there, or nothing that this account may know of. 410 where something was taken down."""
    if isinstance(exception, Gone):
        return _gone(request, exception)
    return _answer(request, 404, _NOT_SPOKEN if _is_foreign(request) else "")


def _gone(request: HttpRequest, gone: Gone) -> HttpResponse:
    if request.path.startswith(API):
        return JsonResponse(error_body("taken_down", gone.message) | gone.told, status=410)
    return render(request, "410.html", {"message": gone.message} | gone.context, status=410)


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """429: so often within an hour that it is hardly meant well; ``seconds`` until it may be tried again."""
    minutes = max(1, -(-seconds // 60))
    message = ngettext(
        "That was often enough for now. Try again in a minute.",
        "That was often enough for now. Try again in %(minutes)d minutes.",
        minutes,
    ) % {"minutes": minutes}
    response = _answer(request, 429, message)
    response.headers["Retry-After"] = str(seconds)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a bug. The page uses no database and no context, which may be what broke."""
    if request.path.startswith(API):
        return _answer(request, 500)
    return HttpResponse(get_template("500.html").render(), status=500)


def too_large(request: HttpRequest, limit: int) -> HttpResponse:
    """413: the body says that it has more than ``limit`` bytes."""
    message = _("The request has more than %(megabytes)d MB. Send fewer or smaller files.")
    message = message % {"megabytes": limit // 2**20}
    if request.path.startswith(API):
        return _told(request, 413, "too_large", message)
    return HttpResponse(get_template("413.html").render({"message": message}), status=413)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form without its cookie, most often an old page or blocked cookies."""
    return _answer(
        request, 403, _("This form is too old, or cookies are blocked. Allow cookies, open the page again and repeat.")
    )


def _answer(request: HttpRequest, status: int, message: Any = "") -> HttpResponse:
    code, usual = _MESSAGES[status]
    message = str(message or usual)
    if request.path.startswith(API):
        return _told(request, status, code, message)
    return render(request, f"{status}.html", {"message": message}, status=status)


def _is_foreign(request: HttpRequest) -> bool:
    """Whether an address is of another hub's protocol."""
    return request.path.startswith(API) and not request.path.startswith(NATIVE)


def _told(request: HttpRequest, status: int, code: str, message: str) -> JsonResponse:
    body = {"error": message} if _is_foreign(request) else error_body(code, message)
    return JsonResponse(body, status=status)
