"""The form of a webhook."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from hub.forms import Form
from hub.webhooks.addresses import BadAddress, parse
from hub.webhooks.models import MAX_URL_CHARACTERS, Event


class WebhookForm(Form):
    """Where to, and what of."""

    url = forms.CharField(
        label=_("Address"),
        max_length=MAX_URL_CHARACTERS,
        widget=forms.URLInput(attrs={"placeholder": "https://example.org/hook"}),
        help_text=_("What happens is sent there as JSON, signed."),
    )
    events = forms.MultipleChoiceField(
        choices=Event.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=list(Event.values),
        label=_("It hears of"),
        error_messages={"required": _("Choose at least one thing that it hears of.")},
    )

    def clean_url(self) -> str:
        url = self.cleaned_data["url"]
        try:
            parse(url)
        except BadAddress as error:
            raise forms.ValidationError(error.message) from error
        return url
