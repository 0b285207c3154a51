"""What webhooks keep about a person."""

from __future__ import annotations

from hub.accounts.models import User
from hub.accounts.own_data import Table
from hub.webhooks.models import Delivery, Webhook


def tables(user: User) -> list[Table]:
    """A person's webhooks and what was sent to them. Secrets are bytes, which are left out of all tables."""
    return [
        Table("webhooks", Webhook.objects.filter(owner=user)),
        Table("webhook_deliveries", Delivery.objects.filter(webhook__owner=user)),
    ]
