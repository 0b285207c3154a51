"""Jobs that one worker trains at a time: they share its model, and each comes to its own end."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.training.results import alone, vectors_of
from tests.training.worker_process import wait_until
from training.attempt import Attempt
from training.inversion import data
from training.models import BaseModel, Job, State
from training.runner import WAKE, Trainer
from training.services import cancel_job

pytestmark = pytest.mark.django_db(transaction=True)

#: Steps that a trainer needs some seconds for, and more than it would ever come to.
MANY, ENDLESS = 400, 20_000


def states():
    return dict(Job.objects.order_by("pk").values_list("name", "state"))


@pytest.fixture
def trainer():
    made = Trainer()
    yield made
    assert made.stop(60)


@pytest.fixture
def many(alice, submit, tiny):
    """Submit jobs by their names, each with another seed and other steps."""

    def make(*names, steps=6, **changes):
        return [
            submit(
                alice,
                **({"base": tiny, "name": name, "token": f"<{name}>", "seed": 7 + place, "steps": steps} | changes),
            )
            for place, name in enumerate(names)
        ]

    return make


def test_jobs_that_wait_are_trained_together_and_end_as_they_would_alone(many, tiny, trainer):
    jobs = many("one", "two", "three")
    seen = set()

    class Watching(Attempt):
        def on_progress(self, progress):
            super().on_progress(progress)
            seen.add(len(trainer.attempts))

    trainer.attempt_of = Watching
    trainer.start()
    wait_until(lambda: set(states().values()) == {State.SUCCEEDED}, "all three", seconds=60)
    assert 3 in seen
    for job in jobs:
        np.testing.assert_allclose(vectors_of(job), alone(job, tiny), rtol=0, atol=1e-5)
    assert Job.objects.values_list("worker", flat=True).distinct().count() == 1


def test_a_job_joins_those_that_train_and_may_end_before_them(many, trainer):
    (long,) = many("long", steps=ENDLESS)
    trainer.start()
    wait_until(lambda: Job.objects.get(pk=long.pk).step > 0, "the first steps")
    many("short")
    WAKE.set()  # as the queue's message does
    wait_until(lambda: states()["short"] == State.SUCCEEDED, "the one that came later", seconds=30)
    assert states()["long"] == State.RUNNING
    cancel_job(job=Job.objects.get(pk=long.pk))
    wait_until(lambda: states()["long"] == State.CANCELLED, "the one that was cancelled")


def test_one_that_is_cancelled_or_fails_leaves_the_others_alone(many, trainer):
    unwanted, ill = many("unwanted", "ill", steps=ENDLESS)
    many("wanted", steps=MANY // 4)
    Job.objects.filter(pk=ill.pk).update(token="kite")  # a word of the model, as only the worker can tell
    trainer.start()
    wait_until(lambda: states()["ill"] == State.FAILED, "the one that cannot be trained")
    cancel_job(job=Job.objects.get(pk=unwanted.pk))
    wait_until(lambda: states()["wanted"] == State.SUCCEEDED, "the one that is wanted", seconds=60)
    assert states() == {"wanted": State.SUCCEEDED, "unwanted": State.CANCELLED, "ill": State.FAILED}


def test_a_stop_gives_all_of_them_back_and_none_loses_its_place(many, tiny):
    jobs = many("one", "two", steps=MANY // 2)
    first = Trainer()
    first.start()
    wait_until(lambda: all(step > 20 for step in Job.objects.values_list("step", flat=True)), "steps of both")
    assert first.stop(60)
    assert list(Job.objects.values_list("state", "attempts", "worker")) == [(State.QUEUED, 0, "")] * 2
    assert all(job.checkpoint.step > 20 for job in Job.objects.all())
    second = Trainer()
    second.start()
    wait_until(lambda: set(states().values()) == {State.SUCCEEDED}, "both, at last", seconds=60)
    assert second.stop(60)
    # Hundreds of steps amplify what rounding begins, and the loss hardly feels it.
    mine, lone = vectors_of(jobs[1]), alone(jobs[1], tiny)
    assert (mine * lone).sum() / np.linalg.norm(mine) / np.linalg.norm(lone) > 0.999


def test_one_that_finds_no_memory_beside_others_waits_for_them(many, trainer, monkeypatch):
    """What a full card does while images are encoded: the libraries raise this error."""
    (first,) = many("first", steps=ENDLESS)
    trainer.start()
    wait_until(lambda: Job.objects.get(pk=first.pk).step > 0, "the first steps")
    encode, tried = data.Latents.__init__, []

    def full(self, base, images, **options):
        if len(images) == 3:  # of a job, not its previews
            tried.append(len(trainer.attempts))
            if len(trainer.attempts) > 1:
                raise torch.OutOfMemoryError("CUDA out of memory")
        encode(self, base, images, **options)

    monkeypatch.setattr(data.Latents, "__init__", full)
    (second,) = many("second")
    WAKE.set()
    wait_until(lambda: tried, "the second, beside the first")
    wait_until(lambda: states()["second"] == State.QUEUED, "its way back into the queue")
    assert trainer._pack.room_for(second.base.defaults["batch_size"]) is None  # it is not tried again and again
    cancel_job(job=Job.objects.get(pk=first.pk))
    wait_until(lambda: states()["second"] == State.SUCCEEDED, "the second, alone", seconds=60)
    assert tried == [2, 1] and Job.objects.get(pk=second.pk).attempts == 1


def test_one_that_finds_no_memory_at_all_fails_with_a_sentence(many, trainer, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(data.Latents, "__init__", full)
    (job,) = many("alone")
    trainer.start()
    wait_until(lambda: states()["alone"] == State.FAILED, "the end of it")
    job.refresh_from_db()
    assert job.error_code == "out_of_memory" and "not enough memory for this base model" in job.error_message


def test_a_job_of_another_base_model_waits_its_turn_and_so_do_those_behind_it(many, tiny, trainer):
    other = BaseModel.objects.get(pk=tiny.pk)
    other.pk, other.slug = None, "other"
    other.save()
    started = []

    class Noting(Attempt):
        def on_stage(self, stage):
            super().on_stage(stage)
            if stage == "loading":
                running = Job.objects.filter(state=State.RUNNING).values_list("name", flat=True)
                started.append(sorted(running))

    many("one", steps=20)
    many("two", base=other)
    many("three")
    trainer.attempt_of = Noting
    trainer.start()
    wait_until(lambda: set(states().values()) == {State.SUCCEEDED}, "all three", seconds=60)
    assert started == [["one"], ["two"], ["three"]]
