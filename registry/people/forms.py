"""The form of one's profile."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from hub.accounts.models import MAX_BIO_CHARACTERS, MAX_DISPLAY_NAME_CHARACTERS, User
from hub.forms import Form


class ProfileForm(Form):
    """What others read of a person."""

    display_name = forms.CharField(
        label=_("Display name"),
        required=False,
        max_length=MAX_DISPLAY_NAME_CHARACTERS,
        help_text=_("Shown above your user name. Addresses keep the user name."),
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    bio = forms.CharField(
        label=_("About you"),
        required=False,
        max_length=MAX_BIO_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("A few sentences on your page. Markdown."),
    )
    likes_hidden = forms.BooleanField(
        label=_("Keep what I like to myself"),
        required=False,
        help_text=_("Likes count all the same, but nobody else sees the list."),
    )

    @classmethod
    def of(cls, user: User) -> ProfileForm:
        """A form filled in with what is stored."""
        return cls(initial={name: getattr(user, name) for name in cls.base_fields})
