"""What is kept of reports, of what was taken down, and of everything that staff did."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from registry.models.embedding import FAMILY_CHOICES, MAX_TOKEN_CHARACTERS, Embedding
from registry.models.reasons import LIGHT, MAX_STATEMENT_CHARACTERS, Reason

#: Characters of a report: what, where and why fits; evidence is linked to.
MAX_REPORT_CHARACTERS = 2_000
#: Characters of ``owner/name``, as addresses have them.
MAX_PATH_CHARACTERS = 129


class Report(models.Model):
    """Somebody says that something is wrong with an embedding."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        UPHELD = "upheld", _("Upheld")
        DISMISSED = "dismissed", _("Not upheld")

    embedding = models.ForeignKey(Embedding, on_delete=models.SET_NULL, null=True, related_name="reports")
    path = models.CharField(max_length=MAX_PATH_CHARACTERS, help_text=_("Where the embedding was: owner/name."))
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="reports")
    email = models.EmailField(blank=True, help_text=_("Of somebody without an account; deleted with the decision."))
    reason = models.CharField(max_length=32, choices=Reason.choices)
    text = models.TextField(blank=True, max_length=MAX_REPORT_CHARACTERS)
    created = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.OPEN)
    closed = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(
        max_length=MAX_STATEMENT_CHARACTERS, blank=True, help_text=_("What the reporter was told.")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["embedding", "reporter"], condition=Q(state="open"), name="registry_report_open_once"
            )
        ]
        indexes = [models.Index(fields=["state", "id"], name="registry_report_queue")]

    def __str__(self) -> str:
        return f"{self.path}: {self.get_reason_display()}"

    def get_absolute_url(self) -> str:
        return reverse("registry:staff-report", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether staff have yet to decide."""
        return self.state == self.State.OPEN

    @property
    def is_light(self) -> bool:
        """Whether the owner was told at once, who can mend it."""
        return self.reason in LIGHT


class Tombstone(models.Model):
    """What stays of an embedding that was taken down, so that its address, its word and its bytes do not come back."""

    embedding = models.IntegerField(help_text=_("The number that it had."))
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="tombstones")
    owner_name = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    token = models.CharField(max_length=MAX_TOKEN_CHARACTERS)
    base = models.CharField(max_length=16, choices=FAMILY_CHOICES)
    private = models.BooleanField(help_text=_("Whether it was a draft, of which nobody else is to know."))
    reason = models.CharField(max_length=32, choices=Reason.choices)
    text = models.CharField(
        max_length=MAX_STATEMENT_CHARACTERS, help_text=_("What its owner was told; nobody else reads it.")
    )
    created = models.DateTimeField(auto_now_add=True)
    lifted = models.DateTimeField(
        null=True, blank=True, help_text=_("Since when its name and its bytes may come back.")
    )

    class Meta:
        indexes = [
            models.Index(fields=["owner_name", "name"], name="registry_tombstone_path", condition=Q(lifted=None))
        ]

    def __str__(self) -> str:
        return f"{self.owner_name}/{self.name}"

    def get_absolute_url(self) -> str:
        return reverse("registry:embedding", args=[self.owner_name, self.name])


class BlockedHash(models.Model):
    """A hash of what was taken down: of its numbers, also rounded, and of the files it came from and was served as."""

    tombstone = models.ForeignKey(Tombstone, on_delete=models.CASCADE, related_name="hashes")
    kind = models.CharField(max_length=16, help_text=_("As those of a version."))
    value = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "blocked hashes"
        constraints = [
            models.UniqueConstraint(fields=["tombstone", "kind", "value"], name="registry_blocked_hash_once")
        ]
        indexes = [models.Index(fields=["value"], name="registry_blocked_hash_value")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class AuditEntry(models.Model):
    """Something that staff did. The database takes no change of one, nor a deletion within a year.

    Accounts are named by number without a constraint, so that neither a row changes nor an account stays when one is deleted.
    """

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    action = models.CharField(max_length=40, help_text=_("What was done, for example embedding.hide."))
    kind = models.CharField(max_length=60, help_text=_("What it was done to, for example registry.embedding."))
    key = models.CharField(max_length=64, help_text=_("The number or name of that."))
    label = models.CharField(max_length=200)
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        help_text=_("Whose it was."),
    )
    reason = models.CharField(max_length=32, choices=Reason.choices, blank=True)
    text = models.TextField(blank=True)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["kind", "key"], name="registry_audit_object"),
            models.Index(fields=["about"], name="registry_audit_about"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.label}"
