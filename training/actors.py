"""The one message there is: "look for jobs". It says nothing about which, so any number of them are worth one."""

from __future__ import annotations

import logging
import threading

import dramatiq

from training import broker

log = logging.getLogger(__name__)


@dramatiq.actor(broker=broker.current(), queue_name=broker.QUEUE)
def wake() -> None:
    """Wake the trainer thread of this worker and be done: no message is held while a job trains."""
    from training import runner  # imports torch, which the web server must not

    runner.WAKE.set()


class WakeSender:
    """Sends wake-ups from a thread of its own.

    With its server down a broker's own ``send`` may block for a minute, and a request must not. Wake-ups asked for
    meanwhile become one, and a wake-up that fails is forgotten: workers look for jobs every few seconds anyway.
    """

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self) -> None:
        """Ask for a wake-up and return at once."""
        with self._starting:
            if self._thread is None or not self._thread.is_alive():  # a fork copies the object, not the thread
                self._thread = threading.Thread(target=self._run, name="wake-sender", daemon=True)
                self._thread.start()
        self._wanted.set()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            try:
                wake.send()
            except Exception:  # whatever a broker raises, the job is already safe in the database
                log.warning("A wake-up could not be sent; a worker will find the job by itself.", exc_info=True)


send_wake = WakeSender()
