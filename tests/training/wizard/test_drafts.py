"""Drafts: begun, kept within limits, expired, and made into one job however often somebody clicks."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import F
from django.http import Http404

from registry import blobs, quota, storage
from tests.training.wizard.conftest import drawings, photo
from training import own_data
from training.models import DraftImage, Job, TrainingDraft
from training.rights import WORDING
from training.wizard import drafts
from training.wizard.drafts import LIFE, MAX_DRAFTS, delete_old_drafts, submit_draft

pytestmark = pytest.mark.django_db

REVIEW = {"preset": "quick", "steps": "", "seed": "7", "depicts_person": "no", "rights": "on"}


def test_a_draft_becomes_a_job_with_what_was_declared_and_lets_its_pictures_go(client, ready):
    answer = client.post(f"/train/{ready.pk}/review", REVIEW)
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}"
    assert (job.name, job.token, job.kind, job.initialiser, job.vectors) == ("my-koi", "<my-koi>", "object", "thing", 2)
    assert (job.preset, job.total_steps, job.seed, job.captions) == ("quick", 150, 7, None)
    assert (job.depicts_person, job.rights_wording) == ("no", WORDING) and job.rights_declared is not None
    assert job.images.count() == 3 and not DraftImage.objects.exists()
    for step in ("", "/images", "/concept", "/review"):
        assert client.get(f"/train/{ready.pk}{step}")["Location"] == f"/jobs/{job.pk}"
    assert "my-koi" not in client.get("/train").content.decode()


def test_a_second_click_leads_to_the_same_job(client, ready):
    first, second = (client.post(f"/train/{ready.pk}/review", REVIEW)["Location"] for _ in range(2))
    assert first == second and Job.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_one_time_make_one_job(alice, ready):
    jobs = []

    def click():
        try:
            jobs.append(submit_draft(owner=alice, pk=ready.pk, rights=True).pk)
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join(30)
    assert len(jobs) == 2 and len(set(jobs)) == 1 and Job.objects.count() == 1


def test_what_is_refused_at_the_end_leaves_the_draft_as_it_was(client, ready, settings):
    settings.HUB_ACCOUNT_JOBS = 0
    answer = client.post(f"/train/{ready.pk}/review", REVIEW)
    assert answer.status_code == 422 and "unfinished jobs" in answer.content.decode()
    ready.refresh_from_db()
    assert ready.job is None and ready.images.count() == 3 and ready.seed == 7


@pytest.mark.parametrize(
    ("missing", "told"), [("rights", "right to use them"), ("depicts_person", "who can be recognised")]
)
def test_nothing_is_trained_on_without_a_declaration(client, ready, missing, told):
    answer = client.post(f"/train/{ready.pk}/review", REVIEW | {missing: ""})
    assert answer.status_code == 422 and told in answer.content.decode()
    assert not Job.objects.exists()


def test_files_of_which_none_can_be_taken_begin_no_draft(as_user, alice, pocket):
    answer = as_user(alice).post("/train", {"images": [SimpleUploadedFile("notes.txt", b"hello" * 50)]})
    assert answer.status_code == 422 and "notes.txt is no image" in answer.content.decode()
    assert not TrainingDraft.objects.exists()


def test_a_file_that_cannot_be_taken_keeps_none_of_the_others_out(client, begin):
    draft = begin([*drawings(2), SimpleUploadedFile("broken.png", b"\x89PNG broken")])
    assert draft.images.count() == 2
    assert "broken.png is" in client.get(f"/train/{draft.pk}/images").content.decode()


def test_an_account_has_only_so_many_drafts(client, begin):
    for _ in range(MAX_DRAFTS):
        begin(drawings(1))
    answer = client.post("/train", {"images": drawings(1)})
    assert answer.status_code == 422 and "no more are kept" in answer.content.decode()
    client.post(f"/train/{TrainingDraft.objects.first().pk}/delete")
    begin(drawings(1))


def test_pictures_of_a_draft_count_for_the_account_and_do_not_fit_beyond_its_room(client, alice, begin):
    draft = begin(drawings(1))
    assert quota.bytes_stored(alice) == draft.images.get().size
    alice.megabytes = 0
    alice.save()
    answer = client.post(f"/train/{draft.pk}/images", {"images": [photo(1)]}, follow=True)
    assert "photo-1.png was not taken. Your account stores" in answer.content.decode()
    assert draft.images.count() == 1


def test_a_draft_that_nobody_touches_is_gone_after_the_time_that_is_told(client, alice, begin, ready):
    page = client.get(f"/train/{ready.pk}/images").content.decode()
    assert f"{ready.touched + LIFE:%-d %B %Y}" in page
    kept = begin(drawings(1))
    TrainingDraft.objects.filter(pk=ready.pk).update(touched=F("touched") - LIFE)
    assert client.get(f"/train/{ready.pk}/images").status_code == 404
    with pytest.raises(Http404):
        submit_draft(owner=alice, pk=ready.pk, rights=True)
    assert delete_old_drafts(lambda: False) == 1
    assert list(TrainingDraft.objects.values_list("pk", flat=True)) == [kept.pk]
    for file in Path(storage.default_storage.location).rglob("*"):
        os.utime(file, (then := time.time() - blobs.MIN_AGE.total_seconds() - 60, then))
    assert blobs.sweep().removed == 2  # the kept draft's picture is the first of the three
    TrainingDraft.objects.update(touched=F("touched") - LIFE - timedelta(days=1))
    assert delete_old_drafts(lambda: True) == 0 and delete_old_drafts(lambda: False) == 1


def test_many_old_drafts_go_in_several_transactions(begin, monkeypatch):
    monkeypatch.setattr(drafts, "BATCH", 2)
    for _ in range(5):
        begin(drawings(1))
    TrainingDraft.objects.update(touched=F("touched") - LIFE)
    assert delete_old_drafts(lambda: False) == 5


def test_steps_that_miss_something_lead_back_to_it(client, begin):
    draft = begin(drawings(2))
    for step in ("concept", "review"):
        assert client.get(f"/train/{draft.pk}/{step}")["Location"] == f"/train/{draft.pk}/images"
    client.post(f"/train/{draft.pk}/images", {"images": drawings(4)[3:]})
    assert client.get(f"/train/{draft.pk}/concept").status_code == 200
    assert client.get(f"/train/{draft.pk}/review")["Location"] == f"/train/{draft.pk}/concept"


def test_a_retry_declares_what_the_first_job_did(client, alice, ready):
    client.post(f"/train/{ready.pk}/review", REVIEW | {"depicts_person": "myself"})
    first = Job.objects.get()
    client.post(f"/jobs/{first.pk}/cancel")
    client.post(f"/jobs/{first.pk}/retry", {"name": "again"})
    again = Job.objects.latest("pk")
    assert (again.depicts_person, again.rights_declared, again.rights_wording) == (
        "myself",
        first.rights_declared,
        WORDING,
    )


def test_drafts_are_among_what_a_person_is_given_and_go_with_the_account(alice, bob, begin):
    draft = begin(drawings(2))
    given = {table.name: table.found.count() for table in own_data.tables(alice)}
    assert (given["training_drafts"], given["training_draft_images"]) == (1, 2)
    assert {table.found.count() for table in own_data.tables(bob)} == {0}
    blobs_of_it = set(draft.images.values_list("blob", flat=True))
    assert own_data.forget(alice) == blobs_of_it
    assert not TrainingDraft.objects.exists()
