"""``manage.py worker``: one process that takes wake-ups from the queue and trains jobs."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from dramatiq import Worker

from training import broker
from training.housekeeping import Housekeeping
from training.inversion.errors import InversionError

log = logging.getLogger(__name__)

#: Seconds for the engine to stop between two steps; with what follows the job is back in the queue within 10.
STOP_SECONDS = 7.0
#: Milliseconds for the queue's threads to stop; they hold nothing that could be lost.
QUEUE_STOP_MS = 1_000
#: Seconds more for housekeeping, which was told to stop at the same time: a mail server may keep it waiting.
HOUSEKEEPING_STOP_SECONDS = 0.5
#: Seconds between two looks at whether the trainer still lives.
WATCH_SECONDS = 0.5


class Command(BaseCommand):
    """Train jobs until SIGTERM or Ctrl-C; end with a failure when the trainer dies, so that a supervisor starts anew."""

    help = "Train jobs until stopped."
    requires_system_checks: list[str] = []  # they load every page of the site

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()

        def ask_to_stop(number: int, frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, ask_to_stop)

        from training import actors, runner  # imports torch, which other commands do without

        queue = broker.current()
        queue.emit_after("process_boot")
        listener = Worker(queue, queues={actors.wake.queue_name}, worker_threads=1)
        trainer = runner.Trainer()
        try:
            trainer.start()
        except InversionError as error:
            raise CommandError(error.message) from error
        listener.start()
        housekeeping = Housekeeping(stop)
        housekeeping.start()
        about = {"worker": trainer.name}
        log.info("worker %s: ready", trainer.name, extra=about)
        while trainer.alive and not stop.wait(WATCH_SECONDS):
            pass
        died = not stop.is_set()
        stop.set()
        ended = trainer.stop(STOP_SECONDS)
        listener.stop(QUEUE_STOP_MS)
        housekeeping.join(HOUSEKEEPING_STOP_SECONDS)
        level, what = (logging.ERROR, "died") if died else (logging.INFO, "stopped")
        log.log(level, "worker %s: %s", trainer.name, what, extra=about)
        if died or not ended or housekeeping.is_alive():
            sys.stderr.flush()
            os._exit(1 if died else 0)  # a thread inside torch would crash an orderly exit
