"""The pages of API tokens and of notices."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from hub.accounts.models import ApiToken, Scope, TooManyTokens
from hub.accounts.notices import mark_seen
from hub.forms import Form

#: Notices on a page of the list.
PAGE_SIZE = 30


class TokenForm(Form):
    """A new token."""

    name = forms.CharField(max_length=80, help_text="Where it will be used, for example “laptop”.")
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.READ],
        label="It may",
        error_messages={"required": "Choose at least one thing that the token may do."},
    )


@login_required
@require_safe
def tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens, and a form for another."""
    return render(request, "accounts/tokens.html", {"tokens": request.user.tokens.all(), "form": TokenForm()})


@login_required
@require_POST
def token_create(request: HttpRequest) -> HttpResponse:
    """Make a token and show its secret, this once."""
    form, secret = TokenForm(request.POST), ""
    if form.is_valid():
        try:
            _, secret = ApiToken.issue(owner=request.user, **form.cleaned_data)
        except TooManyTokens as error:
            form.add_error(None, error.message)
        else:
            form = TokenForm()
    context = {"tokens": request.user.tokens.all(), "form": form, "secret": secret}
    return render(request, "accounts/tokens.html", context, status=200 if secret else 422)


@login_required
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke a token, at once."""
    get_object_or_404(ApiToken, pk=pk, owner=request.user).delete()
    messages.success(request, "The token is revoked.")
    return redirect("tokens")


@login_required
@never_cache
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """What one should hear of, newest first. Those that are shown count as seen from then on."""
    page = Paginator(request.user.notices.all(), PAGE_SIZE).get_page(request.GET.get("page"))
    shown = list(page)  # as they were before
    if request.method == "GET":
        mark_seen(request.user, ids=[notice.pk for notice in shown if notice.seen is None])
    return render(request, "accounts/notices.html", {"page": page, "notices": shown})
