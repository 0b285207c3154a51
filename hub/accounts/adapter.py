"""How allauth behaves here: who may sign up, and what a user name may be."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up can be closed by the operator; user names follow the model's own rules."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.HUB_SIGNUP_OPEN)
