"""Places in a worker where it can be killed or stopped, exactly there. Patched in from outside: the worker has none."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from training import leases, publishing, runner, transitions
from training.attempt import Attempt
from training.leases import Lease
from training.models import Job

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Failpoint:
    """Sends the process a signal when a place is reached for the ``count``-th time."""

    def __init__(self, point: str, action: str, count: int) -> None:
        self.point, self.signal, self.left = point, SIGNALS[action], count

    def reached(self, point: str) -> None:
        """To be called at every place."""
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), self.signal)
                time.sleep(0.2)  # another thread may take the signal: this one goes no further before it works


def install(failpoint: Failpoint) -> None:
    """Call the failpoint at every place of this process."""

    def around(owner: Any, name: str, before: str = "", after: str = "") -> None:
        original: Callable[..., Any] = getattr(owner, name)

        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            failpoint.reached(before)
            result = original(*args, **kwargs)
            failpoint.reached(after)
            return result

        setattr(owner, name, call)

    around(transitions, "claim", after="claim after")
    around(transitions, "_go_back_to_checkpoint", before="claim inside")
    around(Attempt, "on_progress", after="progress")
    around(leases, "keep_state", before="checkpoint before", after="checkpoint after")
    around(leases.JobCheckpoint.objects, "update_or_create", before="checkpoint inside")
    around(leases, "add_preview", before="preview before", after="preview after")
    around(publishing, "publish", before="publish before", after="publish after")
    around(publishing.transitions, "succeed", before="publish inside")
    around(leases, "report", before="report before")
    replace = Path.replace

    def replacing(self: Path, target: Any) -> Path:
        if self.suffix == ".part":
            failpoint.reached("file before rename")
        return replace(self, target)

    Path.replace = replacing
    assert runner.publishing is publishing


def drop_the_fence() -> None:
    """Let this worker write as if it held every job it ever held. The suite must find that out."""
    Lease.row = lambda self: Job.objects.filter(pk=self.job_id)
