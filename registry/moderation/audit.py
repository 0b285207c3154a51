"""Writing down what staff do, in the transaction in which they do it. The database keeps what is written."""

from __future__ import annotations

from django.db import models

from hub.accounts.models import User
from registry.models import AuditEntry


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
