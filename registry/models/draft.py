"""An upload that is not published yet: kept until its owner publishes it, discards it or leaves it for too long."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from registry.fields import BlobField
from registry.models.version import PICTURE_DIGEST_CHARACTERS

#: How long a draft is kept after its last change.
KEPT = timedelta(days=14)


class UploadDraft(models.Model):
    """What one account is about to publish. There is one, however many tabs show it."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="upload_draft")
    said = models.JSONField(default=dict, help_text="{field: value} of what is the same for all its embeddings.")
    published = models.JSONField(
        default=list, help_text="[[card, embedding]] of the last time that something was published from it."
    )
    touched = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"draft of {self.owner.username}"

    @property
    def kept_until(self) -> datetime:
        """When it is deleted unless it changes before."""
        return self.touched + KEPT


class DraftFile(models.Model):
    """A file of a draft that may become an embedding. One that nothing can be made of is not kept."""

    draft = models.ForeignKey(UploadDraft, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=255)
    blob = BlobField(owner="draft__owner", help_text="SHA-256 and storage key of the file.")
    size = models.IntegerField(help_text="Bytes.")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["draft", "blob"], name="registry_draft_file_once")]

    def __str__(self) -> str:
        return self.name


class DraftCard(models.Model):
    """One embedding of a draft, or a file that could not be read."""

    draft = models.ForeignKey(UploadDraft, on_delete=models.CASCADE, related_name="cards")
    files = models.ManyToManyField(DraftFile, related_name="cards", help_text="What it is read from, together.")
    label = models.CharField(max_length=300, help_text="What it is called until it has a title.")
    part = models.IntegerField(default=0, help_text="Which of the embeddings in its files it is.")
    role = models.CharField(max_length=16, blank=True, help_text="Positive or negative of a pair.")
    told = models.JSONField(default=dict, help_text="What its files say; see registry.upload.recognition.tell.")
    code = models.CharField(max_length=40, blank=True, help_text="Why it could not be read, for programs.")
    problem = models.TextField(blank=True, help_text="Why it could not be read, for people.")
    said = models.JSONField(default=dict, help_text="{field: value} of what its owner says of it, unchecked.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.label

    @property
    def anchor(self) -> str:
        """The id of its element on the page, and the prefix of its fields."""
        return f"card-{self.pk}"


class DraftPicture(models.Model):
    """A preview of a draft, stored as it will be shown; without a card until somebody says whose it is."""

    draft = models.ForeignKey(UploadDraft, on_delete=models.CASCADE, related_name="pictures")
    card = models.ForeignKey(DraftCard, on_delete=models.CASCADE, null=True, related_name="pictures")
    name = models.CharField(max_length=255)
    names = models.JSONField(default=list, help_text="Embeddings that its name and text speak of, in lower case.")
    blob = BlobField(owner="draft__owner", help_text="SHA-256 and storage key of the WebP picture.")
    size = models.IntegerField(help_text="Bytes of the picture.")
    width = models.IntegerField()
    height = models.IntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["card", "blob"], name="registry_draft_picture_once"),
            models.UniqueConstraint(
                fields=["draft", "blob"], condition=Q(card=None), name="registry_draft_loose_picture_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("registry:draft-picture", args=[self.pk, self.blob[:PICTURE_DIGEST_CHARACTERS]])
