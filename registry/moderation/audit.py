"""Writing down what staff do, in the transaction in which they do it. The database keeps what is written."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now

from hub.accounts.models import User
from registry.models import AuditEntry

#: How long entries are kept. The database itself refuses to delete one within a year.
KEPT = timedelta(days=366)


def record(
    *, by: User, action: str, on: models.Model, about_id: int | None = None, reason: str = "", text: str = ""
) -> AuditEntry:
    """Note that ``by`` did ``action`` to a row; ``about_id`` is the account it belongs to, ``text`` says more or why."""
    return AuditEntry.objects.create(
        by=by,
        action=action,
        kind=on._meta.label_lower,
        key=str(on.pk),
        label=str(on)[:200],
        about_id=about_id,
        reason=reason,
        text=text,
    )


def forget_old() -> int:
    """Delete entries that are older than :data:`KEPT`, since they are about people; return how many."""
    return AuditEntry.objects.filter(created__lt=Now() - KEPT).delete()[0]
