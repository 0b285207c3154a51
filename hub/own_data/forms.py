"""The form that asks whether an account shall really go."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hub.accounts.models import User
from hub.forms import Form


class DeleteForm(Form):
    """The user name, typed: nobody does that by accident."""

    username = forms.CharField(
        label=_("Your user name"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_username(self) -> str:
        given = self.cleaned_data["username"].strip()
        if given != self.user.username:
            raise forms.ValidationError(
                _("Type %(name)s, as it is written in your address.") % {"name": self.user.username}
            )
        return given
