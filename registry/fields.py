"""Columns that the registry and the training app share."""

from __future__ import annotations

from typing import Any

from django.db import models


class BlobField(models.CharField):
    """A column that names a blob of the storage; the column ``size`` beside it holds the blob's bytes.

    ``owner`` is the way from the row to the account that the blob counts for. Whatever any such column names is kept by
    ``manage.py sweep_blobs``, looked at by ``manage.py verify_files``, and counted by :mod:`registry.quota`.
    """

    def __init__(self, *args: Any, owner: str = "", **options: Any) -> None:
        super().__init__(*args, **{"max_length": 64, **options})
        self.owner = owner

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Migrations see the plain text column that it is."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options
