"""Accounts and API tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hub.accounts.names import validate_owner_name

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

#: ``last_used`` is written at most this often, so that a busy token costs no write per request.
LAST_USED_RESOLUTION = timedelta(minutes=5)
TOKEN_PREFIX = "sw_"
#: Tokens of one account; beyond that somebody forgets to revoke.
MAX_TOKENS = 50
MAX_DISPLAY_NAME_CHARACTERS = 60
#: A few sentences under a name; what is longer belongs on a page of one's own.
MAX_BIO_CHARACTERS = 1_000
#: 32 random bytes: beyond guessing, so a plain SHA-256 is enough to store it by.
TOKEN_BYTES = 32


class RetiredName(models.Model):
    """A user name whose account was deleted. Nobody gets it again: links and files out there still mean the former owner."""

    name = models.CharField(max_length=64, primary_key=True)
    retired = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


def validate_not_retired(value: str) -> None:
    """Raise ``ValidationError`` for the name of an account that was deleted."""
    if RetiredName.objects.filter(name=value).exists():
        raise ValidationError(_("This user name is taken; choose another."), code="unique")


class User(AbstractUser):
    """A person. The user name is the owner part of every address below it, so it is a slug."""

    username = models.CharField(
        _("user name"),
        max_length=64,
        unique=True,
        validators=[validate_owner_name, validate_not_retired],
        help_text=_("3 to 64 lower-case letters, digits, hyphens or underscores. It is part of your pages' addresses."),
        error_messages={"unique": _("This user name is taken; choose another.")},
    )
    preferences = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        editable=False,
        help_text="What hub.preferences lets people choose, taken along to each browser they sign in with.",
    )
    megabytes = models.PositiveIntegerField(
        "megabytes allowed",
        null=True,
        blank=True,
        help_text="Of stored files. Empty for what the hub allows everybody.",
    )
    display_name = models.CharField(max_length=MAX_DISPLAY_NAME_CHARACTERS, blank=True, default="", db_default="")
    bio = models.TextField(max_length=MAX_BIO_CHARACTERS, blank=True, default="", db_default="", help_text="Markdown.")
    bio_html = models.TextField(blank=True, default="", db_default="", editable=False)
    likes_hidden = models.BooleanField(
        default=False, db_default=False, help_text="Whether nobody else sees what this account likes."
    )
    mails_notices = models.BooleanField(default=True, db_default=True, help_text="Whether notices are mailed too.")

    def get_absolute_url(self) -> str:
        return f"/{self.username}"

    @property
    def shown_name(self) -> str:
        """What people call the account: its display name, else its user name."""
        return self.display_name or self.username

    def shows_likes_to(self, reader: User | AnonymousUser) -> bool:
        """Whether ``reader`` may see what the account likes."""
        return not self.likes_hidden or self == reader

    def choose_mails(self, wanted: bool) -> None:
        """Have notices mailed too, or not."""
        self.mails_notices = wanted
        self.save(update_fields=["mails_notices"])

    def lock(self) -> None:
        """Let one transaction of an account through at a time, so that its limits hold exactly."""
        User.objects.select_for_update(no_key=True).get(pk=self.pk)


class Scope(models.TextChoices):
    """What a token may do."""

    READ = "read", _("Read: see and download what you may see")
    WRITE = "write", _("Write: upload and edit embeddings and collections, change your profile and preferences")
    TRAIN = "train", _("Train: submit and cancel training jobs")
    ADMIN = "admin", _("Admin: list, make and revoke your tokens, manage your webhooks, download all your data")


class TooManyTokens(Exception):
    """The account has as many tokens as it may have."""

    def __init__(self) -> None:
        self.message = gettext("You have %(count)d tokens. Revoke one that you no longer use.") % {"count": MAX_TOKENS}
        super().__init__(self.message)


class ApiToken(models.Model):
    """A bearer token. Only its SHA-256 is stored; the token itself is shown once."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=12, editable=False, help_text="First characters, to tell tokens apart.")
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope.choices))
    created = models.DateTimeField(auto_now_add=True)
    last_used = models.DateTimeField(null=True, blank=True)
    expires = models.DateTimeField(null=True, blank=True, help_text="When it stops to work; empty for never.")

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @staticmethod
    def digest_of(token: str) -> str:
        """Return what a token is stored and found by."""
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    @transaction.atomic
    def issue(cls, *, owner: User, name: str, scopes: list[str], expires: datetime | None = None) -> tuple[Self, str]:
        """Create a token and return it with its secret, which is not stored; raise :class:`TooManyTokens`."""
        owner.lock()
        if cls.objects.filter(owner=owner).count() >= MAX_TOKENS:
            raise TooManyTokens
        secret = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        token = cls.objects.create(
            owner=owner,
            name=name,
            scopes=scopes,
            digest=cls.digest_of(secret),
            hint=secret[: len(TOKEN_PREFIX) + 4],
            expires=expires,
        )
        return token, secret

    @property
    def is_expired(self) -> bool:
        """Whether it has stopped to work by itself."""
        return self.expires is not None and self.expires <= timezone.now()

    def covers(self, *, scopes: list[str], expires: datetime | None) -> bool:
        """Whether another token could do nothing more than this one, and no longer."""
        longer = self.expires is not None and (expires is None or expires > self.expires)
        return set(scopes) <= set(self.scopes) and not longer

    def touch(self) -> None:
        """Remember that the token was used now, within :data:`LAST_USED_RESOLUTION`."""
        now = timezone.now()
        if self.last_used is None or now - self.last_used > LAST_USED_RESOLUTION:
            type(self).objects.filter(pk=self.pk).update(last_used=now)


class Notice(models.Model):
    """Something that a person should hear of: shown in the pages, and mailed where mail is configured."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    key = models.CharField(max_length=80, help_text="What it is about; a person hears of each thing once.")
    text = models.CharField(max_length=300)
    url = models.CharField(max_length=200, help_text="Path of the page that tells more.")
    created = models.DateTimeField(db_default=Now())
    seen = models.DateTimeField(null=True, blank=True)
    mailed = models.DateTimeField(null=True, blank=True)
    mail_after = models.DateTimeField(
        null=True, db_default=Now(), editable=False, help_text="When to mail it, or to try again; empty for never."
    )

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="accounts_notice_once")]
        indexes = [
            models.Index(fields=["owner"], name="accounts_notice_unseen", condition=Q(seen=None)),
            models.Index(fields=["mail_after"], name="accounts_notice_due", condition=Q(mail_after__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.text
