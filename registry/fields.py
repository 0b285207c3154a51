"""Columns that the registry and the training app share."""

from __future__ import annotations

from typing import Any

from django.db import models


class BlobField(models.CharField):
    """A column that names a blob of the storage. ``manage.py sweep_blobs`` keeps whatever any such column names."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max_length": 64, **options})

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Migrations see the plain text column that it is."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options
