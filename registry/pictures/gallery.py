"""Changing which pictures a version shows. Blobs are written before the rows that name them; what nothing names is swept."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from registry import quota, rows
from registry.models import Preview, Version
from registry.pictures.previews import NewPreview


@transaction.atomic
def add_pictures(*, version: Version, previews: Sequence[NewPreview]) -> list[Preview]:
    """Show more pictures with a version. Raises ``RegistryError`` when they are too many or the account is full."""
    owner = version.embedding.owner
    owner.lock()
    sizes = {preview.picture.blob: preview.picture.size for preview in previews}
    quota.check_room(owner, sum(sizes.values()))
    return rows.create_previews(version, previews)


@transaction.atomic
def remove_picture(*, preview: Preview) -> None:
    """Take a picture from its version."""
    preview.delete()


@transaction.atomic
def put_first(*, preview: Preview) -> None:
    """Let a picture be its version's cover: lists and link previews show the first."""
    before = Preview.objects.filter(version=preview.version_id).order_by("position").first()
    if before is not None and before.pk != preview.pk:
        Preview.objects.filter(pk=preview.pk).update(position=before.position - 1)
