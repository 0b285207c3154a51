"""The pages of reports: the form, and what came of one's own."""

from __future__ import annotations

from math import ceil

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from hub.error_pages import too_many
from registry.access import find
from registry.errors import RegistryError
from registry.moderation import reports
from registry.moderation.forms import ReportForm
from registry.moderation.throttle import ReportThrottle

#: Rows of a list.
PAGE_SIZE = 30


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Say what is wrong with an embedding; without an account too."""
    shown = find(request, owner, name)
    form = ReportForm(request.POST if request.method == "POST" else None, signed_in=request.user.is_authenticated)
    if form.is_bound and form.is_valid():
        throttle = ReportThrottle()
        if not throttle.allow_request(request, None):
            return too_many(request, ceil(throttle.wait() or 0))
        said = {name: value for name, value in form.cleaned_data.items() if name != "good_faith"}
        reporter = request.user if request.user.is_authenticated else None
        try:
            reports.file(embedding=shown, reporter=reporter, **said)
        except RegistryError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            messages.success(request, _("Thank you. Staff will look at it."))
            return redirect(shown)
    return render(
        request, "registry/report.html", {"form": form, "embedding": shown}, status=422 if form.is_bound else 200
    )


@login_required
@never_cache
@require_safe
def own_reports(request: HttpRequest) -> HttpResponse:
    """What one has reported, and what came of it."""
    page = Paginator(request.user.reports.order_by("-id"), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "registry/own_reports.html", {"page": page})
