"""What the three steps of the wizard share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from training.models import DraftImage, TrainingDraft
from training.wizard.drafts import expires, find_draft
from training.wizard.remarks import Report, report_on

#: The steps in their order, with the routes that show them.
STEPS: tuple[tuple[str, str | Promise], ...] = (
    ("draft-images", _("Images")),
    ("draft-concept", _("Concept")),
    ("draft-review", _("Review")),
)


@dataclass
class Work:
    """A draft, as the wizard's pages need it."""

    draft: TrainingDraft

    @classmethod
    def of(cls, request: HttpRequest, pk: int) -> Work:
        """The draft of that number, if it is the person's own."""
        return cls(find_draft(request.user, pk))

    @cached_property
    def images(self) -> list[DraftImage]:
        """Its pictures in their order."""
        return list(self.draft.images.defer("thumbnail"))

    @cached_property
    def report(self) -> Report:
        """What is said of them."""
        return report_on(self.draft, self.images)

    @property
    def first_open_step(self) -> str:
        """The route of the first step that still misses something; the last where none does."""
        if self.report.blocking:
            return "draft-images"
        return "draft-review" if self.draft.token and self.draft.initialiser and self.draft.name else "draft-concept"

    def context(self, step: str) -> dict[str, Any]:
        """What every step's page shows."""
        return {
            "draft": self.draft,
            "images": self.images,
            "steps": [(f"training:{route}", label, route == step) for route, label in STEPS],
            "expires": expires(self.draft),
        }
