"""What happened, as rows in the transaction in which it did: the worker's housekeeping sends them later."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from hub.webhooks.models import PING, Delivery, Event, Webhook

#: How long the log goes back.
LOG_KEPT = timedelta(days=30)


def emit(*, owner_id: int, event: Event, key: str, data: Callable[[], dict[str, Any]]) -> int:
    """Let the webhooks of an account hear of something once; return how many will. Part of the transaction around it.

    ``data`` is asked for only where there is a webhook.
    """
    listening = list(Webhook.objects.filter(owner=owner_id, active=True, events__contains=[event]))
    if not listening:
        return 0
    told = data()
    rows = [Delivery(webhook=webhook, event=event, key=key, data=told) for webhook in listening]
    return len(Delivery.objects.bulk_create(rows, ignore_conflicts=True))


def ping(webhook: Webhook) -> Delivery:
    """Send something now, to see whether it arrives."""
    return _stored(Delivery(webhook=webhook, event=PING, key=f"ping-{uuid.uuid4()}", data={}))


def redeliver(delivery: Delivery) -> Delivery:
    """Send the same once more, as a delivery of its own; the log keeps how the first went."""
    again = Delivery(webhook=delivery.webhook, event=delivery.event, key=f"again-{uuid.uuid4()}", data=delivery.data)
    return _stored(again)


def _stored(delivery: Delivery) -> Delivery:
    delivery.save(force_insert=True)
    delivery.refresh_from_db()
    return delivery


def address(path: str) -> str:
    """The whole address of a page where the hub knows its own, else its path."""
    return f"{settings.HUB_PUBLIC_URL}{path}"


def payload(delivery: Delivery) -> dict[str, Any]:
    """What is sent."""
    return {
        "id": str(delivery.id),
        "event": delivery.event,
        "created": delivery.created.isoformat().replace("+00:00", "Z"),
        "data": delivery.data,
    }


def forget_old() -> int:
    """Delete what is too old for the log; return how many."""
    deleted, _ = Delivery.objects.filter(created__lt=Now() - LOG_KEPT).delete()
    return deleted
