"""allauth's forms in this site's words: labels in sentence case, rules told beforehand, nothing said twice."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth
from allauth.mfa.base import forms as second_factor
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hub.accounts.models import User
from hub.forms import ask_for

LABELS = {
    "login": _("User name or email"),
    "username": _("User name"),
    "email": _("Email"),
    "password": _("Password"),
    "oldpassword": _("Current password"),
    "remember": _("Stay signed in"),
}
CONSOLE = "django.core.mail.backends.console.EmailBackend"


def sends_mail() -> bool:
    """Whether mail leaves this hub; without a mail server it is only written to the log."""
    return settings.EMAIL_BACKEND != CONSOLE


class _Plain:
    """Takes out the placeholders, which only repeat the labels, and sets our labels and hints."""

    fields: dict[str, forms.Field]
    #: Label of the password to choose; it is asked for twice.
    password_label = _("Password")
    password_again_label = _("Password, again")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = {"password1": self.password_label, "password2": self.password_again_label}
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = (LABELS | chosen).get(name, field.label)
        if "password1" in self.fields:
            self.fields["password1"].help_text = " ".join(password_validators_help_texts())
        for name in {"password", "oldpassword"} & set(self.fields):
            self.fields[name].help_text = _way_back()
        ask_for(self.fields)
        for name in {"login", "username"} & set(self.fields):
            self.fields[name].widget.attrs |= {"autocapitalize": "none", "spellcheck": "false"}


def _way_back() -> str:
    """What to do about a forgotten password."""
    if not sends_mail():
        return gettext("Forgotten? Whoever runs this hub can give you a new one.")
    return format_html('<a href="{}">{}</a>', reverse("account_reset_password"), gettext("Forgotten?"))


class LoginForm(_Plain, allauth.LoginForm):
    """Sign in."""


class SignupForm(_Plain, allauth.SignupForm):
    """Sign up: the rule of user names is said before it is broken."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].help_text = User._meta.get_field("username").help_text


class ChangePasswordForm(_Plain, allauth.ChangePasswordForm):
    """Change one's password."""

    password_label = _("New password")
    password_again_label = _("New password, again")


class SetPasswordForm(_Plain, allauth.SetPasswordForm):
    """Choose a first password, for an account that was made without one."""

    password_label = _("New password")
    password_again_label = _("New password, again")


class ResetPasswordForm(_Plain, allauth.ResetPasswordForm):
    """Ask for a mail with a link."""

    @property
    def sends_mail(self) -> bool:
        """Whether asking is of any use."""
        return sends_mail()


class ResetPasswordKeyForm(_Plain, allauth.ResetPasswordKeyForm):
    """Choose a password after following that link."""

    password_label = _("New password")
    password_again_label = _("New password, again")


class AddEmailForm(_Plain, allauth.AddEmailForm):
    """Add an address to one's account."""


class ReauthenticateForm(_Plain, allauth.ReauthenticateForm):
    """Give one's password again before something that matters."""


class _Code:
    """A field for six digits, typed from a phone."""

    fields: dict[str, forms.Field]
    code_label = _("Code from your app, or a recovery code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label = self.code_label
        code.widget.attrs.pop("placeholder", None)
        code.widget.attrs |= {"inputmode": "numeric", "autocapitalize": "none", "spellcheck": "false"}
        ask_for(self.fields)


class CodeForm(_Code, second_factor.AuthenticateForm):
    """The second step of signing in."""


class CodeAgainForm(_Code, second_factor.ReauthenticateForm):
    """Give a code again before something that matters."""


class FirstCodeForm(_Code, ActivateTOTPForm):
    """Prove that the app shows the right codes."""

    code_label = _("Code that the app shows")
