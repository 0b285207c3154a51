"""What is computed from a version's numbers: where they point, and what they mean beside a base model's own words."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from pgvector.django import HalfVectorField

from registry.models.embedding import FAMILY_CHOICES, Embedding
from registry.models.version import Version


class Direction(models.Model):
    """Where the vectors of an embedding's newest version point, whatever their lengths: what likeness is measured by."""

    embedding = models.OneToOneField(Embedding, on_delete=models.CASCADE, primary_key=True, related_name="direction")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+")
    base = models.CharField("base family", max_length=16, choices=FAMILY_CHOICES)
    width = models.IntegerField(help_text="Numbers of the direction, of all text encoders together.")
    vector = HalfVectorField(help_text="Of length 1.")

    class Meta:
        # None over the vectors themselves: pgvector's graphs lose what lies far from many copies of one thing, and to look
        # through all of a family takes some ten milliseconds for ten thousand embeddings.
        indexes = [models.Index(fields=["base", "width"], name="registry_direction_family")]


class Vocabulary(models.Model):
    """A base family whose words a worker of this hub could read: of these, versions get a reading."""

    base = models.CharField("base family", max_length=16, choices=FAMILY_CHOICES, primary_key=True)
    title = models.CharField(max_length=120, help_text="Of the base model that the words are from.")
    source = models.CharField(max_length=96, help_text="What readings with these words are made by.")
    words = models.IntegerField()

    class Meta:
        verbose_name_plural = "vocabularies"


class Reading(models.Model):
    """What a version's vectors mean beside the words of a base model, as a worker computed it."""

    class Problem(models.TextChoices):
        UNFIT = "unfit", "None of its vectors goes into a text encoder of the base model."
        UNREADABLE = "unreadable", "Its file could not be read."

    version = models.OneToOneField(Version, on_delete=models.CASCADE, primary_key=True, related_name="reading")
    title = models.CharField(max_length=120, help_text="Of the base model.")
    source = models.CharField(max_length=96, help_text="What it was made by: others make it anew.")
    encoders = models.JSONField(help_text="[{name, words, median_norm, vectors: [{norm, percentile, nearest}]}].")
    problem = models.CharField(max_length=16, choices=Problem.choices, blank=True, default="", db_default="")
    made = models.DateTimeField(db_default=Now())
