"""What is to be done now and then, by whatever worker comes first: a thread beside the trainer, with a connection of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q
from django.db.models.functions import Now

from hub.accounts import mails
from hub.requests import idempotency, throttles
from hub.webhooks import deliveries, events
from registry import blobs
from registry.moderation import audit
from registry.upload import drafts
from training import reading, retention, transitions
from training.leases import worker_transaction
from training.models import Duty, Worker
from training.wizard.drafts import delete_old_drafts

log = logging.getLogger(__name__)

Stopping = Callable[[], bool]

#: Seconds between two looks whether something is to be done.
LOOK_SECONDS = 5.0
#: A worker that said nothing for so long is not coming back under its name, which is new with each process.
FORGET_WORKERS_AFTER = timedelta(days=1)


def _mail(stopping: Stopping) -> None:
    mails.send_due(stopping)


def _send_webhooks(stopping: Stopping) -> None:
    deliveries.send_due(stopping)


def _forget_requests(stopping: Stopping) -> None:
    idempotency.forget_old()
    throttles.forget_full()
    events.forget_old()


def _end_abandoned(stopping: Stopping) -> None:
    with worker_transaction():
        transitions.end_abandoned()


def _delete_images(stopping: Stopping) -> None:
    if count := retention.delete_old_images(stopping):
        log.info("The training images of %d jobs were deleted", count)


def _delete_drafts(stopping: Stopping) -> None:
    if count := drafts.delete_old():
        log.info("%d upload drafts that nobody touched were deleted", count)


def _delete_job_drafts(stopping: Stopping) -> None:
    if count := delete_old_drafts(stopping):
        log.info("%d drafts of jobs that nobody touched for long were deleted", count)


def _sweep(stopping: Stopping) -> None:
    swept = blobs.sweep(stopping=stopping)
    log.info("Swept %d stored files of %d bytes that nothing named", swept.removed, swept.freed)


def _read(stopping: Stopping) -> None:
    if count := reading.read_waiting(stopping):
        log.info("Read what %d versions mean", count)


def _forget_workers(stopping: Stopping) -> None:
    Worker.objects.filter(seen__lt=Now() - FORGET_WORKERS_AFTER).delete()


def _forget_entries(stopping: Stopping) -> None:
    audit.forget_old()


@dataclass(frozen=True, slots=True)
class Task:
    """One of the things to do: begun once in ``every``, however many workers there are."""

    name: str
    every: timedelta
    act: Callable[[Stopping], None]


TASKS = (
    Task("mails", timedelta(seconds=20), _mail),
    Task("webhooks", timedelta(seconds=10), _send_webhooks),
    # A claim does it too, but where all workers are busy none comes for long.
    Task("abandoned jobs", timedelta(seconds=30), _end_abandoned),
    # Milliseconds for each version, beside whatever trains.
    Task("readings", timedelta(seconds=15), _read),
    Task("training images", timedelta(hours=1), _delete_images),
    Task("upload drafts", timedelta(hours=1), _delete_drafts),
    Task("drafts of jobs", timedelta(hours=1), _delete_job_drafts),
    Task("requests", timedelta(hours=1), _forget_requests),
    Task("workers", timedelta(hours=1), _forget_workers),
    Task("audit log", timedelta(days=1), _forget_entries),
    Task("orphaned files", timedelta(days=1), _sweep),
)


class Housekeeping(threading.Thread):
    """Does what is due until ``stop`` is set. Whatever goes wrong with a task is logged and ends neither thread nor worker."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__(name="housekeeping", daemon=True)
        self._stopped = stop

    def run(self) -> None:
        while not self._stopped.is_set():
            self._look()
            self._stopped.wait(LOOK_SECONDS)
        connection.close()

    def _look(self) -> None:
        for task in TASKS:
            if self._stopped.is_set():
                return
            try:
                do(task, self._stopped.is_set)
            except (OperationalError, InterfaceError):
                log.warning("Housekeeping waits: the database does not answer", exc_info=True)
                connection.close()
                return
            except Exception:
                log.exception("Housekeeping: “%s” failed; it comes again in %s", task.name, task.every)


def do(task: Task, stopping: Stopping) -> bool:
    """Do a task if its time has come; say whether it had. Raises whatever the task raises.

    A worker that takes longer than the interval may find another at the same task, which each of them bears. A lock would
    rather keep everybody from it when its holder hangs.
    """
    Duty.objects.get_or_create(name=task.name)
    # A beginning yet to come was written by a clock that was set back since; waiting for it might take years.
    due = Q(begun=None) | Q(begun__lte=Now() - task.every) | Q(begun__gt=Now())
    if not Duty.objects.filter(due, name=task.name).update(begun=Now()):
        return False
    task.act(stopping)
    return True
