"""What keeps a worker's leases: one statement a beat for all its jobs, from a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from django.db import DatabaseError, InterfaceError, connection
from django.db.models.functions import Now

from training import leases
from training.attempt import Attempt, first_line, now
from training.models import Worker

log = logging.getLogger(__name__)

#: Seconds between two reports to the job rows, which also bring back the wish to cancel.
BEAT_SECONDS = 0.8
#: Seconds between two renewals of the leases; several may fail before they run out.
RENEW_SECONDS = 10.0


class Heart(threading.Thread):
    """Beats as long as ``works`` says so: reports, renews, and learns what is wished of the jobs and of the worker."""

    def __init__(self, worker: Worker, attempts: Callable[[], Sequence[Attempt]], works: Callable[[], bool]) -> None:
        super().__init__(name="leases", daemon=True)
        self.worker, self.attempts, self.works = worker, attempts, works
        self.draining = False  #: whether staff wants the worker to take no more jobs
        self._introduced: float | None = None

    def run(self) -> None:
        while self.works():
            try:
                self.beat(self.attempts())
                self._introduce()
            except (DatabaseError, InterfaceError) as error:
                name = self.worker.name
                log.warning("worker %s: no report was taken (%s)", name, first_line(error), extra={"worker": name})
                connection.close()
            time.sleep(BEAT_SECONDS)
        connection.close()

    def beat(self, attempts: Sequence[Attempt]) -> None:
        """Write what is new about the jobs and renew their leases when it is time. Raises what the database raises."""
        if not attempts:
            return
        asked = now()
        news = {attempt: attempt.take_news() for attempt in attempts}
        renew = any(asked - attempt.renewed >= RENEW_SECONDS for attempt in attempts)
        try:
            held = leases.report(self.worker.name, {attempt.lease: said for attempt, said in news.items()}, renew=renew)
        except (DatabaseError, InterfaceError):
            for attempt, said in news.items():
                attempt.put_back(said)
            raise
        for attempt in attempts:
            if attempt.lease not in held:
                attempt.end("lost")
                continue
            if renew:
                attempt.renewed = asked
            if held[attempt.lease]:
                attempt.end("cancel")

    def _introduce(self) -> None:
        """Say that the worker is there, and hear whether it shall take no more jobs."""
        asked = now()
        if self._introduced is not None and asked - self._introduced < RENEW_SECONDS:
            return
        row, _ = Worker.objects.update_or_create(
            name=self.worker.name,
            defaults={"seen": Now(), "slots": self.worker.slots},
            create_defaults={"device": self.worker.device, "slots": self.worker.slots},
        )
        self.draining, self._introduced = row.draining, asked
