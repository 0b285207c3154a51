"""What the hub keeps about a person, as each app tells it: tables to give out, and what to do before the account goes.

An app says so in a module ``own_data`` of its own; :mod:`hub.own_data` puts them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import BinaryField, GeneratedField, QuerySet

from hub.accounts.models import ApiToken, Notice, RetiredName, User


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that are a person's, and columns of them that are not given out."""

    name: str
    found: QuerySet[Any]
    without: frozenset[str] = frozenset()

    def rows(self) -> list[dict[str, Any]]:
        """Every row with all its columns, but for bytes and what the database derives: new columns come by themselves."""
        names = [
            field.attname
            for field in self.found.model._meta.concrete_fields
            if not isinstance(field, BinaryField | GeneratedField) and field.name not in self.without
        ]
        return list(self.found.order_by("pk").values(*names))


#: What proves who somebody is. It is of no use to its owner outside, and of much to a thief.
_SECRETS = frozenset({"password", "digest", "data", "session_key"})


def tables(user: User) -> list[Table]:
    """What accounts keep of a person."""
    return [
        Table("account", User.objects.filter(pk=user.pk), _SECRETS),
        Table("addresses", EmailAddress.objects.filter(user=user)),
        Table("tokens", ApiToken.objects.filter(owner=user), _SECRETS),
        Table("notices", Notice.objects.filter(owner=user)),
        Table("second_factors", Authenticator.objects.filter(user=user), _SECRETS),
        Table("sessions", UserSession.objects.filter(user=user), _SECRETS),
    ]


def forget(user: User) -> None:
    """Delete an account, sign its sessions out and keep its name from others. Part of the transaction around it."""
    keys = UserSession.objects.filter(user=user).values_list("session_key", flat=True)
    Session.objects.filter(session_key__in=list(keys)).delete()
    RetiredName.objects.get_or_create(name=user.username)
    user.delete()
