"""Deleting an account with everything of every app."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

import registry.own_data
import training.own_data
from hub.accounts import own_data as accounts
from hub.accounts.models import User
from registry import blobs, storage

#: Files that were put so lately may be named by a row that is being written; they are left to the daily sweep.
SETTLED_AFTER = timedelta(minutes=1)


def delete_account(*, user: User) -> None:
    """Delete a person's account and all that is theirs, at once or not at all; only the user name stays, for nobody.

    Unfinished jobs are cancelled before. Training images go from the storage at once, other files with the next sweep. A row
    that somebody else is writing for the account at this moment is refused by the database.
    """
    training.own_data.stop(user)
    with transaction.atomic():
        images = training.own_data.forget(user)  # locks jobs, then the account: the order in which workers do
        User.objects.select_for_update().get(pk=user.pk)
        registry.own_data.forget(user)
        accounts.forget(user)
    for name in images - blobs.named_among(images):
        storage.remove_if_older(name, timezone.now() - SETTLED_AFTER)
