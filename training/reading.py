"""Reading what versions mean where a base model of their family is installed: the worker's part of :mod:`registry.meaning`.

Imports torch inside, since only workers do it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from registry import meaning, storage
from registry.formats import FormatError, inspect
from registry.models import Reading, Version, Vocabulary
from training.leases import worker_transaction
from training.models import BaseModel

log = logging.getLogger(__name__)

#: Raise it when readings are made otherwise: all are made anew then.
REVISION = 1
#: Words told of each vector.
NEAREST = 8
#: Versions read in one go: each takes milliseconds, and whatever else is to be done waits.
BATCH = 50
#: Base models whose files this process did not find; a worker that has them reads for all.
_missing: set[str] = set()


def read_waiting(stopping: Callable[[], bool] = lambda: False) -> int:
    """Read some of the versions that wait for it; return how many.

    Whatever is cut off was not written, and is found again by the next look, of whatever worker.
    """
    bases = list(_installed())
    Vocabulary.objects.exclude(base__in=[base.family for base in bases]).delete()
    return sum(_read_family(base, stopping) for base in bases if base.source not in _missing)


def source_of(base: BaseModel) -> str:
    """What readings with a base model's words are made by."""
    return f"{REVISION}:{base.fingerprint or base.slug}"


def _installed() -> Iterator[BaseModel]:
    """The first base model of each family."""
    seen = set()
    for base in BaseModel.objects.filter(enabled=True):
        if base.family not in seen:
            seen.add(base.family)
            yield base


def _read_family(base: BaseModel, stopping: Callable[[], bool]) -> int:
    source = source_of(base)
    waiting = list(meaning.unread(base.family, source).values_list("pk", flat=True)[:BATCH])
    known = Vocabulary.objects.filter(base=base.family, source=source, title=base.title).exists()
    if known and not waiting:
        return 0
    from training.inversion.errors import BaseUnavailable
    from training.inversion.vocabulary import Words, load_words

    try:
        words: tuple[Words, ...] = load_words(base.source)
    except BaseUnavailable as error:
        _missing.add(base.source)
        log.warning("%s is not used to read what embeddings mean: %s", base.slug, error.message)
        return 0
    told = {"title": base.title, "source": source, "words": max(len(each.texts) for each in words)}
    Vocabulary.objects.update_or_create(base=base.family, defaults=told)
    done = 0
    for key in waiting:
        if stopping():
            break
        done += _read_version(key, base, source, words)
    return done


def _read_version(key: int, base: BaseModel, source: str, words: tuple[Any, ...]) -> bool:
    version = Version.objects.filter(pk=key).first()
    if version is None:
        return False
    problem = ""
    try:
        encoders = _reading_of(version, words)
        problem = "" if encoders else Reading.Problem.UNFIT
    except (storage.BlobMissing, FormatError) as error:
        log.warning("Version %d: its file cannot be read (%r)", key, error)
        encoders, problem = [], Reading.Problem.UNREADABLE
    with worker_transaction():
        kept = meaning.keep(key, source=source, title=base.title, encoders=encoders, problem=problem)
    return kept is not None


def _reading_of(version: Version, words: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Plain JSON for each text encoder of the version that the base model has, told by its width."""
    from training.inversion.vocabulary import read

    by_width = {each.width: each for each in words}
    return [
        {
            "name": encoder.name,
            "words": len(by_width[width].texts),
            "median_norm": round(by_width[width].median_norm, 5),
            "vectors": read(by_width[width], encoder.vectors, count=NEAREST),
        }
        for encoder in inspect(storage.read(version.blob)).encoders
        if (width := encoder.vectors.shape[1]) in by_width
    ]
