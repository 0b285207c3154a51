"""How allauth behaves here: who may sign up, what a user name may be, and in which words it refuses."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from hub import wording
from hub.preferences import Preferences, has_chosen, note_language


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up can be closed by the operator; user names follow the model's own rules."""

    error_messages = DefaultAccountAdapter.error_messages | wording.ACCOUNTS

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.HUB_SIGNUP_OPEN)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **options: Any) -> HttpResponse:
        """Take what the account prefers along to this browser, and note in which language it is read."""
        response = super().post_login(request, user, **options)
        note_language(user)
        if has_chosen(user):
            Preferences.stored(user).remember(response)
        return response

    def clean_password(self, password: str, user: AbstractBaseUser | None = None) -> str:
        """Return a password that may be used, or raise ``ValidationError`` with what to do."""
        try:
            return super().clean_password(password, user)
        except ValidationError as refused:
            reasons = [
                ValidationError(wording.PASSWORDS.get(reason.code, reason.message), reason.code, reason.params)
                for reason in refused.error_list
            ]
            raise ValidationError(reasons) from refused


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors in this site's words. Apps list them under the user name: not everybody gave an address."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right, or its time has passed. Give the one that is shown now."),
    }

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()
