"""A finished job is trained further: from its optimiser state, on a schedule of its own, to the next version."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from registry import quota
from tests.training.results import vectors_of
from training import leases, publishing, transitions
from training.attempt import Attempt
from training.errors import BadSetting, TooManyJobs, WrongState
from training.models import Job, JobCheckpoint, State
from training.recipe import config_of
from training.runner import Trainer
from training.services import retry_job, train_further


@pytest.fixture
def trainer():
    return Trainer()


@pytest.fixture
def trained(trainer):
    """Let the next job train to its end."""

    def run(job):
        trainer.train(transitions.claim(worker=trainer.name))
        job.refresh_from_db()
        assert job.state == State.SUCCEEDED, job.error_message
        return job

    return run


@pytest.fixture
def done(alice, submit, tiny, trained):
    tiny.defaults |= {"evaluate_every": 2}
    tiny.save()
    return trained(submit(alice, base=tiny))


def test_it_goes_on_where_the_job_ended_and_becomes_the_next_version(done, trained, trainer):
    steps = []

    class Counting(Attempt):
        def on_progress(self, progress):
            super().on_progress(progress)
            steps.append(progress.step)

    trainer.attempt_of = Counting
    job = train_further(job=done, steps=4)
    assert (job.total_steps, job.further, job.start, job.continues, job.step) == (10, 4, 6, done, 0)
    trained(job)
    assert steps == [8, 10]
    assert (job.embedding, job.version.number) == (done.embedding, 2)
    assert job.version.notes == "Trained 4 steps further." and job.version.previews.count() == 12
    receipt = job.version.receipt
    assert receipt["continues"] == done.pk and receipt["best_step"] > 6
    assert receipt["fixed_loss_curve"][0][0] == 0  # measured from the very beginning
    assert not np.array_equal(vectors_of(job), vectors_of(done))
    assert min(look.step for look in job.snapshots.all()) > 6


def test_the_moments_of_the_optimiser_go_along(done, trained, tiny):
    """From the same vectors without them, the first steps would be others."""
    job = train_further(job=done, steps=2)
    state = JobCheckpoint.objects.get(job=job).state
    with_moments = vectors_of(trained(job))
    assert bytes(state) == bytes(JobCheckpoint.objects.get(job=done).state)

    from safetensors.torch import load, save

    from training.inversion.loop import train
    from training.inversion.models import load_base
    from training.recipe import images_of

    data = bytes(state)[:-32]  # without its digest
    tensors = load(data)
    assert tensors["method.exp_avg"].abs().sum() > 0
    header = {"state": engine_state_header(data)}
    bare = save({n: v * 0 if n == "method.exp_avg" else v for n, v in tensors.items()}, metadata=header)
    bare += hashlib.sha256(bare).digest()
    without = train(config_of(job), images_of(job), base=load_base(tiny.source), resume=bare).vectors
    whole = train(config_of(job), images_of(job), base=load_base(tiny.source), resume=bytes(state)).vectors
    assert np.array_equal(whole, with_moments) and not np.array_equal(without, with_moments)


def engine_state_header(data):
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["state"]


def test_it_can_be_trained_further_again_and_again(done, trained):
    second = trained(train_further(job=done, steps=2))
    third = trained(train_further(job=second, steps=2))
    assert (third.total_steps, third.version.number) == (10, 3)


def test_stopped_on_the_way_it_goes_on_and_ends_the_same(done, submit, trained, tiny):
    tiny.defaults |= {"checkpoint_every": 2}
    tiny.save()
    whole = vectors_of(trained(train_further(job=done, steps=8)))

    class Stopping(Attempt):
        def on_progress(self, progress):
            super().on_progress(progress)
            if progress.step >= 10:
                self.end("stop")

    other = Trainer()
    other.attempt_of = Stopping
    Job.objects.exclude(pk=done.pk).get().embedding.versions.filter(number=2).delete()
    job = train_further(job=done, steps=8)
    other.train(transitions.claim(worker=other.name))
    assert leases.kept_state(leases.Lease(job.pk, 1, "")) != bytes(JobCheckpoint.objects.get(job=done).state)
    assert np.array_equal(vectors_of(trained(job)), whole)


def test_an_embedding_that_is_deleted_while_its_next_version_is_written_leaves_a_draft(done, trained, monkeypatch):
    job, add_version = train_further(job=done, steps=2), publishing.add_version

    def too_late(**said):
        done.embedding.delete()
        return add_version(**said)

    monkeypatch.setattr(publishing, "add_version", too_late)
    trained(job)
    assert (str(job.embedding), job.version.number) == ("alice/cobalt-heart", 1)


def test_one_that_failed_is_tried_again_from_the_same_end(done, trained):
    job = train_further(job=done, steps=4)
    transitions.fail(transitions.claim(worker="w"), code="diverged", message="It broke.")
    job.refresh_from_db()
    again = retry_job(job=job)
    assert (again.start, again.continues, again.name) == (6, done, done.name)
    assert trained(again).version.number == 2


def test_what_cannot_be_trained_further_is_told(alice, done, submit, settings):
    with pytest.raises(BadSetting, match="1 to 19994 steps"):
        train_further(job=done, steps=0)
    with pytest.raises(BadSetting, match="1 to 19994 steps"):
        train_further(job=done, steps=19_995)
    waiting = submit(alice, name="waiting")
    with pytest.raises(WrongState, match="made an embedding"):
        train_further(job=waiting, steps=5)
    settings.HUB_ACCOUNT_JOBS = 1
    with pytest.raises(TooManyJobs):
        train_further(job=done, steps=5)
    JobCheckpoint.objects.filter(job=done).delete()
    with pytest.raises(WrongState, match="was deleted"):
        train_further(job=done, steps=5)
    assert Job.objects.count() == 2


def test_page_and_api_offer_it_to_its_owner(alice, bob, done, as_user, api_as):
    page = as_user(alice).get(done.get_absolute_url()).content.decode()
    assert "Train further" in page
    answer = as_user(alice).post(f"{done.get_absolute_url()}/further", {"steps": "4"})
    further = Job.objects.get(continues=done)
    assert answer.url == further.get_absolute_url() and further.further == 4
    assert (
        f'<dt>Goes on from</dt><dd><a href="{done.get_absolute_url()}"'
        in as_user(alice).get(answer.url).content.decode()
    )
    answer = api_as(alice).post(f"/api/hub/jobs/{done.pk}/further", {"steps": 5})
    assert (answer.status_code, answer.json()["further"], answer.json()["continues"]) == (201, 5, done.pk)
    assert api_as(bob).post(f"/api/hub/jobs/{done.pk}/further", {"steps": 5}).status_code == 404


def test_results_are_published_however_full_the_account_is_by_then(alice, submit, tiny, trained):
    def fill(owner, megabytes):
        owner.megabytes = megabytes
        owner.save()

    first = submit(alice, base=tiny)
    fill(alice, 0)
    done = trained(first)
    fill(done.owner, 100)
    further = train_further(job=done, steps=2)
    fill(done.owner, 0)
    assert trained(further).version.number == 2
    assert quota.bytes_stored(alice) >= sum(preview.size for preview in further.version.previews.all()) > 0
