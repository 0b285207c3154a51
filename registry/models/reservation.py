"""A name that is kept for its owner until there is an embedding under it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from hub.accounts.names import validate_embedding_name
from registry.models.embedding import Visibility


class Reservation(models.Model):
    """An empty repository, as clients of the Hugging Face protocol make one before they upload: seen by its owner alone.

    It is gone as soon as its owner has an embedding of that name, however that was made.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reservations")
    name = models.CharField(max_length=64, validators=[validate_embedding_name])
    visibility = models.CharField(max_length=16, choices=Visibility.choices, help_text="What the embedding will have.")
    card = models.TextField(blank=True, help_text="README.md, where it came before the embedding.")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="registry_reservation_path")]

    def __str__(self) -> str:
        return f"{self.owner.username}/{self.name}"
