"""The trainer: a thread that claims jobs and trains them, and a second one that keeps their leases.

Imports torch; only worker processes import this module.
"""

from __future__ import annotations

import io
import logging
import os
import random
import socket
import threading
import time
import traceback
import uuid
from typing import Any

import torch
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection
from PIL import Image

from registry import previews, storage
from registry.errors import RegistryError
from training import leases, publishing
from training.errors import TrainingError
from training.inversion.callbacks import Callbacks, Preview, Progress, Stage
from training.inversion.config import InversionConfig
from training.inversion.errors import BadState, Cancelled, InversionError
from training.inversion.loop import Inversion
from training.inversion.loop import train as train_inversion
from training.inversion.models import BaseModel, load_base
from training.inversion.reporting import MAX_CURVE_POINTS
from training.leases import Lease, LeaseLost
from training.models import Job

log = logging.getLogger(__name__)

#: Set by the queue's message, by a stop, or by nobody: then jobs are looked for every :data:`POLL_SECONDS`.
WAKE = threading.Event()
#: Seconds between two looks for jobs, since messages may be lost or late.
POLL_SECONDS = 3.0
#: Seconds between two reports to the job row, which also bring back the wish to cancel.
BEAT_SECONDS = 0.8
#: Seconds between two renewals of a lease; several may fail before it runs out.
RENEW_SECONDS = 10.0
#: A worker that could not renew gives up this long before the lease ends: its clock need not be exact.
MARGIN_SECONDS = 10.0
#: Cores left to the web server and the database. Torch's threads wait for the slowest of them by spinning: with two
#: threads on two busy cores, forty steps of the pocket model took 56 s instead of 4 s with one.
FREE_CORES = 1
#: What people read when the reason is a bug.
INTERNAL_MESSAGE = "Something went wrong on our side, not with your images or settings. Try again; if it happens again, tell the operator."


def _now() -> float:
    """Seconds that also pass while the machine sleeps, unlike ``time.monotonic``."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Run(Callbacks):
    """One job being trained: what the engine reports goes to the row, what is wished of it comes back.

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


class Trainer:
    """Claims and trains one job at a time in a thread of its own. The base model stays loaded between jobs."""

    #: What follows one job; a class of its own so that tests can step in.
    run_of = Run

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.run: Run | None = None
        self._stopping = threading.Event()
        self._base: tuple[str, BaseModel] | None = None
        self._thread = threading.Thread(target=self._work, name="trainer", daemon=True)
        self._heart = threading.Thread(target=self._keep_leases, name="leases", daemon=True)

    def start(self) -> None:
        """Begin to look for jobs."""
        if "OMP_NUM_THREADS" not in os.environ:  # else the operator knows better
            torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) - FREE_CORES))
        self._thread.start()
        self._heart.start()

    @property
    def alive(self) -> bool:
        """Whether both threads still run; without either the process is of no use."""
        return self._thread.is_alive() and self._heart.is_alive()

    def stop(self, seconds: float) -> bool:
        """Give the current job back to the queue and end, waiting so long at most; return whether the thread has ended.

        A job whose engine does not stop in time is given back all the same: the fence makes what it still does void.
        """
        self._stopping.set()
        WAKE.set()
        run = self.run
        if run is not None:
            run.end("stop")
        self._thread.join(seconds)
        if not self._thread.is_alive():
            self._heart.join(seconds)
            return True
        run = self.run  # a claim may have been under way
        if run is not None:
            leases.give_back(run.lease)
        return False

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                close_old_connections()
                lease = leases.claim(worker=self.name)
                if lease is not None:
                    self.train(lease)
                    continue
            except (OperationalError, InterfaceError):
                log.warning("The database does not answer; jobs wait or are taken up again later", exc_info=True)
                connection.close()
            WAKE.wait(POLL_SECONDS * random.uniform(0.8, 1.2))  # workers started together do not ask together
            WAKE.clear()
        connection.close()

    def _keep_leases(self) -> None:
        while self._thread.is_alive():
            run = self.run
            if run is not None:
                run.beat()
            time.sleep(BEAT_SECONDS)
        connection.close()

    def train(self, lease: Lease) -> None:
        """Train one job to whatever end it comes to; nothing that goes wrong with a job ends the thread."""
        log.info("%s: begun", lease)
        run = self.run = self.run_of(lease)
        if self._stopping.is_set():
            run.end("stop")
        try:
            self._train_and_publish(run)
            log.info("%s: succeeded", lease)
        except Cancelled:
            end = {"cancel": leases.cancel, "stop": leases.give_back}.get(run.ending)
            log.info("%s: ended (%s), %s", lease, run.ending, end(lease) if end else "nothing written")
        except LeaseLost:
            log.warning("%s: lost to another worker; nothing more was written", lease)
        except (InversionError, TrainingError, RegistryError) as error:
            log.info("%s: failed (%s)", lease, error.code)
            leases.fail(lease, code=error.code, message=error.message)
        except (OperationalError, InterfaceError):
            raise  # no fault of the job: it is taken up again when its lease ends
        except Exception:
            log.exception("%s: failed by a bug", lease)
            leases.fail(lease, code="internal", message=INTERNAL_MESSAGE, traceback=traceback.format_exc())
        finally:
            self.run = None

    def _train_and_publish(self, run: Run) -> None:
        job = Job.objects.select_related("base").get(pk=run.lease.job_id)
        run.on_stage(Stage.LOADING)
        base = self._load(job.base.source)
        images = [_open(storage.read(image.blob)) for image in job.images.all()]
        inversion = self._train(run, config_of(job), images, base)
        if run.should_stop():
            raise Cancelled
        publishing.publish(lease=run.lease, inversion=inversion)

    def _train(self, run: Run, config: InversionConfig, images: list[Image.Image], base: BaseModel) -> Inversion:
        """Go on from where an earlier attempt was, or from the beginning where its state no longer fits."""
        kept = leases.kept_state(run.lease)
        if kept is not None:
            try:
                return train_inversion(config, images, base=base, callbacks=run, resume=kept)
            except BadState as error:
                log.warning("%s: begun anew: %s", run.lease, error)
        return train_inversion(config, images, base=base, callbacks=run)

    def _load(self, source: str) -> BaseModel:
        """The base model, loaded unless it is the one of the job before."""
        if self._base is None or self._base[0] != source:
            self._base = None  # let go of the old one first: two may not fit
            self._base = source, load_base(source)
        return self._base[1]


def config_of(job: Job) -> InversionConfig:
    """The engine's settings for a job: those of its base model, then its own."""
    prompts = job.base.preview_prompts.get(job.kind)
    return InversionConfig.from_dict(
        {
            **job.base.defaults,
            **({"preview_prompts": prompts} if prompts else {}),
            "placeholder_token": job.token,
            "kind": job.kind,
            "initialiser": job.initialiser,
            "vectors": job.vectors,
            "steps": job.total_steps,
            "seed": job.seed,
            "captions": job.captions,
        }
    )


def _open(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image
