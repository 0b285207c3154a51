"""Writing files whole or not at all. Imports no torch."""

from __future__ import annotations

from pathlib import Path


def temporary_for(path: Path) -> Path:
    """The name beside a file under which it is written until it is whole."""
    return path.with_name(path.name + ".tmp")


def write_whole(path: Path, data: bytes) -> None:
    """Write under another name and move into place, so that a crash or a full disk leaves no half file."""
    temporary = temporary_for(path)
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
