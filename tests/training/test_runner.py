"""One job through the trainer: what it leaves on the row and in the registry, and how it ends when it cannot go on."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.db.models import F
from PIL import Image

from registry import storage
from registry.models import Embedding, Version
from registry.pages.comparison import compare
from tests.training.results import alone, beat, vectors_of
from tests.training.samples import picture
from training import leases, publishing, runner, transitions
from training.attempt import Attempt
from training.failures import INTERNAL_MESSAGE
from training.inversion.callbacks import Progress
from training.inversion.loop import train
from training.inversion.models import load_base
from training.leases import LeaseLost
from training.models import BaseModel, Job, JobPreview, State
from training.recipe import STRENGTHS, config_of
from training.runner import Trainer
from training.services import cancel_job, publish_draft


@pytest.fixture
def run(submit, tiny):
    """Submit a job on the tiny base model, claim and train it; return it as it ended."""

    def make(owner, before=lambda job: None, trainer=None, **changes):
        job = submit(owner, **({"base": tiny} | changes))
        before(job)
        trainer = trainer or Trainer()
        trainer.train(transitions.claim(worker=trainer.name))
        job.refresh_from_db()
        return job

    return make


def test_a_job_ends_as_a_private_draft_with_its_grid_and_receipt(alice, run):
    job = run(alice, seed=3)
    assert (job.state, job.error_code, job.stage) == (State.SUCCEEDED, "", "")
    assert job.step == job.total_steps == 6 and job.loss_curve[-1] == [6, pytest.approx(job.loss, abs=1e-4)]
    assert job.finished is not None and job.lease_until is None
    embedding, version = job.embedding, job.version
    assert (str(embedding), embedding.token) == ("alice/cobalt-heart", "<cobalt-heart>")
    assert (embedding.kind, embedding.base) == ("object", "pocket")
    assert embedding.visibility == "private" and version.number == 1
    drawn = list(version.previews.all())
    grid = {
        (preview.template, preview.seed, preview.variant): preview.prompt for preview in drawn if preview.strength == 1
    }
    prompts = {
        ("a photo of a {}", "learned"): "a photo of a <cobalt-heart>",
        ("a photo of a {}", "initialiser"): "a photo of a thing",
        ("a large {}", "learned"): "a large <cobalt-heart>",
        ("a large {}", "initialiser"): "a large thing",
    }
    assert grid == {
        (template, seed, variant): prompt for (template, variant), prompt in prompts.items() for seed in (1, 2)
    }
    steps = drawn[len(grid) :]  # after the grid, so that none becomes the cover
    assert [preview.strength for preview in steps] == list(STRENGTHS)
    assert {(preview.prompt, preview.seed) for preview in steps} == {("a photo of a <cobalt-heart>", 1)}
    assert len({preview.blob for preview in [drawn[0], drawn[1], *steps]}) == 6
    assert version.cover == Embedding.objects.with_cards().get(pk=embedding.pk).latest.cover == drawn[0]
    shown = compare(version)
    assert len(shown.pairs) == 4 and [preview.strength for preview in shown.strengths] == [0.25, 0.5, 0.75, 1, 1.25]
    assert version.receipt["job"] == job.pk and version.receipt["config"]["seed"] == 3
    publish_draft(job=job)
    embedding.refresh_from_db()
    assert embedding.visibility == "public"


def test_the_page_of_a_draft_says_what_was_measured_of_it(alice, as_user, run):
    page = as_user(alice).get(run(alice).embedding.get_absolute_url()).content.decode()
    receipt = page[page.index("Training receipt") :]
    for words in ("Gain", "lower loss on its images than with “thing”", "Obedience", "Variety"):
        assert words in receipt
    assert "one it was not trained on" not in receipt  # three images: none could be spared


def test_the_published_vectors_are_those_that_the_engine_learns_alone(alice, run, tiny):
    job = run(alice, seed=11)
    assert vectors_of(job).shape == (2, 128)
    assert np.array_equal(vectors_of(job), alone(job, tiny))


def test_previews_are_webp_files_that_say_a_model_drew_them(alice, run):
    job = run(alice)
    assert job.previews.filter(final=True).count() == 12 and job.previews.filter(final=False).exists()
    for preview in job.previews.all():
        data = storage.read(preview.blob)
        image = Image.open(io.BytesIO(data))
        assert (image.format, image.size) == ("WEBP", (preview.width, preview.height))
        assert b"trainedAlgorithmicMedia" in data


def test_a_name_taken_while_the_job_trained_gets_a_number(alice, run):
    run(alice)
    job = run(alice, name="second", before=lambda job: Job.objects.filter(pk=job.pk).update(name="cobalt-heart"))
    assert (job.state, job.embedding.name) == (State.SUCCEEDED, "cobalt-heart-2")


def test_a_base_model_that_cannot_be_loaded_fails_the_job_with_a_reason(alice, run, tiny, tmp_path):
    tiny.source = str(tmp_path / "gone")
    tiny.save()
    job = run(alice)
    assert (job.state, job.error_code, job.traceback) == (State.FAILED, "base_unavailable", "")
    assert "gone" in job.error_message and str(tmp_path) not in job.error_message


def test_a_token_that_only_the_worker_can_know_for_a_word_fails_the_job_with_a_reason(alice, run):
    job = run(alice, before=lambda job: Job.objects.filter(pk=job.pk).update(token="kite"))
    assert (job.state, job.error_code) == (State.FAILED, "token_in_vocabulary")
    assert "kite is already a word" in job.error_message


def test_a_bug_fails_the_job_with_a_plain_sentence_and_keeps_the_traceback_for_staff(alice, run, monkeypatch):
    monkeypatch.setattr(runner, "images_of", lambda job: 1 / 0)
    job = run(alice)
    assert (job.state, job.error_code, job.error_message) == (State.FAILED, "internal", INTERNAL_MESSAGE)
    assert "ZeroDivisionError" in job.traceback


def test_images_that_the_storage_lost_fail_the_job_and_tell_what_to_do(alice, run):
    job = run(alice, before=lambda job: job.images.update(blob="f" * 64))
    assert (job.state, job.error_code) == (State.FAILED, "images_lost")
    assert "Submit the job again" in job.error_message and "BlobMissing" in job.traceback


def test_after_a_failure_the_same_trainer_goes_on_with_the_next_job(alice, run):
    trainer = Trainer()
    assert run(alice, trainer=trainer, before=lambda job: job.images.update(blob="f" * 64)).state == State.FAILED
    assert run(alice, trainer=trainer).state == State.SUCCEEDED


@pytest.mark.parametrize("reason", ["cancel", "stop", "lost"])
def test_training_that_shall_end_leaves_the_job_as_the_reason_says(alice, submit, tiny, reason):
    job = submit(alice, base=tiny, steps=20_000)
    lease = transitions.claim(worker="w")
    trainer = Trainer()
    begun = []

    class Ending(Attempt):
        def on_progress(self, progress):
            super().on_progress(progress)
            if not begun:
                begun.append(progress.step)
                if reason == "cancel":
                    cancel_job(job=job)
                if reason == "lost":
                    Job.objects.filter(pk=job.pk).update(fence=F("fence") + 1, worker="thief")
                if reason == "stop":
                    self.end("stop")
                beat(self)

    trainer.attempt_of = Ending
    trainer.train(lease)
    job.refresh_from_db()
    expected = {
        "cancel": (State.CANCELLED, "w", 1),
        "stop": (State.QUEUED, "", 0),
        "lost": (State.RUNNING, "thief", 1),
    }
    assert (job.state, job.worker, job.attempts) == expected[reason]
    assert begun and job.step < 20 and not Embedding.objects.exists()


def test_a_job_that_takes_longer_than_a_job_may_fails_and_says_so(alice, submit, tiny, settings):
    settings.HUB_JOB_MINUTES = 0.01
    job = submit(alice, base=tiny, steps=20_000)
    trainer = Trainer()
    trainer.train(transitions.claim(worker=trainer.name))
    job.refresh_from_db()
    assert (job.state, job.error_code) == (State.FAILED, "time_limit")
    assert "minutes of a worker's time" in job.error_message and job.step < 20_000
    assert not hasattr(job, "checkpoint")


def test_a_result_is_published_once_and_only_by_who_holds_the_job(alice, submit, tiny):
    job = submit(alice, base=tiny)
    old = transitions.claim(worker="w1")
    images = [Image.open(io.BytesIO(picture(number))) for number in range(3)]
    inversion = train(config_of(job), images, base=load_base(tiny.source))
    rest = {"state": b"where it ended", "seconds": 1.5}
    Job.objects.filter(pk=job.pk).update(lease_until="2020-01-01T00:00Z")
    new = transitions.claim(worker="w2")
    with pytest.raises(LeaseLost):
        publishing.publish(lease=old, inversion=inversion, **rest)
    assert not Version.objects.exists()
    version = publishing.publish(lease=new, inversion=inversion, **rest)
    with pytest.raises(LeaseLost):
        publishing.publish(lease=new, inversion=inversion, **rest)
    job.refresh_from_db()
    assert (Version.objects.get(), job.version) == (version, version)


def test_progress_is_kept_until_the_next_report_and_the_curve_stays_short(alice, submit, tiny):
    job = submit(alice, base=tiny)
    run = Attempt(transitions.claim(worker="w"))
    for step in range(1, 1001):
        run.on_progress(Progress(step=step, total_steps=1000, loss=1 / step, steps_per_second=5.0, seconds_left=2.0))
    beat(run)
    job.refresh_from_db()
    assert (job.step, job.loss, job.steps_per_second, job.seconds_left) == (1000, 0.001, 5.0, 2.0)
    assert len(job.loss_curve) <= 200 and job.loss_curve[-1] == [1000, 0.001]
    assert run.ending == ""


def test_a_worker_that_cannot_renew_gives_the_job_up_before_its_lease_ends(alice, submit, tiny):
    submit(alice, base=tiny)
    run = Attempt(transitions.claim(worker="w"))
    run.renewed -= leases.LEASE_SECONDS  # it has slept
    run.lease = leases.Lease(run.lease.job_id, run.lease.fence, "nobody")  # and somebody else may have the job
    beat(run)
    assert run.ending == "lost"


def test_a_thorough_job_goes_on_until_nothing_more_is_learned(alice, submit, tiny):
    assert config_of(submit(alice, base=tiny)).early_stop == 0
    thorough = config_of(submit(alice, base=tiny, name="thorough", preset="thorough"))
    assert (thorough.steps, thorough.early_stop) == (12, 0.02)
    tiny.defaults |= {"early_stop": 0.1}
    tiny.save()
    assert config_of(submit(alice, base=tiny, name="operator", preset="thorough")).early_stop == 0.1


def test_a_base_model_without_settings_of_its_own_uses_the_engines(alice, submit):
    job = submit(alice)
    job.base = BaseModel(slug="plain", source="x", family="sd1", resolution=512)
    config = config_of(job)
    assert (
        config.preview_prompts == ("a photo of {}", "a painting of {}") and config.placeholder_token == "<cobalt-heart>"
    )
    assert not JobPreview.objects.exists()
