"""Real worker processes, quick to start: each is forked off a process that has loaded the libraries."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

#: Seconds of a lease in these tests, and of what depends on it: long enough for a busy machine, short enough to wait for.
LEASE_SECONDS, MARGIN_SECONDS, RENEW_SECONDS, BEAT_SECONDS, POLL_SECONDS = 3.0, 0.5, 0.4, 0.15, 0.3
#: A job in these tests loses many workers, through no fault of its own.
MAX_ATTEMPTS = 1_000

_context = get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.preload"])


@dataclass(frozen=True, slots=True)
class Options:
    """What a worker is told beside its environment."""

    log: Path
    slots: int = 2  #: as many as a job's batch is wide: it trains alone, and its numbers are exact
    failpoint: tuple[str, str, int] | None = None  #: place, kill or stop, at the how-manieth time
    max_attempts: int = MAX_ATTEMPTS
    fenced: bool = True


@dataclass(slots=True)
class WorkerProcess:
    """A worker, and what was done to it."""

    options: Options
    process: BaseProcess = field(init=False)

    def __post_init__(self) -> None:
        self.process = _context.Process(target=work, args=(self.options,), daemon=True)
        self.process.start()

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    @property
    def stopped(self) -> bool:
        """Whether it was suspended."""
        with contextlib.suppress(OSError):
            return Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
        return False

    def send(self, number: int) -> None:
        """Send a signal, if it is still there."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, seconds: float = 30.0) -> int | None:
        """Wait for its end and return its status."""
        self.process.join(seconds)
        return self.process.exitcode

    def stop(self, seconds: float = 30.0) -> float:
        """Ask it to stop as an operator does; return how many seconds that took."""
        begun = time.monotonic()
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)
        self.wait(seconds)
        return time.monotonic() - begun

    def kill(self) -> None:
        """Let it vanish."""
        self.send(signal.SIGKILL)
        self.process.join(10)

    def allow_files(self, size: int) -> None:
        """Let it write files of so many bytes and no longer: a disk that is full, or has room again."""
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def work(options: Options) -> None:
    """Be a worker: what ``manage.py worker`` does, with short leases and what the options say."""
    os.setsid()
    output = os.open(options.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)

    import faulthandler

    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from tests.faults import failpoints, witness

    faulthandler.register(signal.SIGUSR1)
    connections["default"].settings_dict.setdefault("OPTIONS", {})["application_name"] = witness.WRITER.format(
        pid=os.getpid()
    )
    settings.HUB_TRAINING_SLOTS = options.slots
    hasten(options.max_attempts)
    if options.failpoint is not None:
        failpoints.install(failpoints.Failpoint(*options.failpoint))
    if not options.fenced:
        failpoints.drop_the_fence()
    call_command("worker")
    sys.exit(0)


def hasten(max_attempts: int) -> None:
    """Let leases run out in seconds."""
    from training import attempt, heart, leases, publishing, runner, transitions

    leases.LEASE_SECONDS = LEASE_SECONDS
    leases.IDLE_TIMEOUT_MS = publishing.IDLE_TIMEOUT_MS = int(LEASE_SECONDS * 1000)
    for function in (leases.report, transitions.claim):
        function.__kwdefaults__["seconds"] = LEASE_SECONDS
    attempt.MARGIN_SECONDS, attempt.RETRY_SECONDS = MARGIN_SECONDS, 0.2
    heart.RENEW_SECONDS, heart.BEAT_SECONDS = RENEW_SECONDS, BEAT_SECONDS
    runner.POLL_SECONDS = POLL_SECONDS
    transitions.MAX_ATTEMPTS = max_attempts


def run_apart(function: Any, *args: Any) -> Any:
    """Call a function in a process that has the libraries, and return what it returned."""
    receiver, sender = _context.Pipe(duplex=False)
    process = _context.Process(target=_answer, args=(sender, function, *args), daemon=True)
    process.start()
    sender.close()
    try:
        return receiver.recv()
    finally:
        process.join()


def _answer(sender: Any, function: Any, *args: Any) -> None:
    sender.send(function(*args))
