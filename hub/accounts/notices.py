"""Telling people what happened: a row in the transaction in which it did, shown in the pages and mailed later."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db.models.functions import Now
from django.http import HttpRequest

from hub.accounts.models import Notice, User

#: The header says so many at most: more are as good as many, and counting them all would cost on every page.
MAX_COUNTED = 99


def notify(*, owner_id: int, key: str, text: str, url: str) -> None:
    """Tell a person once; a second time with the same ``key`` does nothing. Part of the transaction around it."""
    Notice.objects.bulk_create([Notice(owner_id=owner_id, key=key, text=text[:300], url=url)], ignore_conflicts=True)


def count_unseen(owner: User) -> int:
    """How many notices a person has not seen; one more than :data:`MAX_COUNTED` stands for more."""
    return Notice.objects.filter(owner=owner, seen=None)[: MAX_COUNTED + 1].count()


def mark_seen(owner: User, *, ids: Sequence[int] | None = None, url: str = "") -> int:
    """Mark notices as seen: those named, those about the page at ``url``, or all; return how many were unseen."""
    unseen = Notice.objects.filter(owner=owner, seen=None)
    if ids is not None:
        unseen = unseen.filter(pk__in=ids)
    if url:
        unseen = unseen.filter(url=url)
    return unseen.update(seen=Now())


def in_header(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """Context processor: the count for the header, asked for only by pages that have one."""
    user = getattr(request, "user", None)  # missing where a request is refused before anybody asked whose it is
    return {"unseen_notices": lambda: count_unseen(user) if user and user.is_authenticated else 0}
