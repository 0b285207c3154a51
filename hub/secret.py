"""The secret key of a run that has none configured: made once and kept readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

#: Characters of randomness; Django warns below 50.
KEY_CHARACTERS = 64


def secret_key(path: Path) -> str:
    """Return the key kept in ``path``, making it on first use. Two processes that race agree on one key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(KEY_CHARACTERS)[:KEY_CHARACTERS])
        try:
            os.link(temporary, path)  # fails when another process was first, unlike a rename
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_text(encoding="utf-8")
