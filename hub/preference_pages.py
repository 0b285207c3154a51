"""The page on which people choose how they want the site."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from hub.forms import Form
from hub.preferences import Preferences


class PreferencesForm(Form):
    """What can be chosen."""

    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the browser asks")), *settings.LANGUAGES]
    )
    theme = forms.ChoiceField(
        label=_("Colours"),
        required=False,
        widget=forms.RadioSelect,
        choices=[("", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))],
    )
    sensitive = forms.ChoiceField(
        label=_("Suggestive and explicit pictures"),
        widget=forms.RadioSelect,
        choices=[
            ("blur", _("Blur them until I ask")),
            ("show", _("Show them")),
            ("hide", _("Never load them")),
        ],
    )
    explicit = forms.BooleanField(
        label=_("List explicit embeddings too: I am of age and want to see them"), required=False
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Choose; without an account too."""
    chosen = Preferences.of(request)
    if request.method != "POST":
        fields = {name: getattr(chosen, name) for name in PreferencesForm.base_fields}
        return render(request, "hub/preferences.html", {"form": PreferencesForm(initial=fields)})
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return render(request, "hub/preferences.html", {"form": form}, status=422)
    chosen = Preferences(**form.cleaned_data)
    if request.user.is_authenticated:
        chosen.store(request.user)
    response = redirect(_back(request))
    chosen.remember(response)
    with translation.override(chosen.language or translation.get_language()):
        messages.success(request, gettext("Saved."))
    return response


def _back(request: HttpRequest) -> str:
    """Where the person came from, if it is of this site."""
    address = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return address
    return reverse("preferences")
