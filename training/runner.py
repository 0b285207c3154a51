"""The trainer: a thread that claims jobs and trains them, beside one that keeps their leases (:mod:`training.heart`).

Imports torch; only worker processes import this module.
"""

from __future__ import annotations

import logging
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from PIL import Image

from hub.preferences import in_language_of
from training import failures, leases, publishing, transitions
from training.attempt import Attempt, first_line
from training.bases import check_unchanged
from training.failures import Failure, failure_of
from training.heart import Heart
from training.inversion import models as engine
from training.inversion import state
from training.inversion.callbacks import Stage
from training.inversion.config import InversionConfig
from training.inversion.device import pick_device
from training.inversion.errors import BadState, Cancelled, NoRoom, OutOfMemory
from training.inversion.models import load_base
from training.inversion.pack import Member, Pack
from training.inversion.scores import Scorer
from training.inversion.session import Session
from training.leases import Lease, LeaseLost
from training.models import BaseModel, Worker
from training.recipe import config_of, images_of

log = logging.getLogger(__name__)

#: Set by the queue's message, by a stop, or by nobody: then jobs are looked for every :data:`POLL_SECONDS`.
WAKE = threading.Event()
#: Seconds between two looks for jobs, since messages may be lost or late.
POLL_SECONDS = 3.0
#: Cores left to the web server and the database. Torch's threads wait for the slowest of them by spinning: with two
#: threads on two busy cores, forty steps of the pocket model took 56 s instead of 4 s with one.
FREE_CORES = 1
#: Seconds without a step, a picture or a look for jobs after which a worker counts as hung: loading the largest base model
#: from a slow disk takes minutes, and so does a picture on a processor.
HANG_SECONDS = 1_800.0


