"""What one process asks: rounds over all operations."""

from __future__ import annotations

import collections
import time
from typing import Any

import requests
import schemathesis
from schemathesis import Case, GenerationMode, Response

from tests.openapi.cases import probe

#: Requests of each kind to an operation in the first round.
ROUND = 20


def work(url: str, world: dict[str, Any], token: str, cases: int, until: float) -> dict[str, Any]:
    """Ask in rounds over all operations until enough was asked, time is up, or something was found."""
    statuses: collections.Counter[int] = collections.Counter()
    session = requests.Session()
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(case: Case) -> Response:
        response = case.call(base_url=url, session=session, headers=headers, timeout=60)
        statuses[response.status_code] += 1
        return response

    schema = schemathesis.openapi.from_url(f"{url}/api/hub/schema", headers={"Accept": "application/json"})
    operations = [result.ok() for result in schema.get_all_operations()]
    found: dict[str, str] = {}
    count = ROUND
    while statuses.total() < cases and time.monotonic() < until:
        for operation in operations:
            for mode in GenerationMode:
                key = f"{operation.label} {mode.value}"
                if (
                    key not in found
                    and time.monotonic() < until
                    and (told := probe(operation, mode, world["keys"], count, ask))
                ):
                    found[key] = told
        count *= 2  # derandomized: a longer round goes on where a shorter one ended
    return {"operations": len(operations), "statuses": dict(statuses), "found": list(found.values())}
