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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from PIL import Image

from registry import storage
from registry.errors import RegistryError
from training import leases, publishing
from training.attempt import Attempt
from training.bases import check_unchanged
from training.checks import PRESET_EARLY_STOP
from training.errors import TrainingError
from training.inversion import models as engine
from training.inversion.callbacks import Stage
from training.inversion.config import InversionConfig
from training.inversion.errors import BadState, Cancelled, InversionError, NoRoom, OutOfMemory
from training.inversion.models import load_base
from training.inversion.pack import Member, Pack
from training.inversion.scores import Scorer
from training.inversion.session import Session
from training.leases import Lease, LeaseLost
from training.models import BaseModel, Job

log = logging.getLogger(__name__)

#: Set by the queue's message, by a stop, or by nobody: then jobs are looked for every :data:`POLL_SECONDS`.
WAKE = threading.Event()
#: Seconds between two looks for jobs, since messages may be lost or late.
POLL_SECONDS = 3.0
#: Seconds between two reports to the job rows, which also bring back the wish to cancel.
BEAT_SECONDS = 0.8
#: Cores left to the web server and the database. Torch's threads wait for the slowest of them by spinning: with two
#: threads on two busy cores, forty steps of the pocket model took 56 s instead of 4 s with one.
FREE_CORES = 1
#: What people read when the reason is a bug.
INTERNAL_MESSAGE = "Something went wrong on our side, not with your images or settings. Try again; if it happens again, tell the operator."


