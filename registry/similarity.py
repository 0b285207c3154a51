"""Embeddings that are like another: nearest by the direction of their numbers, among those of the same base family.

Each version's vectors become one direction: every vector is brought to length 1, so that a long one says no more than a
short one, and their mean is brought to length 1 for each text encoder; those of all text encoders stand side by side. The
order of vectors makes no difference, nor does their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from pgvector.django import MaxInnerProduct

from registry.formats import Encoder
from registry.models import Direction, Embedding, Version

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User

#: Raise it when directions are computed otherwise: versions indexed before are then indexed again.
REVISION = 1
#: Embeddings that are shown: a row of cards.
SHOWN = 6
#: Most that may be asked for.
MAX_SHOWN = 24
#: Cosine below which two embeddings have no more in common than any two: nothing is shown rather than anything.
LEAST_COSINE = 0.2
#: Cosine from which on the numbers are nearly the same: a copy that was rounded, scaled or trained a little further.
NEARLY_THE_SAME = 0.99
#: What is shorter than this points nowhere.
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Similar:
    """An embedding and how like another it is."""

    embedding: Embedding
    cosine: float  #: of the two directions, at most 1

    @property
    def nearly_the_same(self) -> bool:
        """Whether the numbers may be those of a copy."""
        return self.cosine >= NEARLY_THE_SAME

    @property
    def note(self) -> str:
        """What its card says of the likeness."""
        if self.nearly_the_same:
            return _("Nearly the same numbers")
        return _("Cosine %(cosine)s") % {"cosine": number_format(round(self.cosine, 2), 2)}


def direction_of(encoders: Sequence[Encoder]) -> np.ndarray | None:
    """The direction float64 [width of all encoders] of length 1; None where the vectors point nowhere."""
    parts = [_unit(np.mean([_unit(row) for row in encoder.vectors.astype(np.float64)], axis=0)) for encoder in encoders]
    whole = _unit(np.concatenate(parts))
    return whole if whole.any() else None


def _unit(vector: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vector)
    return vector / length if length > _TINY else np.zeros_like(vector)


def index(version: Version, encoders: Sequence[Encoder]) -> None:
    """Keep where a version points if it is its embedding's newest. Part of the transaction around it."""
    # Locked, since another version may be on its way: the older of two must not be written last.
    embedding = Embedding.objects.select_for_update(no_key=True, of=["self"]).get(pk=version.embedding_id)
    if embedding.versions.filter(number__gt=version.number).exists():
        return
    direction = direction_of(encoders)
    if direction is None:
        Direction.objects.filter(embedding=embedding).delete()
        return
    values = {"version": version, "base": embedding.base, "width": len(direction), "vector": direction}
    Direction.objects.update_or_create(embedding=embedding, defaults=values)


def similar_to(
    embedding: Embedding,
    user: User | AnonymousUser,
    *,
    explicit: bool = False,
    limit: int = SHOWN,
    details: bool = False,
) -> list[Similar]:
    """The embeddings most like one, best first, of those that lists show to ``user``: with cards or, if asked, with details.

    Those rated explicit are among them only where the reader chose to have them listed.

    Compared are the newest versions, of the same base family and the same text encoders. The queries are as many whatever
    the rows.
    """
    own = Direction.objects.filter(embedding=embedding).first()
    if own is None:
        return []
    near = (
        Embedding.objects.listed_for(user, explicit=explicit)
        .filter(direction__base=own.base, direction__width=own.width)
        .exclude(pk=embedding.pk)
        .annotate(
            distance=MaxInnerProduct("direction__vector", own.vector)
        )  # the cosine's negative: both are of length 1
        .order_by("distance", "pk")
    )
    near = near.with_details() if details else near.with_cards()
    found = [Similar(item, -item.distance) for item in near[: min(limit, MAX_SHOWN)]]
    return [item for item in found if item.cosine >= LEAST_COSINE]


def for_page(embedding: Embedding, user: User | AnonymousUser, *, explicit: bool) -> dict[str, Any]:
    """What ``registry/_similar.html`` shows: ``similar``, which may be empty."""
    return {"similar": similar_to(embedding, user, explicit=explicit)}
