"""What a version's vectors mean: the words nearest to each, its length beside theirs, and what follows from that.

A worker computes the numbers where a base model of the family is installed (:mod:`training.reading`), one
:class:`Reading` a version; this module tells which versions wait for one, keeps it, and puts it into words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from registry.models import Embedding, Reading, Version, Vocabulary

#: A file that could not be read is tried again so long after: it may have come back from a backup.
TRY_AGAIN_AFTER = timedelta(days=1)
#: Times the median length of a word from which on a vector may drown out the words around it.
LOUD = 2.0
#: Times the median length of a word below which a vector may hardly be heard.
QUIET = 0.5
#: Per cent of all words from which on a vector counts as long, and below which as short.
LONG, SHORT = 99.0, 1.0
#: A vector within this share of the median is as long as a usual word, however alike all words are.
USUAL = 0.05
#: Cosine with a word from which on a vector is that word, is close to it, or leans towards it.
SAME, CLOSE, LEANING = 0.95, 0.6, 0.35


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector beside the words of a text encoder."""

    number: int  #: from 1
    norm: float
    percentile: float  #: per cent of the words that are shorter
    nearest: Sequence[tuple[str, float]]  #: words and their cosines, nearest first
    median_norm: float  #: of the words

    @property
    def sentences(self) -> list[str]:
        """What direction and length say, each in one sentence."""
        return [self._direction(), self._length()]

    @property
    def times(self) -> float:
        """How many times as long as a usual word."""
        return self.norm / self.median_norm if self.median_norm else 1.0

    @property
    def is_usual(self) -> bool:
        """Whether it is as long as a usual word; where all words are alike, a percentile says nothing."""
        return abs(self.times - 1) <= USUAL

    def _direction(self) -> str:
        word, cosine = next(iter(self.nearest), ("", 0.0))
        if cosine >= SAME:
            return _("It is almost exactly the word “%(word)s”.") % {"word": word}
        if cosine >= CLOSE:
            return _("It is close to the word “%(word)s”.") % {"word": word}
        if cosine >= LEANING:
            return _("It leans towards “%(word)s”, and means something of its own.") % {"word": word}
        return _("It is like no word of the vocabulary: what it means was learned anew.")

    def _length(self) -> str:
        told = {"times": number_format(round(self.times, 1), 1), "percent": number_format(self.percentile, 0)}
        if self.times >= LOUD:
            return _("At %(times)s times the length of a usual word, it may drown out the rest of the prompt.") % told
        if self.times <= QUIET:
            return _("At %(times)s times the length of a usual word, it may hardly be heard beside others.") % told
        if self.is_usual:
            return _("It is as long as a usual word.")
        if self.percentile >= LONG:
            return _("It is longer than %(percent)s %% of the words: it weighs more than they do.") % told
        if self.percentile <= SHORT:
            return _("It is shorter than almost all words: it weighs less than they do.")
        return _("It is longer than %(percent)s %% of the words, which is usual.") % told


@dataclass(frozen=True, slots=True)
class Encoder:
    """The vectors for one text encoder."""

    name: str
    words: int
    vectors: Sequence[Vector]


def unread(base: str, source: str) -> QuerySet[Version]:
    """Versions of a base family that have no reading made by ``source``, the newest first."""
    again = Q(reading__problem=Reading.Problem.UNREADABLE, reading__made__lt=Now() - TRY_AGAIN_AFTER)
    without = Q(reading=None) | ~Q(reading__source=source) | again
    return Version.objects.filter(without, embedding__base=base).order_by("-pk")


def keep(
    version: int, *, source: str, title: str, encoders: Sequence[dict[str, Any]], problem: str = ""
) -> Reading | None:
    """Keep the reading of a version, over one that is there; None where the version was deleted meanwhile.

    Two workers that read the same version write the same.
    """
    if not Version.objects.filter(pk=version).select_for_update(no_key=True).exists():
        return None
    values = {"source": source, "title": title, "encoders": list(encoders), "problem": problem, "made": Now()}
    return Reading.objects.update_or_create(version_id=version, defaults=values)[0]


def encoders_of(reading: Reading) -> Iterator[Encoder]:
    """A reading's text encoders, as pages and the API tell them."""
    for encoder in reading.encoders:
        vectors = [
            Vector(
                number,
                vector["norm"],
                vector["percentile"],
                [(word, cosine) for word, cosine in vector["nearest"]],
                encoder["median_norm"],
            )
            for number, vector in enumerate(encoder["vectors"], 1)
        ]
        yield Encoder(encoder["name"], encoder["words"], vectors)


def state_of(embedding: Embedding, reading: Reading | None) -> str:
    """``ready``, ``waiting`` for a worker, ``no_base`` where no base model of the family is installed, or the problem."""
    if reading is not None:
        return reading.problem or "ready"
    return "waiting" if Vocabulary.objects.filter(base=embedding.base).exists() else "no_base"


def for_page(embedding: Embedding, version: Version) -> dict[str, Any]:
    """What ``registry/_meaning.html`` shows, as ``meaning``: ``state``, and where it is ``ready`` ``reading`` and ``encoders``."""
    reading = Reading.objects.filter(version=version).first()
    state = state_of(embedding, reading)
    encoders = list(encoders_of(reading)) if reading and state == "ready" else []
    shown = {"state": state, "reading": reading, "encoders": encoders, "family": embedding.get_base_display()}
    return {"meaning": shown}
