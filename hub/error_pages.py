"""What is answered when no view answers: pages for people, the one shape of errors for programs."""

from __future__ import annotations

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template

from hub.api import error_body

#: Addresses below this are a program's.
API = "/api/"
#: What people are told, by status.
_MESSAGES = {
    400: ("bad_request", "The request could not be read. Check it, and send it again."),
    403: ("permission_denied", "You may see this, but not do that."),
    404: ("not_found", "There is nothing here, or nothing that you may see."),
    500: ("internal", "Something went wrong here. It was written down; try again later."),
}
#: Refusals of Django's own parsers, which say nothing that helps.
_REFUSALS: dict[type[Exception], str] = {
    TooManyFilesSent: "The request holds too many files. Send fewer at a time.",
    TooManyFieldsSent: "The request holds too many fields. Send fewer.",
    RequestDataTooBig: "The fields of the request are too large. Shorten them.",
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the request could not be parsed, or is suspicious."""
    return _answer(request, 400, next((text for kind, text in _REFUSALS.items() if isinstance(exception, kind)), ""))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: known, and not for this account."""
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: nothing there, or nothing that this account may know of."""
    return _answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a bug. The page uses no database and no context, which may be what broke."""
    if request.path.startswith(API):
        return _answer(request, 500)
    return HttpResponse(get_template("500.html").render(), status=500)


def too_large(request: HttpRequest, limit: int) -> HttpResponse:
    """413: the body says that it has more than ``limit`` bytes."""
    message = f"The request has more than {limit // 2**20} MB. Send fewer or smaller files."
    if request.path.startswith(API):
        return JsonResponse(error_body("too_large", message), status=413)
    return HttpResponse(get_template("400.html").render({"message": message}), status=413)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form without its cookie, most often an old page or blocked cookies."""
    return _answer(
        request, 403, "This form is too old, or cookies are blocked. Allow cookies, open the page again and repeat."
    )


def _answer(request: HttpRequest, status: int, message: str = "") -> HttpResponse:
    code, usual = _MESSAGES[status]
    if request.path.startswith(API):
        return JsonResponse(error_body(code, message or usual), status=status)
    return render(request, f"{status}.html", {"message": message or usual}, status=status)
