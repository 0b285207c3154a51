"""The pages of webhooks: a list, and each with its log."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from hub.webhooks import events
from hub.webhooks.forms import WebhookForm
from hub.webhooks.models import TooManyWebhooks, Webhook

#: Deliveries on a page of the log.
PAGE_SIZE = 30


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """One's webhooks, and a form for another, whose secret is shown this once."""
    form, secret = WebhookForm(request.POST if request.method == "POST" else None), ""
    refused = form.is_bound
    if form.is_bound and form.is_valid():
        try:
            _made, secret = Webhook.make(owner=request.user, **form.cleaned_data)
        except TooManyWebhooks as error:
            form.add_error(None, error.message)
        else:
            form, refused = WebhookForm(), False
    context = {"webhooks": request.user.webhooks.all(), "form": form, "secret": secret}
    return render(request, "webhooks/list.html", context, status=422 if refused else 200)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    """One webhook: its log, and what it hears of."""
    found = _own(request, pk)
    form = WebhookForm(request.POST or None, initial={"url": found.url, "events": found.events})
    if request.method == "POST" and form.is_valid():
        found.change(**form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("webhook", pk)
    return _shown(request, found, form, status=422 if request.method == "POST" else 200)


@login_required
@never_cache
@require_POST
def secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a new secret and show it, this once."""
    found = _own(request, pk)
    form = WebhookForm(initial={"url": found.url, "events": found.events})
    return _shown(request, found, form, secret=found.rotate())


@login_required
@require_POST
def ping(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test."""
    found = _own(request, pk)
    if found.active:
        events.ping(found)
        messages.success(request, _("A test is on its way. Open this page again in a moment to see how it went."))
    else:
        messages.error(request, _("Nothing is sent to this webhook. Start it first."))
    return redirect("webhook", pk)


@login_required
@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop it, or let it begin again."""
    found = _own(request, pk)
    found.change(active=not found.active)
    messages.success(request, _("It hears of things again.") if found.active else _("Nothing is sent to it now."))
    return redirect("webhook", pk)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete it with its log."""
    _own(request, pk).delete()
    messages.success(request, _("The webhook is deleted."))
    return redirect("webhooks")


@login_required
@require_POST
def redeliver(request: HttpRequest, pk: int, delivery: str) -> HttpResponse:
    """Send something once more."""
    found = _own(request, pk)
    again = get_object_or_404(found.deliveries, pk=delivery)
    if found.active:
        events.redeliver(again)
        messages.success(request, _("It is sent once more."))
    else:
        messages.error(request, _("Nothing is sent to this webhook. Start it first."))
    return redirect("webhook", pk)


def _own(request: HttpRequest, pk: int) -> Webhook:
    return get_object_or_404(Webhook, pk=pk, owner=request.user)


def _shown(
    request: HttpRequest, found: Webhook, form: WebhookForm, *, secret: str = "", status: int = 200
) -> HttpResponse:
    page = Paginator(found.deliveries.all(), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"webhook": found, "form": form, "secret": secret, "page": page}
    return render(request, "webhooks/webhook.html", context, status=status)
