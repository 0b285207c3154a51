"""Base models: what words are taught to."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from registry.models import FAMILY_CHOICES


class BaseModel(models.Model):
    """A frozen diffusion model that words are taught to."""

    slug = models.SlugField(unique=True, help_text="Name in addresses and requests, e.g. pocket.")
    title = models.CharField(max_length=120)
    family = models.CharField(max_length=16, choices=FAMILY_CHOICES)
    source = models.CharField(max_length=300, help_text="Folder, hub name, or the word pocket for the built-in one.")
    widths = ArrayField(
        models.IntegerField(),
        default=list,
        db_default=[],
        help_text="Numbers of an input vector, for each text encoder.",
    )
    prediction_type = models.CharField(max_length=16, blank=True, db_default="", help_text="epsilon or v_prediction.")
    resolution = models.IntegerField(help_text="Pixels of one side of a training picture.")
    fingerprint = models.CharField(
        max_length=64, blank=True, db_default="", help_text="SHA-256 over the weights; jobs refuse any others."
    )
    description = models.TextField(blank=True)
    license = models.CharField("licence", max_length=80, blank=True)
    defaults = models.JSONField(default=dict, help_text="InversionConfig settings that differ from the engine's.")
    preview_prompts = models.JSONField(default=dict, help_text='{"object": [...], "style": [...]}, {} for the word.')
    enabled = models.BooleanField(default=True, help_text="Whether new jobs may choose it.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.title
