"""Dates as other hubs write them."""

from __future__ import annotations

from datetime import UTC, datetime


def written(moment: datetime) -> str:
    """In UTC with milliseconds and Z: some clients read nothing else."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
