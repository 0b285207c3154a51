"""Workers, what they keep house of, and what accounts may have of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Duty(models.Model):
    """When the workers' housekeeping did something last, so that it is done as often as it should whoever does it."""

    name = models.CharField(max_length=40, primary_key=True)
    begun = models.DateTimeField(null=True)


class Worker(models.Model):
    """A worker process, as it last said of itself."""

    name = models.CharField(max_length=80, primary_key=True)
    device = models.CharField(max_length=80, blank=True, help_text="What it trains on.")
    slots = models.IntegerField(help_text="Pictures in a pass.")
    started = models.DateTimeField(db_default=Now())
    seen = models.DateTimeField(db_default=Now(), help_text="When it was heard of last.")
    draining = models.BooleanField(
        default=False, db_default=False, help_text="It ends what it trains and takes no more jobs."
    )

    class Meta:
        ordering = ["-seen"]

    def __str__(self) -> str:
        return self.name


class Allowance(models.Model):
    """What staff allow one account, where that is not what the hub allows everybody. Empty fields are the hub's."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="allowance"
    )
    unfinished_jobs = models.PositiveIntegerField(null=True, blank=True, help_text="Jobs that wait or train.")
    running_jobs = models.PositiveIntegerField(null=True, blank=True, help_text="Jobs that train at one time.")
    minutes_a_day = models.PositiveIntegerField(null=True, blank=True, help_text="Worker minutes in 24 hours.")

    def __str__(self) -> str:
        return f"allowance of {self.owner}"
