"""A real worker process on the test database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from training.models import State

ROOT = Path(__file__).resolve().parents[2]
#: Seconds for anything that a worker does with a tiny model on a busy machine.
PATIENCE = 90


def database_url():
    """The address of the database that the running test uses."""
    values = connection.settings_dict
    host = values["HOST"] or values["OPTIONS"].get("host", "")
    address = f"postgresql://{values['USER']}:{quote(values['PASSWORD'])}@/{values['NAME']}?host={quote(host, safe='')}"
    return address + (f"&port={values['PORT']}" if values["PORT"] else "")


def wait_until(condition, what, seconds=PATIENCE):
    """Wait for a condition to hold and return what it returned."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def in_state(job, *states):
    """A condition: the job has come to one of the states."""

    def check():
        job.refresh_from_db()
        return job.state in states

    return check


def ended(job):
    return in_state(job, State.SUCCEEDED, State.FAILED, State.CANCELLED)


def stepping(job):
    return lambda: in_state(job, State.RUNNING)() and job.step > 0


class WorkerProcess:
    """``manage.py worker``, killed at the end of the block if it still runs."""

    def __init__(self, var):
        self.log = Path(var) / f"worker-{time.monotonic_ns()}.log"
        environment = os.environ | {
            "DATABASE_URL": database_url(),
            "HUB_VAR": str(var),  # so that it stores where the test does
            "DJANGO_SETTINGS_MODULE": "hub.settings",
            "OMP_NUM_THREADS": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "worker"],
            cwd=ROOT,
            env=environment,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self, number=signal.SIGTERM, seconds=20):
        """Send a signal; return the exit status and how many seconds the end took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(seconds), time.monotonic() - begun

    def end(self, seconds=PATIENCE):
        """Wait for the process to end by itself and return its exit status."""
        return self.process.wait(seconds)
