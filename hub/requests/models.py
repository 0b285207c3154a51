"""Answers that are given again, and what is left of rates."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Answer(models.Model):
    """What a request with an ``Idempotency-Key`` made, written in the transaction that made it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the key.")
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of what was asked for.")
    status = models.PositiveSmallIntegerField()
    location = models.CharField(max_length=300, blank=True)
    body = models.BinaryField(help_text="JSON, sealed with the key itself: it may hold a secret that is shown once.")
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "digest"], name="requests_answer_once")]
        indexes = [models.Index(fields=["created"], name="requests_answer_created")]

    def __str__(self) -> str:
        return f"{self.status} for {self.owner_id}"


class Rate(models.Model):
    """How far ahead of its allowance somebody is. The table is not logged: after a crash everybody begins anew."""

    key = models.CharField(max_length=80, primary_key=True, help_text="A token, an account or an address.")
    spent_until = models.DateTimeField(help_text="When all that was spent has come back.")

    def __str__(self) -> str:
        return self.key
