"""The pages of API tokens, and of notices and whether they are mailed."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hub.accounts.forms import sends_mail
from hub.accounts.models import ApiToken, Notice, Scope, TooManyTokens
from hub.accounts.notices import mark_seen
from hub.forms import Form

#: Notices on a page of the list.
PAGE_SIZE = 30


class TokenForm(Form):
    """A new token."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("Where it will be used, for example “laptop”."),
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.READ],
        label=gettext_lazy("It may"),
        error_messages={"required": gettext_lazy("Choose at least one thing that the token may do.")},
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("It ends"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[
            (30, gettext_lazy("after 30 days")),
            (90, gettext_lazy("after 90 days")),
            (365, gettext_lazy("after a year")),
            ("", gettext_lazy("never, until you revoke it")),
        ],
        initial=90,
    )


class NoticeMailForm(Form):
    """Whether notices are mailed."""

    mails_notices = forms.BooleanField(label=gettext_lazy("Mail me what is new"), required=False)


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
        values = form.cleaned_data
        days = values.pop("days")
        expires = timezone.now() + timedelta(days=days) if days else None
        try:
            _token, secret = ApiToken.issue(owner=request.user, expires=expires, **values)
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
    messages.success(request, _("The token is revoked."))
    return redirect("tokens")


@login_required
@never_cache
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """What one should hear of, newest first: all, or with ``show=unread`` what is new."""
    unread = request.GET.get("show") == "unread"
    found = request.user.notices.filter(seen=None) if unread else request.user.notices.all()
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "accounts/notices.html", {"page": page, "unread": unread})


@login_required
@never_cache
@require_safe
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Go to what a notice is about; it is read then."""
    found = get_object_or_404(Notice, pk=pk, owner=request.user)
    mark_seen(request.user, ids=[found.pk])
    inside = found.url.startswith("/") and url_has_allowed_host_and_scheme(found.url, allowed_hosts=None)
    return redirect(found.url if inside else "notices")


@login_required
@require_POST
def notices_seen(request: HttpRequest) -> HttpResponse:
    """Mark as read: the notice that is named, or all."""
    named = request.POST.get("id", "")
    ids = [int(named)] if named.isdecimal() and len(named) < 10 else None
    count = mark_seen(request.user, ids=ids)
    told = ngettext("%(count)d notice is marked as read.", "%(count)d notices are marked as read.", count)
    messages.success(request, told % {"count": count})
    back = request.POST.get("show", "")
    return redirect("/notices?show=unread" if back == "unread" else "notices")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def notice_mail(request: HttpRequest) -> HttpResponse:
    """Whether notices are mailed to oneself."""
    user = request.user
    form = (
        NoticeMailForm(request.POST)
        if request.method == "POST"
        else NoticeMailForm(initial={"mails_notices": user.mails_notices})
    )
    if form.is_bound and form.is_valid():
        user.choose_mails(form.cleaned_data["mails_notices"])
        messages.success(request, _("Saved."))
        return redirect("notice-mail")
    context = {"form": form, "sends_mail": sends_mail()}
    return render(request, "accounts/notice_mail.html", context, status=422 if form.is_bound else 200)