class Trainer:
    """Claims jobs and trains those of one base model together, as many as there are slots for, in a thread of its own.

    The base model stays loaded until a job of another one is the oldest. Jobs are taken strictly in their order, so none
    waits for ever because others fit better.
    """

    #: What follows one job; a class of its own so that tests can step in.
    attempt_of = Attempt

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.attempts: list[Attempt] = []
        self._pack: Pack | None = None
        self._source = ""  # of the loaded base model
        self._scorers: list[Scorer] = []
        self._next_look = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="trainer", daemon=True)
        self._heart = threading.Thread(target=self._keep_leases, name="leases", daemon=True)

    def start(self) -> None:
        """Begin to look for jobs. Raises ``ScorerUnavailable`` for a scoring model that is set and not there."""
        self._scorers = [Scorer(Path(folder)) for folder in settings.HUB_SCORING_MODELS]
        if "OMP_NUM_THREADS" not in os.environ:  # else the operator knows better
            torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) - FREE_CORES))
        self._thread.start()
        self._heart.start()

    @property
    def alive(self) -> bool:
        """Whether both threads still run; without either the process is of no use."""
        return self._thread.is_alive() and self._heart.is_alive()

    def stop(self, seconds: float) -> bool:
        """Give the current jobs back to the queue and end, waiting so long at most; return whether the thread has ended.

        A job whose engine does not stop in time is given back all the same: the fence makes what it still does void.
        """
        self._stopping.set()
        WAKE.set()
        for attempt in list(self.attempts):
            attempt.end("stop")
        self._thread.join(seconds)
        if not self._thread.is_alive():
            self._heart.join(seconds)
            return True
        for attempt in list(self.attempts):  # a claim may have been under way
            leases.give_back(attempt.lease)
        return False

    def _work(self) -> None:
        while not self._stopping.is_set() or self._members():  # those have been told to stop
            for act in (self._claim, self._advance):
                try:
                    act()
                except (OperationalError, InterfaceError):
                    log.warning("The database does not answer; jobs wait or are taken up again later", exc_info=True)
                    connection.close()
            if not self._members() and not self._stopping.is_set():
                WAKE.wait(POLL_SECONDS * random.uniform(0.8, 1.2))  # workers started together do not ask together
                WAKE.clear()
        connection.close()

    def _keep_leases(self) -> None:
        while self._thread.is_alive():
            for attempt in list(self.attempts):
                attempt.beat()
            time.sleep(BEAT_SECONDS)
        connection.close()

    def _members(self) -> list[Member]:
        return self._pack.members if self._pack else []

    def _claim(self) -> None:
        """Take jobs as long as there is room; while others train only when somebody called or it is time again."""
        if self._members():
            if not WAKE.is_set() and time.monotonic() < self._next_look:
                return
            WAKE.clear()
        begun = time.monotonic()
        self._next_look = begun + POLL_SECONDS
        close_old_connections()
        while not self._stopping.is_set() and self._has_room():
            before = self._members()
            beside = before[0].session.callbacks.lease.job_id if before else None
            lease = leases.claim(worker=self.name, beside=beside)
            if lease is None:
                break
            count = len(before)
            self._begin(lease)
            if (
                count and len(self._members()) == count
            ):  # it may have been given back, and would be taken again for ever
                break
        if self._pack:
            self._pack.away(time.monotonic() - begun)

    def _has_room(self) -> bool:
        """Whether another job like those that train would find slots."""
        members = self._members()
        return not members or self._pack.room_for(members[0].session.config.batch_size) is not None

    def train(self, lease: Lease) -> None:
        """Train one job to whatever end it comes to, and those that train already along with it."""
        self._begin(lease)
        while self._members():
            self._advance()

    def _begin(self, lease: Lease) -> None:
        """Load what a job needs and let it join those that train."""
        log.info("%s: begun", lease)
        attempt = self.attempt_of(lease)
        self.attempts.append(attempt)
        if self._stopping.is_set():
            attempt.end("stop")
        with self._ending(attempt):
            job = Job.objects.select_related("base").get(pk=lease.job_id)
            attempt.on_stage(Stage.LOADING)
            pack = self._pack_for(job.base)
            images = [_open(storage.read(image.blob)) for image in job.images.all()]
            pack.join(self._session(attempt, config_of(job), images, pack.base))

    def _advance(self) -> None:
        """Make one step of all jobs, and publish those that are done."""
        for member in self._pack.step() if self._pack else ():
            attempt = member.session.callbacks
            with self._ending(attempt):
                inversion = member.result()
                if attempt.should_stop():
                    raise Cancelled
                publishing.publish(lease=attempt.lease, inversion=inversion)
                log.info("%s: succeeded", attempt.lease)
                self.attempts.remove(attempt)

    @contextmanager
    def _ending(self, attempt: Attempt) -> Iterator[None]:
        """Write down whatever end a job comes to inside; nothing that goes wrong with a job ends the thread."""
        lease = attempt.lease
        try:
            yield
            return
        except Cancelled:
            end = {"cancel": leases.cancel, "stop": leases.give_back}.get(attempt.ending)
            log.info("%s: ended (%s), %s", lease, attempt.ending, end(lease) if end else "nothing written")
        except LeaseLost:
            log.warning("%s: lost to another worker; nothing more was written", lease)
        except NoRoom:
            log.warning("%s: given back, there is no memory for it beside the others", lease)
            leases.give_back(lease)
        except torch.OutOfMemoryError:
            self._out_of_memory(lease)
        except (InversionError, TrainingError, RegistryError) as error:
            log.info("%s: failed (%s)", lease, error.code)
            leases.fail(lease, code=error.code, message=error.message)
        except (OperationalError, InterfaceError):
            self.attempts.remove(attempt)  # no fault of the job: it is taken up again when its lease ends
            raise
        except Exception:
            log.exception("%s: failed by a bug", lease)
            leases.fail(lease, code="internal", message=INTERNAL_MESSAGE, traceback=traceback.format_exc())
        self.attempts.remove(attempt)

    def _out_of_memory(self, lease: Lease) -> None:
        """Anything but a step found no memory: wait for those beside it, or fail where there are none."""
        log.warning("%s: not enough memory", lease, exc_info=True)
        if self._members():
            self._pack.shrink()
            leases.give_back(lease)
        else:
            error = OutOfMemory(None)
            leases.fail(lease, code=error.code, message=error.message)

    def _session(
        self, attempt: Attempt, config: InversionConfig, images: list[Image.Image], base: engine.BaseModel
    ) -> Session:
        """Go on from where an earlier attempt was, or from the beginning where its state no longer fits."""
        kept = leases.kept_state(attempt.lease)
        if kept is not None:
            try:
                return Session(config, images, base, attempt, kept, scorers=self._scorers)
            except BadState as error:
                log.warning("%s: begun anew: %s", attempt.lease, error)
        return Session(config, images, base, attempt, scorers=self._scorers)

    def _pack_for(self, wanted: BaseModel) -> Pack:
        """The pack of a base model, which is loaded unless it is the one of the job before."""
        if self._pack is None or self._source != wanted.source:
            self._pack = None  # let go of the old one first: two may not fit
            self._pack, self._source = Pack(load_base(wanted.source), slots=settings.HUB_TRAINING_SLOTS), wanted.source
        check_unchanged(wanted, self._pack.base.fingerprint)
        return self._pack


def config_of(job: Job) -> InversionConfig:
    """The engine's settings for a job: those of its base model, then its own."""
    prompts = job.base.preview_prompts.get(job.kind)
    return InversionConfig.from_dict(
        {
            **({"early_stop": PRESET_EARLY_STOP[job.preset]} if job.preset in PRESET_EARLY_STOP else {}),
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
