"""Starword's client: search, download, upload and train on a hub for textual-inversion embeddings.

>>> from starword import Hub
>>> with Hub("https://hub.example", token="sw_…") as hub:
...     for embedding in hub.search("kite", base="sdxl", limit=10):
...         print(embedding.place, embedding.token)
"""

from __future__ import annotations

from starword.errors import (
    BadAnswer,
    BadUsage,
    HashMismatch,
    JobCancelled,
    JobFailed,
    NotAllowed,
    NotFound,
    Refused,
    StarwordError,
    TakenDown,
    Unreachable,
)
from starword.hub import Downloaded, Hub
from starword.models import Embedding, File, Job, Match, Version
from starword.tools import TOOLS, Tool

__all__ = [
    "TOOLS",
    "BadAnswer",
    "BadUsage",
    "Downloaded",
    "Embedding",
    "File",
    "HashMismatch",
    "Hub",
    "Job",
    "JobCancelled",
    "JobFailed",
    "Match",
    "NotAllowed",
    "NotFound",
    "Refused",
    "StarwordError",
    "TakenDown",
    "Tool",
    "Unreachable",
    "Version",
]
