"""Submitting, cancelling, retrying and publishing: what is refused, and that a refusal leaves nothing behind."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from registry import storage
from tests.training.results import bring
from tests.training.samples import picture
from training import services, transitions
from training.bases import ensure_builtin_bases
from training.errors import (
    BadImage,
    BadSetting,
    BaseUnknown,
    NameTaken,
    TokenInVocabulary,
    TooManyJobs,
    WrongState,
)
from training.models import BaseModel, Job, JobImage, Preset, State
from training.pocket import info
from training.queue import place_of
from training.services import cancel_job, publish_draft, retry_job


def test_a_job_is_stored_with_its_images_and_waits(alice, submit):
    job = submit(alice, captions=["a {}", "b {}", "c {}"], seed=7, vectors=3)
    assert (job.state, place_of(job).number, job.fence, job.attempts) == (State.QUEUED, 1, 0, 0)
    assert (job.initialiser, job.vectors, job.seed, job.captions) == ("thing", 3, 7, ["a {}", "b {}", "c {}"])
    assert [image.filename for image in job.images.all()] == ["0.png", "1.png", "2.png"]
    assert [image.position for image in job.images.all()] == [0, 1, 2]
    assert all(storage.read(image.blob).startswith(b"\x89PNG") for image in job.images.all())


@pytest.mark.parametrize(("preset", "share"), [("quick", 0.5), ("balanced", 1), ("thorough", 2)])
def test_a_preset_is_a_share_of_the_base_models_steps(alice, submit, pocket, preset, share):
    assert submit(alice, preset=preset).total_steps == round(pocket.defaults["steps"] * share)


def test_steps_that_are_given_outweigh_the_preset(alice, submit):
    assert submit(alice, preset=Preset.THOROUGH, steps=17).total_steps == 17


REFUSED = {
    "two images": ({"images": [("a.png", picture(1)), ("b.png", picture(2))]}, BadImage, "images", "at least 3"),
    "not an image": (
        {"images": [("a.png", picture(1)), ("b.png", b"text"), ("c.png", picture(3))]},
        BadImage,
        "images",
        "b.png",
    ),
    "unknown base": ({"base": "sd9"}, BaseUnknown, "base", "pocket"),
    "kind": ({"kind": "negative"}, BadSetting, "kind", "object, style"),
    "no initialiser": ({"initialiser": "  "}, BadSetting, "initialiser", "words"),
    "long initialiser": ({"initialiser": "a" * 201}, BadSetting, "initialiser", "200"),
    "preset": ({"preset": "heroic"}, BadSetting, "preset", "quick"),
    "no vectors": ({"vectors": 0}, BadSetting, "vectors", "1 to 16"),
    "many vectors": ({"vectors": 17}, BadSetting, "vectors", "1 to 16"),
    "many steps": ({"steps": 20_001}, BadSetting, "steps", "20000"),
    "negative seed": ({"seed": -1}, BadSetting, "seed", "0 to"),
    "short captions": ({"captions": ["a {}"]}, BadSetting, "captions", "3 images"),
    "caption without place": ({"captions": ["a {}", "b", "c {}"]}, BadSetting, "captions", "Caption 2"),
    "bad name": ({"name": "Not A Name"}, BadSetting, "name", "lower-case"),
    "reserved name": ({"name": "settings"}, BadSetting, "name", "reserved"),
    "no token": ({"token": " "}, BadSetting, "token", "placeholder token"),
    "token with a space": ({"token": "my cat"}, BadSetting, "token", "space"),
    "token with braces": ({"token": "<{}>"}, BadSetting, "token", "brace"),
    "token inside captions": ({"token": "hoto"}, BadSetting, "token", "<hoto>"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_trained_is_refused_by_field_and_leaves_nothing(case, alice, submit):
    changes, kind, field, words = REFUSED[case]
    with pytest.raises(kind) as refusal:
        submit(alice, **changes)
    assert refusal.value.field == field
    assert words.lower() in refusal.value.message.lower()
    assert not Job.objects.exists() and not JobImage.objects.exists()
    assert not Path(settings.MEDIA_ROOT).exists()


def test_a_disabled_base_model_takes_no_jobs(alice, submit, pocket):
    BaseModel.objects.update(enabled=False)
    pocket.refresh_from_db()
    with pytest.raises(BaseUnknown, match="takes no new jobs"):
        submit(alice)


def test_a_token_with_capitals_is_refused_with_how_it_is_read(alice, submit):
    with pytest.raises(BadSetting, match="read <My-Cat> as <my-cat>"):
        submit(alice, token="<My-Cat>")


@pytest.mark.parametrize("token", ["thing", "Thing", "<|endoftext|>"])
def test_a_word_of_the_base_model_is_refused_as_token(alice, submit, token):
    with pytest.raises(TokenInVocabulary, match="already a word of Pocket"):
        submit(alice, token=token)


def test_the_vocabulary_of_a_base_model_in_a_folder_is_read(alice, submit, pocket, tmp_path):
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "vocab.json").write_text('{"zebra</w>": 0, "<s>": 1}')
    pocket.source = str(tmp_path)
    for token in ("zebra", "ZEBRA", "<s>"):
        with pytest.raises(TokenInVocabulary):
            submit(alice, base=pocket, token=token)
    submit(alice, base=pocket, token="<zebra>")


def test_a_name_can_wait_for_one_embedding_only(alice, bob, submit):
    job = submit(alice)
    with pytest.raises(NameTaken, match="unfinished job"):
        submit(alice)
    submit(bob)  # names are each account's own
    cancel_job(job=job)
    submit(alice)


def test_an_account_has_a_limited_number_of_unfinished_jobs(alice, bob, submit):
    jobs = [submit(alice, name=f"job-{number}") for number in range(settings.HUB_ACCOUNT_JOBS)]
    with pytest.raises(TooManyJobs, match=str(settings.HUB_ACCOUNT_JOBS)):
        submit(alice, name="one-more")
    submit(bob)
    cancel_job(job=jobs[0])
    submit(alice, name="one-more")


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_for_submissions_at_the_same_time(alice, submit):
    for number in range(settings.HUB_ACCOUNT_JOBS - 1):
        submit(alice, name=f"job-{number}")
    start = threading.Barrier(4)

    def try_one(number):
        start.wait()
        try:
            submit(alice, name=f"late-{number}")
            return True
        except TooManyJobs:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(try_one, range(4))) == 1
    assert Job.objects.count() == settings.HUB_ACCOUNT_JOBS


@pytest.mark.django_db(transaction=True)
def test_a_committed_job_wakes_a_worker_through_the_queue(alice, submit):
    submit(alice)
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute("SELECT queue_name, message->>'actor_name' FROM dramatiq.queue")
            rows = cursor.fetchall()
        if rows:
            break
        threading.Event().wait(0.05)
    assert ("starword", "wake") in rows
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE dramatiq.queue")


def test_cancelling_a_waiting_job_ends_it_at_once(alice, submit):
    job = submit(alice)
    assert cancel_job(job=job) is True
    assert job.state == State.CANCELLED and job.finished is not None
    assert transitions.claim(worker="w") is None
    assert cancel_job(job=job) is False


def test_cancelling_a_running_job_asks_its_worker(alice, submit):
    job = submit(alice)
    transitions.claim(worker="w")
    assert cancel_job(job=job) is True
    assert (job.state, job.cancel_requested, job.finished) == (State.RUNNING, True, None)


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
def test_an_ended_job_stays_as_it_is(alice, submit, state):
    job = bring(submit(alice), state)
    asked = job.cancel_requested
    assert cancel_job(job=job) is False
    assert (job.state, job.cancel_requested) == (state, asked)


def test_a_retry_is_a_new_job_with_the_same_images_and_settings(alice, submit):
    job = submit(alice, seed=5, steps=33, captions=["a {}", "b {}", "c {}"])
    transitions.fail(transitions.claim(worker="w"), code="diverged", message="It broke.")
    job.refresh_from_db()
    again = retry_job(job=job)
    assert again.pk != job.pk
    assert (again.state, again.attempts, again.error_code) == (State.QUEUED, 0, "")
    for field in ("name", "token", "kind", "initialiser", "vectors", "total_steps", "seed", "captions", "base_id"):
        assert getattr(again, field) == getattr(job, field)
    assert [image.blob for image in again.images.all()] == [image.blob for image in job.images.all()]
    assert job.images.count() == 3


def test_a_job_that_waits_or_succeeded_is_not_retried(alice, submit):
    job = submit(alice)
    with pytest.raises(WrongState):
        retry_job(job=job)
    job.state = State.SUCCEEDED
    with pytest.raises(WrongState):
        retry_job(job=job)


def test_there_is_nothing_to_publish_before_a_job_has_succeeded(alice, submit):
    with pytest.raises(WrongState, match="nothing to publish"):
        publish_draft(job=submit(alice))


def test_the_built_in_base_model_is_registered_once_and_stays_disabled_if_it_was(pocket):
    BaseModel.objects.update(enabled=False, title="Old title")
    ensure_builtin_bases()
    base = BaseModel.objects.get()
    assert (base.title, base.enabled, base.source) == (info.TITLE, False, "pocket")
    assert services.find_base("pocket") == base


def test_images_too_small_for_the_base_model_are_refused_by_name(alice, submit, pocket):
    pocket.resolution = 512
    with pytest.raises(BadImage, match=r"^0\.png is 96 × 96 pixels, less than half of the 512"):
        submit(alice)
    assert not Job.objects.exists()


def test_captions_that_are_all_the_same_are_told(alice, submit):
    job = submit(alice, captions=["a {}"] * 3)
    assert "same_captions" in [finding["code"] for finding in job.findings]


def test_what_could_be_better_is_kept_with_the_job_and_copied_to_the_next(alice, submit):
    job = submit(alice)
    cancel_job(job=job)
    job = Job.objects.get(pk=job.pk)
    assert job.findings[-1]["code"] == "few_images"
    assert retry_job(job=job).findings == job.findings
