"""A job whose worker stopped or died goes on from where it was, and ends in what it would have ended in undisturbed."""

from __future__ import annotations

import numpy as np
import pytest
from django.db.models import F

from tests.training.results import alone, vectors_of
from training import leases, transitions
from training.attempt import Attempt
from training.leases import LeaseLost
from training.models import BaseModel, Job, JobCheckpoint, State
from training.recipe import config_of
from training.runner import Trainer

STEPS = 40


@pytest.fixture
def slow_tiny(tiny):
    """The tiny base model, with a state after every fifth step."""
    tiny.defaults |= {"checkpoint_every": 5, "steps": STEPS}
    tiny.save()
    return tiny


class Counting(Attempt):
    """Counts the steps that are reported; ends as it is told after some of them."""

    steps: list[int] = []
    after, reason = 10**9, ""

    def on_progress(self, progress):
        super().on_progress(progress)
        self.steps.append(progress.step)
        if progress.step >= self.after:
            if self.reason == "die":
                raise KeyboardInterrupt  # as sudden as it gets within a process: no handler of the trainer's sees it
            self.end(self.reason)


def attempt(name, **how):
    """One worker's attempt; return the first and the last step that it made."""
    trainer = Trainer()
    trainer.name = name
    trainer.attempt_of = type("Counted", (Counting,), {"steps": [], **how})
    try:
        trainer.train(transitions.claim(worker=name))
    except KeyboardInterrupt:
        Job.objects.filter(state=State.RUNNING).update(lease_until="2020-01-01T00:00Z")
    return trainer.attempt_of.steps[0], trainer.attempt_of.steps[-1]


@pytest.mark.parametrize("reason", ["stop", "die"])
def test_a_job_goes_on_from_its_last_checkpoint_and_ends_the_same(alice, submit, slow_tiny, reason):
    job = submit(alice, base=slow_tiny)
    first = attempt("first", after=12, reason=reason)
    assert first[1] < 20
    second = attempt("second", after=26, reason=reason)
    assert 10 <= second[0] <= 16  # not from the beginning
    third = attempt("third")
    assert 24 <= third[0] <= 30 and third[1] == STEPS
    assert np.array_equal(vectors_of(job), alone(job, slow_tiny))
    assert (job.state, job.loss_curve[0][0], job.loss_curve[-1][0]) == (State.SUCCEEDED, 2, STEPS)
    assert JobCheckpoint.objects.get().step == STEPS  # where it ended, so that it can be trained further


def test_previews_that_were_drawn_before_are_kept_and_none_is_drawn_twice(alice, submit, slow_tiny):
    job = submit(alice, base=slow_tiny)
    attempt("first", after=18, reason="stop")
    before = set(job.previews.values_list("pk", flat=True))
    assert before
    attempt("second")
    drawn = list(job.previews.filter(final=False).values_list("step", "template"))
    assert before <= set(job.previews.values_list("pk", flat=True))
    assert len(drawn) == len(set(drawn)) and {step for step, _ in drawn} == {14, 27}


def test_a_worker_that_lost_its_lease_writes_no_checkpoint(alice, submit, slow_tiny):
    submit(alice, base=slow_tiny)
    lease = transitions.claim(worker="slow")
    leases.keep_state(lease, step=5, state=b"mine")
    Job.objects.update(fence=F("fence") + 1, worker="thief")
    with pytest.raises(LeaseLost):
        leases.keep_state(lease, step=10, state=b"too late")
    assert bytes(JobCheckpoint.objects.get().state) == b"mine"


@pytest.mark.parametrize("spoilt", [b"nonsense", b""])
def test_a_checkpoint_that_cannot_be_read_means_the_beginning(alice, submit, slow_tiny, spoilt):
    job = submit(alice, base=slow_tiny)
    attempt("first", after=12, reason="stop")
    JobCheckpoint.objects.update(state=spoilt)
    assert attempt("second")[0] == 2
    assert np.array_equal(vectors_of(job), alone(job, slow_tiny))


def test_a_cancelled_job_leaves_no_checkpoint(alice, submit, slow_tiny):
    job = submit(alice, base=slow_tiny)
    attempt("first", after=12, reason="stop")
    assert JobCheckpoint.objects.exists()
    transitions.ask_to_cancel(job)
    assert not JobCheckpoint.objects.exists()


def test_a_base_model_s_interval_is_the_engine_s_where_it_says_none(alice, submit):
    job = submit(alice)
    job.base = BaseModel(slug="plain", source="x", family="sd1", resolution=512)
    assert config_of(job).checkpoint_every == 50
