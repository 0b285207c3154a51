"""How a benchmark prints a result."""

from __future__ import annotations

import json
from typing import Any


def report(name: str, **values: Any) -> None:
    """Print one result."""
    print(json.dumps({"benchmark": name, **values}), flush=True)
