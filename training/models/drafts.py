"""Drafts of training jobs: what a person has gathered in the wizard before it is submitted."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

from registry.fields import BlobField
from registry.models import MAX_TOKEN_CHARACTERS
from training.inversion.config import MAX_CAPTION_CHARACTERS
from training.models.bases import BaseModel
from training.models.jobs import DepictsPerson, Job, Preset


class TrainingDraft(models.Model):
    """A job that is being put together, for its owner's eyes only. Once submitted it only leads to its job."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="training_drafts")
    base = models.ForeignKey(BaseModel, on_delete=models.CASCADE, related_name="drafts")
    job = models.OneToOneField(
        Job, null=True, blank=True, on_delete=models.CASCADE, related_name="draft", help_text="What it became."
    )
    name = models.CharField(max_length=64, blank=True)
    token = models.CharField(max_length=MAX_TOKEN_CHARACTERS, blank=True)
    kind = models.CharField(max_length=16, choices=Job.Kind.choices, default=Job.Kind.OBJECT)
    initialiser = models.CharField(max_length=200, blank=True)
    vectors = models.IntegerField(null=True, blank=True)
    preset = models.CharField(max_length=16, choices=Preset.choices, default=Preset.BALANCED)
    steps = models.IntegerField(null=True, blank=True)
    seed = models.IntegerField(default=0)
    depicts_person = models.CharField(max_length=16, choices=DepictsPerson.choices, blank=True)
    created = models.DateTimeField(db_default=Now())
    touched = models.DateTimeField(db_default=Now(), help_text="When it was changed last; it expires some days later.")

    class Meta:
        ordering = ["-touched"]
        indexes = [models.Index(fields=["touched"], name="training_draft_touched")]

    def __str__(self) -> str:
        return f"draft {self.pk} ({self.name or self.token or 'unnamed'})"

    def get_absolute_url(self) -> str:
        return reverse("training:draft", args=[self.pk])

    @property
    def is_submitted(self) -> bool:
        """Whether it has become a job."""
        return self.job_id is not None


class DraftImage(models.Model):
    """A picture of a draft, with the square that is to be cut out of it, and what was measured there."""

    draft = models.ForeignKey(TrainingDraft, on_delete=models.CASCADE, related_name="images")
    position = models.IntegerField()
    blob = BlobField(owner="draft__owner", help_text="SHA-256 and storage key of the PNG: upright, metadata stripped.")
    width = models.IntegerField()
    height = models.IntegerField()
    size = models.IntegerField(help_text="Bytes of the PNG.")
    filename = models.CharField(max_length=255)
    caption = models.CharField(max_length=MAX_CAPTION_CHARACTERS, blank=True)
    crop_x = models.IntegerField(null=True, blank=True, help_text="Pixels from the left edge of the square to cut out.")
    crop_y = models.IntegerField(null=True, blank=True)
    crop_size = models.IntegerField(null=True, blank=True)
    measures = models.JSONField(help_text="What the checks look at, of what is left after cutting.")
    thumbnail = models.BinaryField(help_text="WebP of the square that the trainer will see.")

    class Meta:
        ordering = ["position"]

    @property
    def crop(self) -> tuple[int, int, int] | None:
        """Left edge, upper edge and side of the square to cut out; None where the whole picture is taken."""
        return None if self.crop_size is None else (self.crop_x or 0, self.crop_y or 0, self.crop_size)

    @property
    def seen_size(self) -> tuple[int, int]:
        """Width and height in pixels of what is left after cutting."""
        return (self.width, self.height) if self.crop_size is None else (self.crop_size, self.crop_size)

    @property
    def version(self) -> str:
        """Different whenever what is left of the picture is, for addresses that are kept by browsers."""
        return "-".join([self.blob[:12], *map(str, self.crop or ())])
