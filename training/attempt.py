"""One attempt at a job by one worker: what the engine reports goes to the row, what is wished of the job comes back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils.translation import gettext as _

from hub.accounts.models import User
from registry import infotext
from registry.pictures import previews
from training import leases
from training.errors import NotStored
from training.inversion.callbacks import Callbacks, Preview, Progress, Stage, T
from training.inversion.reporting import MAX_CURVE_POINTS
from training.leases import Lease, LeaseLost

log = logging.getLogger(__name__)

#: A worker that could not renew gives up this long before the lease ends: its clock need not be exact.
MARGIN_SECONDS = 10.0
#: Seconds between two tries to have something stored.
RETRY_SECONDS = 1.0
#: Seconds for which a full disk is waited for: somebody may be making room.
STORAGE_PATIENCE_SECONDS = 60.0


def now() -> float:
    """Seconds that also pass while the machine sleeps, unlike ``time.monotonic``."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def first_line(error: Exception) -> str:
    """What a log says of a database that is away: many beats miss it, and the rest of the text is always the same."""
    return str(error).partition("\n")[0]


class Attempt(Callbacks):
    """A job being trained.

    ``ending`` is why training shall stop: ``cancel`` (its owner asked), ``stop`` (this worker stops), ``time`` (it took
    too long), ``lost`` (the job is another worker's by now), or "" while it shall go on.
    """

    def __init__(self, lease: Lease, curve: list[list[float]] | None = None, owner: User | None = None) -> None:
        """``curve`` is the loss of earlier attempts, up to where this one goes on; ``owner`` reads what becomes of it."""
        self.lease = lease
        self.owner = owner
        self.ending = ""
        self.renewed = now()
        self.moved = time.monotonic()  #: when the engine asked last whether to go on
        self.device_seconds = lease.seconds_before
        self._lock = threading.Lock()
        self._news: dict[str, Any] = {}
        self._curve = curve or []

    def end(self, reason: str) -> None:
        """Ask the engine to stop between two steps. A lost lease outweighs any other reason: nothing may be written."""
        if not self.ending or reason == "lost":
            self.ending = reason

    def should_stop(self) -> bool:
        self.moved = time.monotonic()
        # Looked at here too: the thread that renews may itself hang in a dead connection.
        if now() - self.renewed > leases.LEASE_SECONDS - MARGIN_SECONDS:
            self.end("lost")
        return bool(self.ending)

    def charge(self, seconds: float) -> None:
        """Count device time that went into this job."""
        self.device_seconds += seconds
        self._tell(device_seconds=round(self.device_seconds, 3))
        if self.device_seconds > settings.HUB_JOB_MINUTES * 60:
            self.end("time")

    def on_stage(self, stage: Stage) -> None:
        self._tell(stage=stage.value)

    def on_progress(self, progress: Progress) -> None:
        self._curve.append([progress.step, round(progress.loss, 5)])
        if len(self._curve) > MAX_CURVE_POINTS:
            self._curve = self._curve[1::2]
        self._tell(
            step=progress.step,
            loss=progress.loss,
            steps_per_second=progress.steps_per_second,
            seconds_left=progress.seconds_left,
            loss_curve=list(self._curve),
            fixed_loss_curve=list(progress.fixed_loss_curve),
        )

    def on_preview(self, preview: Preview) -> None:
        self.persist(lambda: self._store(preview))

    def _store(self, preview: Preview) -> None:
        text = infotext.of_drawing(preview.prompt, preview.seed, preview.settings, preview.image.size)
        picture = previews.store_generated(preview.image, text)
        leases.add_preview(
            self.lease,
            step=preview.step,
            template=preview.template,
            prompt=preview.prompt,
            seed=preview.seed,
            variant=preview.variant.value,
            final=preview.final,
            blob=picture.blob,
            width=picture.width,
            height=picture.height,
            size=picture.size,
            settings=preview.settings,
        )

    def on_state(self, state: bytes, step: int) -> None:
        if self.ending in ("cancel", "time", "lost"):  # nobody goes on with it, or it is another's by now
            return
        try:
            leases.keep_state(self.lease, step=step, state=state)
        except LeaseLost:
            self.end("lost")
        except (DatabaseError, InterfaceError) as error:  # the one before is still there
            log.warning(
                "%s: the database did not take a checkpoint (%s)", self.lease, first_line(error), extra=self.lease.about
            )
            connection.close()

    def persist(self, store: Callable[[], T]) -> T:
        """Have something stored, waiting for a database that does not answer as long as the lease may still hold.

        Raises :class:`NotStored` when the disk takes nothing for :data:`STORAGE_PATIENCE_SECONDS`.
        """
        begun = now()
        while True:
            try:
                return store()
            except (OperationalError, InterfaceError) as error:
                connection.close()
                if self.should_stop():
                    raise
                log.warning("%s: no answer of the database (%s)", self.lease, first_line(error), extra=self.lease.about)
            except OSError as error:
                if self.should_stop() or now() - begun > STORAGE_PATIENCE_SECONDS:
                    raise NotStored(
                        _(
                            "The hub could not store what the job made: %(problem)s. Tell the operator, "
                            "and try again when there is room."
                        )
                        % {"problem": error.strerror or error}
                    ) from error
                log.warning("%s: the storage takes nothing (%s)", self.lease, error, extra=self.lease.about)
            time.sleep(RETRY_SECONDS)

    def _tell(self, **news: Any) -> None:
        with self._lock:
            self._news |= news

    def take_news(self) -> dict[str, Any]:
        """What was not written to the row yet; it is the caller's to write now."""
        with self._lock:
            news, self._news = self._news, {}
        return news

    def put_back(self, news: dict[str, Any]) -> None:
        """Keep for later what could not be written, unless there is newer."""
        with self._lock:
            self._news = news | self._news
