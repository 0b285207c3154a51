"""One attempt at a job by one worker: what the engine reports goes to the row, what is wished of the job comes back."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from django.db import DatabaseError, InterfaceError, connection

from registry import previews
from training import leases
from training.inversion.callbacks import Callbacks, Preview, Progress, Stage
from training.inversion.reporting import MAX_CURVE_POINTS
from training.leases import Lease, LeaseLost

log = logging.getLogger(__name__)

#: Seconds between two renewals of a lease; several may fail before it runs out.
RENEW_SECONDS = 10.0
#: A worker that could not renew gives up this long before the lease ends: its clock need not be exact.
MARGIN_SECONDS = 10.0


def _now() -> float:
    """Seconds that also pass while the machine sleeps, unlike ``time.monotonic``."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Attempt(Callbacks):
    """A job being trained.

    ``ending`` is why training shall stop: ``cancel`` (its owner asked), ``stop`` (this worker stops), ``lost`` (the job
    is another worker's by now), or "" while it shall go on.
    """

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.ending = ""
        self.renewed = _now()
        self._lock = threading.Lock()
        self._news: dict[str, Any] = {}
        self._curve: list[list[float]] = []

    def end(self, reason: str) -> None:
        """Ask the engine to stop between two steps. A lost lease outweighs any other reason: nothing may be written."""
        if not self.ending or reason == "lost":
            self.ending = reason

    def should_stop(self) -> bool:
        return bool(self.ending)

    def on_stage(self, stage: Stage) -> None:
        with self._lock:
            self._news["stage"] = stage.value

    def on_progress(self, progress: Progress) -> None:
        self._curve.append([progress.step, round(progress.loss, 5)])
        if len(self._curve) > MAX_CURVE_POINTS:
            self._curve = self._curve[1::2]
        news = {
            "step": progress.step,
            "loss": progress.loss,
            "steps_per_second": progress.steps_per_second,
            "seconds_left": progress.seconds_left,
            "loss_curve": list(self._curve),
        }
        with self._lock:
            self._news |= news

    def on_preview(self, preview: Preview) -> None:
        picture = previews.store_generated(preview.image)
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
            settings={"guidance_scale": preview.guidance_scale, "sampler_steps": preview.sampler_steps},
        )

    def on_state(self, state: bytes, step: int) -> None:
        if self.ending in ("cancel", "lost"):  # nobody goes on with it, or it is another's by now
            return
        try:
            leases.keep_state(self.lease, step=step, state=state)
        except LeaseLost:
            self.end("lost")
        except (DatabaseError, InterfaceError):  # the one before is still there
            log.warning("%s: the database did not take a checkpoint", self.lease, exc_info=True)
            connection.close()

    def beat(self) -> None:
        """Report the newest progress and renew the lease when it is time; learn whether to stop."""
        asked = _now()
        with self._lock:
            news, self._news = self._news, {}
        renew = asked - self.renewed >= RENEW_SECONDS
        try:
            if leases.beat(self.lease, news, renew=renew):
                self.end("cancel")
        except LeaseLost:
            self.end("lost")
        except (DatabaseError, InterfaceError):
            log.warning("%s: the database did not take a report", self.lease, exc_info=True)
            connection.close()
            with self._lock:
                self._news = news | self._news
        else:
            self.renewed = asked if renew else self.renewed
        if _now() - self.renewed > leases.LEASE_SECONDS - MARGIN_SECONDS:
            self.end("lost")
