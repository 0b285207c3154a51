"""The places in a worker where faults can be put, by their names: read without loading what the worker loads."""

from __future__ import annotations

POINTS = (
    "claim inside", "claim after", "progress", "checkpoint before", "checkpoint inside", "checkpoint after",
    "preview before", "preview after", "publish before", "publish inside", "publish after", "file before rename",
    "report before",
)  # fmt: skip
