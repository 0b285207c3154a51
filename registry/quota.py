"""How much an account stores and may store: its embeddings, pictures and training images."""

from __future__ import annotations

import math

from django.conf import settings
from django.db import connection
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from hub.accounts.models import User
from registry.blobs import columns
from registry.errors import RegistryError

MEGABYTE = 2**20


def bytes_stored(owner: User) -> int:
    """Bytes of an account's files; one that several of its rows name, as those of a job that was tried again, counts once."""
    rows = [
        field.model._default_manager.filter(**{field.owner: owner}).order_by().values_list(field.name, "size")
        for field in columns()
    ]
    files, values = rows[0].union(*rows[1:]).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(sum(size), 0) FROM ({files}) AS files (blob, size)", values)
        return int(cursor.fetchone()[0])


def megabytes_allowed(owner: User) -> int:
    """Megabytes of files that an account may have: what staff allow it, or what the hub allows everybody."""
    return settings.HUB_ACCOUNT_MEGABYTES if owner.megabytes is None else owner.megabytes


def check_room(owner: User, more: int) -> None:
    """Raise ``RegistryError`` unless the account may store so many bytes more.

    Within a transaction after :meth:`User.lock` the limit holds exactly, else it spares work.
    """
    used, allowed = bytes_stored(owner), megabytes_allowed(owner)
    if used + more > allowed * MEGABYTE:
        raise RegistryError(
            "quota",
            _(
                "Your account stores %(used)s of the %(allowed)d MB that it may, and this needs %(more)s MB more. "
                "Delete embeddings or training images that you no longer need, or ask whoever runs this hub for more room."
            )
            % {"used": _tenths(used), "allowed": allowed, "more": _tenths(more)},
        )


def _tenths(size: int) -> str:
    """Megabytes, rounded up: what is there or needed is never said to be nothing."""
    return str(number_format(math.ceil(size / MEGABYTE * 10) / 10))
