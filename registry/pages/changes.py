"""What changed from one version to the next, told from their rows and their numbers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from registry import storage
from registry.formats import FormatError, inspect
from registry.models import Version

logger = logging.getLogger(__name__)

#: Pairs of files whose likeness is remembered; files never change, so it never grows stale.
_REMEMBERED = 4096
#: Newest versions whose numbers are compared on a page: each costs a look into the storage the first time.
MAX_COMPARED = 24


@dataclass(frozen=True, slots=True)
class Step:
    """A number in the version before and in this one."""

    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Change:
    """A version and what is different from the one before it; None where nothing is, or where one of the two does not say."""

    version: Version
    before: Version | None
    vectors: Step | None = None
    norm: Step | None = None  #: mean norm of the vectors
    cosine: float | None = None  #: between the mean vectors; 1 is the same direction
    steps: Step | None = None
    images: Step | None = None
    other_base: bool = False  #: trained on other weights

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known to be different."""
        found = (self.vectors, self.norm, self.cosine, self.steps, self.images)
        return all(item is None for item in found) and not self.other_base


def changes(versions: Sequence[Version]) -> list[Change]:
    """Return what each of an embedding's versions changed, newest first as they are given. Costs no query."""
    return [
        _change(version, before, compare_numbers=place < MAX_COMPARED)
        for place, (version, before) in enumerate(zip(versions, [*versions[1:], None], strict=True))
    ]


def _change(version: Version, before: Version | None, *, compare_numbers: bool) -> Change:
    if before is None:
        return Change(version, None)
    now, then = version.receipt or {}, before.receipt or {}
    prints = [receipt.get("base", {}).get("fingerprint") for receipt in (then, now)]
    return Change(
        version,
        before,
        vectors=_step(before.vectors, version.vectors),
        norm=_step(round(_mean_norm(before), 3), round(_mean_norm(version), 3)),
        cosine=likeness(before.blob, version.blob) if compare_numbers else None,
        steps=_step(then.get("steps"), now.get("steps")),
        images=_step(then.get("images"), now.get("images")),
        other_base=all(prints) and prints[0] != prints[1],
    )


def _step(before: Any, now: Any) -> Step | None:
    """The change of a number; receipts are free-form, so anything else is no number."""
    if not all(isinstance(value, int | float) for value in (before, now)) or before == now:
        return None
    return Step(before, now)


def _mean_norm(version: Version) -> float:
    return float(np.mean([norm for norms in version.norms.values() for norm in norms] or [0.0]))


@lru_cache(maxsize=_REMEMBERED)
def likeness(one: str, other: str) -> float | None:
    """Return the cosine between the mean vectors of two canonical files, named by their blobs.

    The means of all text encoders are laid end to end. None where encoders or widths differ, or a file cannot be read.
    """
    try:
        first, second = (inspect(storage.read(blob)).encoders for blob in (one, other))
    except (storage.BlobMissing, FormatError):
        logger.exception("The versions %s and %s cannot be compared.", one, other)
        return None
    if [(e.name, e.shape[1]) for e in first] != [(e.name, e.shape[1]) for e in second]:
        return None
    a, b = (np.concatenate([e.vectors.mean(axis=0, dtype=np.float64) for e in side]) for side in (first, second))
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths else None
