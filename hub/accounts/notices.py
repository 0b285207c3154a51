"""Telling people what happened: a row in the transaction in which it did, shown in the pages and mailed later."""

from __future__ import annotations

from hub.accounts.models import Notice


def notify(*, owner_id: int, key: str, text: str, url: str) -> None:
    """Tell a person once; a second time with the same ``key`` does nothing. Part of the transaction around it."""
    Notice.objects.bulk_create([Notice(owner_id=owner_id, key=key, text=text[:300], url=url)], ignore_conflicts=True)
