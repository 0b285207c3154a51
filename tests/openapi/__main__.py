"""``python -m tests.openapi [--cases 20000] [--minutes 40]``: the long form, against a real server on loopback.

Prints one JSON object: requests, operations, seconds, statuses, and what was found. Fails where anything was.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import sys
import time

from tests.openapi.rounds import work
from tests.openapi.site import site

#: Things of each kind in the world: requests delete some.
THINGS = 30
PROCESSES = 2


def main() -> int:
    """Ask with a token and without, side by side."""
    parser = argparse.ArgumentParser(prog="python -m tests.openapi", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=40)
    options = parser.parse_args()
    with site(THINGS) as (url, world, log):
        begun = time.monotonic()
        jobs = [(url, world, token, options.cases // 2, begun + options.minutes * 60) for token in (world["token"], "")]
        with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
            told = pool.starmap(work, jobs)
        statuses = sum((collections.Counter(part["statuses"]) for part in told), collections.Counter())
        found = [finding for part in told for finding in part["found"]]
        print(json.dumps({
            "requests": statuses.total(), "operations": told[0]["operations"], "seconds": round(time.monotonic() - begun),
            "statuses": {str(status): statuses[status] for status in sorted(statuses)}, "found": len(found),
        }))  # fmt: skip
        print("\n\n".join(found))
        if found:
            print(log.read_text(errors="replace")[-20_000:])
    return 1 if found or statuses.total() < options.cases else 0


if __name__ == "__main__":
    sys.exit(main())
