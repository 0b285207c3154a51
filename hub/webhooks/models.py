"""Webhooks and what was sent to them."""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from hub.accounts.models import User
from hub.sealing import seal, unseal

SECRET_PREFIX = "swh_"
#: Random bytes of a secret: as many as HMAC-SHA256 makes use of.
SECRET_BYTES = 32
#: Webhooks of one account; beyond that somebody forgets to delete.
MAX_WEBHOOKS = 20
MAX_URL_CHARACTERS = 500
#: How long the former secret signs beside the new one, so that a receiver may change at leisure.
FORMER_SECRET_KEPT = timedelta(hours=24)
#: Characters of an answer that are kept in the log.
MAX_EXCERPT_CHARACTERS = 1_000
_SEALED_FOR = "webhook"


class Event(models.TextChoices):
    """What a webhook may ask to hear of."""

    PUBLISHED = "published", gettext_lazy("An embedding of yours is public")
    VERSION_ADDED = "version_added", gettext_lazy("An embedding of yours has a new version")
    JOB_FINISHED = "job_finished", gettext_lazy("A job of yours ended, well or not")
    TAKEN_DOWN = "taken_down", gettext_lazy("An embedding of yours was taken down")


#: Sent when somebody asks for it, whatever the webhook wants to hear of.
PING = "ping"


class TooManyWebhooks(Exception):
    """The account has as many webhooks as it may have."""

    def __init__(self) -> None:
        told = ngettext(
            "You have %(count)d webhook. Delete it first.",
            "You have %(count)d webhooks. Delete one that you no longer use.",
            MAX_WEBHOOKS,
        )
        self.message = told % {"count": MAX_WEBHOOKS}
        super().__init__(self.message)


class Webhook(models.Model):
    """An address that hears of what happens to an account."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=MAX_URL_CHARACTERS)
    events = ArrayField(models.CharField(max_length=20, choices=Event.choices))
    secret = models.BinaryField(help_text="Sealed.")
    former_secret = models.BinaryField(null=True, help_text="Sealed.")
    former_until = models.DateTimeField(null=True, help_text="Until when the former secret signs too.")
    active = models.BooleanField(default=True, db_default=True)
    failing_since = models.DateTimeField(null=True, help_text="Of the first failure after the last success.")
    stopped = models.DateTimeField(null=True, help_text="When the hub gave up on it.")
    created = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.url

    @classmethod
    @transaction.atomic
    def make(cls, *, owner: User, url: str, events: list[str], active: bool = True) -> tuple[Self, str]:
        """Create a webhook and return it with its secret; raise :class:`TooManyWebhooks`."""
        owner.lock()
        if cls.objects.filter(owner=owner).count() >= MAX_WEBHOOKS:
            raise TooManyWebhooks
        secret = _new_secret()
        sealed = seal(secret.encode(), _SEALED_FOR)
        return cls.objects.create(owner=owner, url=url, events=events, active=active, secret=sealed), secret

    @transaction.atomic
    def rotate(self) -> str:
        """Take a new secret and return it. The old one signs beside it for a day, also if somebody took it just now."""
        secret = _new_secret()
        self.refresh_from_db(from_queryset=Webhook.objects.select_for_update())
        self.former_secret, self.former_until = self.secret, timezone.now() + FORMER_SECRET_KEPT
        self.secret = seal(secret.encode(), _SEALED_FOR)
        self.save(update_fields=["secret", "former_secret", "former_until"])
        return secret

    def secrets(self) -> list[bytes]:
        """What to sign with, the newest first; raise :class:`hub.sealing.BrokenSeal`."""
        signing = [self.secret]
        if self.former_until is not None and self.former_until > timezone.now():
            signing.append(self.former_secret)
        return [unseal(sealed, _SEALED_FOR) for sealed in signing]

    def change(self, **fields: object) -> None:
        """Change address, events or whether it is active. Who starts it again gives it another chance."""
        if fields.get("active") and not self.active:
            fields |= {"failing_since": None, "stopped": None}
        for name, value in fields.items():
            setattr(self, name, value)
        self.save(update_fields=list(fields))


class Delivery(models.Model):
    """Something that a webhook is to hear of, and how the last try went."""

    class State(models.TextChoices):
        WAITING = "waiting", gettext_lazy("waiting")
        DELIVERED = "delivered", gettext_lazy("delivered")
        FAILED = "failed", gettext_lazy("failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=20)
    key = models.CharField(max_length=80, help_text="What it is about; a webhook hears of each thing once.")
    data = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING, db_default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_try = models.DateTimeField(null=True, db_default=Now())
    tried = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="Of the last answer.")
    milliseconds = models.PositiveIntegerField(null=True)
    excerpt = models.CharField(max_length=MAX_EXCERPT_CHARACTERS, blank=True, default="", db_default="")
    problem = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="Why there was no answer."
    )
    created = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [models.UniqueConstraint(fields=["webhook", "key"], name="webhooks_delivery_once")]
        indexes = [
            models.Index(fields=["next_try"], name="webhooks_delivery_due", condition=Q(next_try__isnull=False)),
            models.Index(fields=["webhook", "-created", "-id"], name="webhooks_delivery_log"),
            models.Index(fields=["created"], name="webhooks_delivery_created"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.id}"

    @property
    def event_label(self) -> str:
        """What it tells, for people."""
        return _("Test") if self.event == PING else str(Event(self.event).label)


def _new_secret() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
