"""What a job came to, what it would have come to with a worker of its own, and ways to bring it there."""

from __future__ import annotations

from registry import storage
from registry.formats import inspect
from training import transitions
from training.heart import Heart
from training.inversion.loop import train
from training.inversion.models import load_base
from training.models import State, Worker
from training.recipe import config_of, images_of


def vectors_in(file):
    """The vectors of a file of one text encoder."""
    (encoder,) = inspect(file).encoders
    return encoder.vectors


def vectors_of(job):
    """What a finished job has published."""
    job.refresh_from_db()
    return vectors_in(storage.read(job.version.blob))


def alone(job, base):
    """What the engine learns from a job's images and settings, undisturbed."""
    return train(config_of(job), images_of(job), base=load_base(base.source)).vectors


def beat(attempt):
    """Report an attempt's news and hear what is wished of it, as its worker's heart does."""
    Heart(Worker(name=attempt.lease.worker, slots=1), lambda: [attempt], lambda: True).beat([attempt])


def bring(job, state):
    """Claim a waiting job and bring it to a state, by the ways that there are."""
    lease = transitions.claim(worker="w")
    assert lease.job_id == job.pk
    if state == State.SUCCEEDED:
        transitions.succeed(lease)
    elif state == State.FAILED:
        transitions.fail(lease, code="diverged", message="It broke.")
    elif state == State.CANCELLED:
        transitions.ask_to_cancel(job)
        transitions.cancel(lease)
    job.refresh_from_db()
    assert job.state == state
    return job
