"""Following a job without asking more than is needed."""

from __future__ import annotations

import time
from collections.abc import Iterator

from starword.errors import Unreachable
from starword.hub import Hub
from starword.models import Job

#: Seconds between two questions while something happens, and at most where nothing does. A hub takes 5,000 an hour.
SHORTEST_PAUSE = 2.0
LONGEST_PAUSE = 15.0
#: Seconds that a hub may be away; a restart for an upgrade takes a minute or two, and the job goes on without it.
MAX_OUTAGE = 600.0


def follow(hub: Hub, number: int) -> Iterator[Job]:
    """Yield a job now and each time that it has changed, until it has ended.

    Raises ``Unreachable`` for a hub that is not there at first, and after a long outage.
    """
    etag, pause, gone_since = "", SHORTEST_PAUSE, None
    while True:
        try:
            job, etag = hub.job_changed(number, etag)
        except Unreachable as error:
            gone_since = gone_since or time.monotonic()
            if not etag or time.monotonic() - gone_since > MAX_OUTAGE:
                raise
            time.sleep(min(max(pause, error.retry_after or 0.0), MAX_OUTAGE))
            pause = LONGEST_PAUSE
            continue
        gone_since = None
        if job is not None:
            yield job
            if job.has_ended:
                return
        pause = SHORTEST_PAUSE if job is not None else min(pause * 1.5, LONGEST_PAUSE)
        time.sleep(pause)
