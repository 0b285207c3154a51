"""What the registry lets webhooks hear of. Each is part of the transaction in which it happened."""

from __future__ import annotations

from typing import Any

from hub.webhooks.events import address, emit
from hub.webhooks.models import Event
from registry.models import Embedding, Tombstone, Version, Visibility


def published(embedding: Embedding) -> None:
    """It is public; each time that it becomes so."""
    key = f"published-{embedding.pk}-{embedding.updated:%Y%m%d%H%M%S%f}"
    emit(owner_id=embedding.owner_id, event=Event.PUBLISHED, key=key, data=lambda: {"embedding": _described(embedding)})


def created(version: Version) -> None:
    """An embedding was made with its first version."""
    if version.embedding.visibility == Visibility.PUBLIC:
        published(version.embedding)


def version_added(version: Version) -> None:
    """There is a version after the first."""
    embedding = version.embedding

    def data() -> dict[str, Any]:
        return {"embedding": _described(embedding), "version": {"number": version.number, "notes": version.notes}}

    emit(owner_id=embedding.owner_id, event=Event.VERSION_ADDED, key=f"version-{version.pk}", data=data)


def taken_down(stone: Tombstone) -> None:
    """Staff took it down."""

    def data() -> dict[str, Any]:
        path = f"/{stone.owner_name}/{stone.name}"
        embedding = {"id": stone.embedding, "owner": stone.owner_name, "name": stone.name, "url": address(path)}
        return {"embedding": embedding, "reason": stone.reason}

    emit(owner_id=stone.owner_id, event=Event.TAKEN_DOWN, key=f"taken-down-{stone.pk}", data=data)


def _described(embedding: Embedding) -> dict[str, Any]:
    return {
        "id": embedding.pk,
        "owner": embedding.owner.username,
        "name": embedding.name,
        "title": embedding.title,
        "token": embedding.token,
        "kind": embedding.kind,
        "base": embedding.base,
        "visibility": embedding.visibility,
        "url": address(embedding.get_absolute_url()),
    }
