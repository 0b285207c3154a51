"""The secret key of a run that has none configured: made once and kept readable by its owner only."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

#: Characters of randomness; Django warns below 50.
KEY_CHARACTERS = 64


def secret_key(path: Path) -> str:
    """Return the key kept in ``path``, making it on first use. Processes and threads that race agree on one key."""
    if not path.exists():
        _make(path)
    return path.read_text(encoding="utf-8")


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # for its owner alone
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(KEY_CHARACTERS)[:KEY_CHARACTERS])
        os.link(temporary, path)  # fails when another was first, unlike a rename
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink()
