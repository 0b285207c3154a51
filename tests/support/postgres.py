"""A pytest plugin: a real PostgreSQL for the suite, started before Django reads its settings.

``DATABASE_URL`` in the environment is used instead when it is set. Two suites at once need two folders:
``STARWORD_TEST_FOLDER`` names another.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.database import EmbeddedDatabase

FOLDER = Path(os.environ.get("STARWORD_TEST_FOLDER") or Path(__file__).resolve().parents[2] / "var" / "test")
_database: EmbeddedDatabase | None = None

if not os.environ.get("DATABASE_URL"):
    _database = EmbeddedDatabase(FOLDER / "postgres")
    os.environ["DATABASE_URL"] = _database.start()
    # The suite's data may be lost in a power cut.
    _database.execute("ALTER SYSTEM SET synchronous_commit = off; ALTER SYSTEM SET fsync = off;")
    _database.execute("SELECT pg_reload_conf()")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    if _database is not None:
        _database.stop()
