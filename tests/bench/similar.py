"""Similar embeddings among ten thousand of one base family, beside numpy with all of them in memory. One JSON object a line."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from hub.database import EmbeddedDatabase
from tests.bench.report import report

COUNT = 10_000
#: Base families and the numbers of their directions.
WIDTHS = {"sd1": 768, "sdxl": 768 + 1280}
#: Looks, each from another embedding; the middle one counts.
REPEATS = 15


@contextmanager
def database() -> Iterator[None]:
    """A server of its own with the hub's schema, which Django is set up for."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedDatabase(Path(folder) / "postgres")
        os.environ |= {"HUB_VAR": folder, "DATABASE_URL": server.start(), "DJANGO_SETTINGS_MODULE": "hub.settings"}
        try:
            import django
            from django.core.management import call_command
            from django.db import connection

            django.setup()
            call_command("migrate", verbosity=0)
            yield
            connection.close()
        finally:
            server.stop()
            del os.environ["DATABASE_URL"], os.environ["HUB_VAR"]


def fill(base: str, directions: np.ndarray) -> list[int]:
    """Store an embedding with each of the directions; return their keys."""
    from hub.accounts.models import User
    from registry.models import Direction, Embedding, Version

    owner, _ = User.objects.get_or_create(username="bench")
    first = 2 * Embedding.objects.count() + 1  # embeddings and versions share their numbers
    said = {"owner": owner, "kind": "object", "base": base, "license": "mit", "visibility": "public"}
    embeddings = Embedding.objects.bulk_create(
        Embedding(pk=first + number, name=f"{base}-{number}", title="x", token=f"<x{number}>", **said)
        for number in range(len(directions))
    )
    versions = Version.objects.bulk_create(
        Version(pk=item.pk + COUNT, embedding=item, number=1, vectors=1, encoders=[], norms={}) for item in embeddings
    )
    Direction.objects.bulk_create(
        [
            Direction(embedding=item, version=version, base=base, width=len(direction), vector=direction)
            for item, version, direction in zip(embeddings, versions, directions, strict=True)
        ],
        batch_size=500,
    )
    return [item.pk for item in embeddings]


def middle(look: Callable[[int], object]) -> float:
    """Middle seconds of looks from several embeddings."""
    seconds = []
    for number in range(REPEATS):
        begun = time.perf_counter()
        look(number)
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def main() -> None:
    """Measure each family."""
    with database():
        from django.contrib.auth.models import AnonymousUser
        from django.db import connection

        from registry.models import Embedding
        from registry.similarity import SHOWN, similar_to

        for base, width in WIDTHS.items():
            directions = np.random.default_rng(0).normal(0.01, 0.03, (COUNT, width))  # alike enough to be shown
            directions = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).astype(np.float32)
            keys = fill(base, directions)
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
            shown = [Embedding.objects.get(pk=key) for key in keys[:REPEATS]]
            ours = middle(lambda number, shown=shown: similar_to(shown[number], AnonymousUser()))
            beside = middle(lambda number, all=directions: np.argpartition(-(all @ all[number]), SHOWN)[:SHOWN])
            report("similar", base=base, width=width, embeddings=COUNT, milliseconds=round(ours * 1000, 1),
                   numpy_milliseconds=round(beside * 1000, 1), ratio_to_numpy=round(ours / beside, 1))  # fmt: skip