class Trainer:
    """Claims jobs and trains those of one base model together, as many as there are slots for, in a thread of its own.

    The base model stays loaded until a job of another one is next. Jobs are taken strictly in their order, so none waits
    for ever because others fit better.
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
        self._moved = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="trainer", daemon=True)
        row = Worker(name=self.name, device=str(pick_device(None)), slots=settings.HUB_TRAINING_SLOTS)
        self._heart = Heart(row, lambda: list(self.attempts), self._thread.is_alive)

    def start(self) -> None:
        """Begin to look for jobs. Raises ``ScorerUnavailable`` for a scoring model that is set and not there."""
        self._scorers = [Scorer(Path(folder)) for folder in settings.HUB_SCORING_MODELS]
        if "OMP_NUM_THREADS" not in os.environ:  # else the operator knows better
            torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) - FREE_CORES))
        self._thread.start()
        self._heart.start()

    @property
    def alive(self) -> bool:
        """Whether both threads still run and the trainer gets on; else the process is of no use."""
        moved = max([self._moved, *(attempt.moved for attempt in list(self.attempts))])
        hangs = time.monotonic() - moved > HANG_SECONDS
        return self._thread.is_alive() and self._heart.is_alive() and not hangs

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
        try:
            for attempt in list(self.attempts):  # a claim may have been under way
                transitions.give_back(attempt.lease)
            Worker.objects.filter(name=self.name).delete()
        except (OperationalError, InterfaceError):
            log.warning(
                "worker %s: the database does not answer; its jobs wait for the end of their leases", self.name,
                extra={"worker": self.name},
            )  # fmt: skip
        return not self._thread.is_alive()

    def _work(self) -> None:
        while not self._stopping.is_set() or self._members():  # those have been told to stop
            self._moved = time.monotonic()
            for act in (self._claim, self._advance):
                try:
                    act()
                except (OperationalError, InterfaceError) as error:
                    told = "The database does not answer (%s); jobs wait or are taken up later"
                    log.warning(told, first_line(error), extra={"worker": self.name})
                    connection.close()
            if not self._members() and not self._stopping.is_set():
                WAKE.wait(POLL_SECONDS * random.uniform(0.8, 1.2))  # workers started together do not ask together
                WAKE.clear()
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
        while not self._stopping.is_set() and not self._heart.draining and self._has_room():
            before = self._members()
            beside = before[0].session.callbacks.lease.job_id if before else None
            lease = transitions.claim(worker=self.name, beside=beside)
            if lease is None:
                break
            count = len(before)
            self._begin(lease)
            if count and len(self._members()) == count:  # it may have been given back, and would be taken for ever
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
        begun = time.monotonic()
        job = lease.row().select_related("base", "owner").first()
        if job is None:  # deleted meanwhile
            return
        attempt = self.attempt_of(lease, job.loss_curve, job.owner)
        log.info("%s: begun", lease, extra=lease.about)
        self.attempts.append(attempt)
        if self._stopping.is_set():
            attempt.end("stop")
        with in_language_of(job.owner), self._ending(attempt):
            attempt.on_stage(Stage.LOADING)
            pack = self._pack_for(job.base)
            pack.join(self._session(attempt, config_of(job), images_of(job), pack.base))
            attempt.charge(time.monotonic() - begun)

    def _advance(self) -> None:
        """Make one step of all jobs, share out what it took, and publish those that are done."""
        if self._pack is None:
            return
        begun = time.monotonic()
        members = self._members()
        slots = sum(len(member.slots) for member in members)
        ended = self._pack.step()
        took = time.monotonic() - begun
        for member in members:
            member.session.callbacks.charge(took * len(member.slots) / slots)
        for member in ended:
            self._finish(member)

    def _finish(self, member: Member) -> None:
        attempt = member.session.callbacks
        with in_language_of(attempt.owner), self._ending(attempt):
            inversion = member.result()
            if attempt.should_stop() and attempt.ending != "time":  # what is done at last need not be thrown away
                raise Cancelled
            final = state.dump(member.session.run)
            seconds = attempt.device_seconds
            attempt.persist(
                lambda: publishing.publish(lease=attempt.lease, inversion=inversion, state=final, seconds=seconds)
            )
            log.info("%s: succeeded", attempt.lease, extra=attempt.lease.about)
            self.attempts.remove(attempt)

    @contextmanager
    def _ending(self, attempt: Attempt) -> Iterator[None]:
        """Write down whatever end a job comes to inside; nothing that goes wrong with a job ends the thread."""
        lease = attempt.lease
        try:
            yield
        except Cancelled:
            self._close(attempt, self._wished(attempt))
        except LeaseLost:
            log.warning("%s: lost to another worker; nothing more was written", lease, extra=lease.about)
            self.attempts.remove(attempt)
        except NoRoom:
            log.warning("%s: given back, there is no memory for it beside the others", lease, extra=lease.about)
            self._close(attempt, lambda: transitions.give_back(lease))
        except torch.OutOfMemoryError:
            self._out_of_memory(attempt)
        except (OperationalError, InterfaceError):
            self.attempts.remove(attempt)  # no fault of the job: it is taken up again when its lease ends
            raise
        except Exception as error:
            self._fail(attempt, failure_of(error))

    def _wished(self, attempt: Attempt) -> Callable[[], bool] | None:
        """What is to be done with a job that was stopped; None where it is no longer this worker's to say."""
        lease = attempt.lease
        if attempt.ending == "time":
            over = failures.overtime()
            return lambda: transitions.fail(lease, code=over.code, message=over.message)
        end = {"cancel": transitions.cancel, "stop": transitions.give_back}.get(attempt.ending)
        return end and (lambda: end(lease))

    def _fail(self, attempt: Attempt, failure: Failure) -> None:
        lease = attempt.lease
        level = logging.ERROR if failure.traceback else logging.INFO
        log.log(level, "%s: failed (%s)", lease, failure.code, exc_info=bool(failure.traceback), extra=lease.about)
        self._close(
            attempt,
            lambda: transitions.fail(lease, code=failure.code, message=failure.message, traceback=failure.traceback),
        )

    def _close(self, attempt: Attempt, end: Callable[[], bool] | None) -> None:
        """Write down a job's end, and let go of it whatever becomes of that: else its lease were kept for ever."""
        try:
            written = attempt.persist(end) if end else False
            log.info(
                "%s: ended (%s), %s", attempt.lease, attempt.ending or "by itself", "written" if written else "not written",
                extra=attempt.lease.about,
            )  # fmt: skip
        finally:
            self.attempts.remove(attempt)

    def _out_of_memory(self, attempt: Attempt) -> None:
        """Anything but a step found no memory: wait for those beside it, or fail where there are none."""
        log.warning("%s: not enough memory", attempt.lease, exc_info=True, extra=attempt.lease.about)
        if self._members():
            self._pack.shrink()
            self._close(attempt, lambda: transitions.give_back(attempt.lease))
        else:
            self._fail(attempt, failure_of(OutOfMemory(None)))

    def _session(
        self, attempt: Attempt, config: InversionConfig, images: list[Image.Image], base: engine.BaseModel
    ) -> Session:
        """Go on from where an earlier attempt was, or from the beginning where its state no longer fits."""
        kept = leases.kept_state(attempt.lease)
        if kept is not None:
            try:
                return Session(config, images, base, attempt, kept, scorers=self._scorers)
            except BadState as error:
                if config.further:
                    raise
                log.warning("%s: begun anew: %s", attempt.lease, error, extra=attempt.lease.about)
        return Session(config, images, base, attempt, scorers=self._scorers)

    def _pack_for(self, wanted: BaseModel) -> Pack:
        """The pack of a base model, which is loaded unless it is the one of the job before."""
        if self._pack is None or self._source != wanted.source:
            self._pack = None  # let go of the old one first: two may not fit
            self._pack, self._source = Pack(load_base(wanted.source), slots=settings.HUB_TRAINING_SLOTS), wanted.source
        check_unchanged(wanted, self._pack.base.fingerprint)
        return self._pack
