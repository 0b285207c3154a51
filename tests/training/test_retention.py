"""Training images: kept for a named time, deleted at once where their owner wishes, and never from under another job."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.models import F

from registry import blobs, quota, storage
from tests.training.results import bring
from training import limits, retention
from training.errors import NoSpace, WrongState
from training.limits import RESULT_BYTES, limits_of
from training.models import Allowance, Job, JobCheckpoint, JobImage, State
from training.services import cancel_job, retry_job, train_further

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(alice, submit):
    return bring(submit(alice), State.FAILED)


def end_earlier(by):
    Job.objects.update(finished=F("finished") - by)


def go_on():
    return False


def test_the_images_of_old_jobs_are_deleted_and_those_of_others_stay(alice, submit, settings):
    settings.HUB_TRAINING_IMAGES_DAYS = 30
    old, cancelled = bring(submit(alice), State.FAILED), submit(alice)
    JobCheckpoint.objects.create(job=old, step=3, state=b"state")
    cancel_job(job=cancelled)
    end_earlier(timedelta(days=30, minutes=1))
    young, waiting = bring(submit(alice), State.SUCCEEDED), submit(alice, name="second-heart")
    assert retention.delete_old_images(go_on) == 2
    assert {image.job_id for image in JobImage.objects.all()} == {young.pk, waiting.pk}
    assert not JobCheckpoint.objects.filter(job=old).exists()
    old.refresh_from_db()
    assert old.images_deleted is not None and retention.kept_until(old) is None
    assert retention.kept_until(young) == young.finished + timedelta(days=30)
    assert retention.kept_until(waiting) is None
    assert retention.delete_old_images(go_on) == 0


def test_many_old_jobs_are_done_in_several_transactions_and_it_stops_between_them(alice, submit, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(5):
        cancel_job(job=submit(alice))
    end_earlier(timedelta(days=400))
    looks = iter([False, True])
    assert retention.delete_old_images(lambda: next(looks)) == 2
    assert retention.delete_old_images(go_on) == 3


def test_an_unfinished_job_keeps_its_images(alice, submit):
    job = submit(alice)
    with pytest.raises(WrongState, match="still needs its images"):
        retention.delete_images(job=job)
    assert job.images.count() == 3 and retention.kept_images(job) is None


def test_who_deletes_images_can_neither_try_again_nor_train_further(alice, failed):
    assert retention.delete_images(job=failed) is True
    assert retention.delete_images(job=failed) is False
    failed.refresh_from_db()
    with pytest.raises(WrongState, match="images of this job were deleted"):
        retry_job(job=failed)
    with pytest.raises(WrongState):
        train_further(job=failed, steps=5)
    assert Job.objects.count() == 1


def test_blobs_that_another_job_names_are_not_swept(alice, submit, failed):
    again = retry_job(job=failed)
    retention.delete_images(job=failed)
    for file in Path(storage.default_storage.location).rglob("*"):
        os.utime(file, (then := time.time() - blobs.MIN_AGE.total_seconds() - 60, then))
    assert blobs.sweep().removed == 0
    cancel_job(job=again)
    retention.delete_images(job=again)
    assert blobs.sweep().removed == 3


@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_tried_again_while_its_images_are_deleted_has_all_or_is_refused(alice, failed):
    deleted = []

    def delete():
        try:
            deleted.append(retention.delete_images(job=failed))
        finally:
            connection.close()

    deleting = threading.Thread(target=delete)
    with transaction.atomic():
        again = retry_job(job=failed)
        deleting.start()
        deleting.join(0.5)
        assert deleting.is_alive()  # it waits, so that the blobs are never named by nobody
    deleting.join(10)
    assert deleted == [True] and again.images.count() == 3 and failed.images.count() == 0


def test_the_page_says_when_images_go_and_deletes_them_at_once(as_user, alice, bob, failed):
    Job.objects.update(finished="2026-11-26T12:00:00Z")
    address = failed.get_absolute_url()
    client = as_user(alice)
    page = client.get(address).content.decode()
    assert "Training images are deleted on 26 December 2026" in page and "3 images, " in page
    assert "Try again" in page
    assert client.post(f"{address}/images/delete", follow=True).status_code == 200
    page = client.get(address).content.decode()
    assert "The training images were deleted on" in page and "Try again" not in page
    assert as_user(bob).post(f"{address}/images/delete").status_code == 404


def test_staff_see_no_button(as_user, sam, failed):
    assert "images/delete" not in as_user(sam).get(failed.get_absolute_url()).content.decode()


def test_programs_see_the_day_and_delete_at_once(api_as, alice, submit, failed):
    client, address = api_as(alice), f"/api/hub/jobs/{failed.pk}"
    job = client.get(address).json()
    assert (job["images"], job["images_deleted"]) == (3, None)
    assert job["images_kept_until"].startswith((failed.finished + timedelta(days=30)).date().isoformat())
    assert api_as(alice, scopes=["read"]).delete(f"{address}/images").status_code == 403
    assert [client.delete(f"{address}/images").status_code for _ in range(2)] == [204, 204]
    job = client.get(address).json()
    assert (job["images"], job["images_kept_until"]) == (0, None) and job["images_deleted"]
    conflict = client.post(f"{address}/retry")
    assert conflict.status_code == 409 and "were deleted" in conflict.json()["error"]["message"]
    conflict = client.delete(f"/api/hub/jobs/{submit(alice).pk}/images")
    assert conflict.status_code == 409 and "Cancel it first" in conflict.json()["error"]["message"]


def test_opening_a_job_marks_its_notice_as_seen_and_only_then(as_user, alice, submit):
    client = as_user(alice)
    job = bring(submit(alice), State.FAILED)
    other = bring(submit(alice), State.FAILED)
    assert alice.notices.filter(seen=None).count() == 2
    client.get("/jobs")
    client.get(job.get_absolute_url())
    assert [notice.url for notice in alice.notices.filter(seen=None)] == [other.get_absolute_url()]


def test_images_without_room_for_them_are_refused_before_they_are_stored(alice, submit, monkeypatch):
    monkeypatch.setattr(limits, "RESULT_BYTES", 1000)
    monkeypatch.setattr(quota, "MEGABYTE", 1)
    submit(alice, name="first")
    size = quota.bytes_stored(alice)
    before = len(list(Path(storage.default_storage.location).rglob("*")))
    alice.megabytes = size + 2 * 1000 - 1  # the results of the first and of the next
    alice.save()
    with pytest.raises(NoSpace, match="unfinished jobs will make"):
        submit(alice)  # the same images, which count as new until they are stored
    assert len(list(Path(storage.default_storage.location).rglob("*"))) == before and Job.objects.count() == 1
    alice.megabytes += 1 + size
    submit(alice)
    assert quota.bytes_stored(alice) == size


def test_a_retry_needs_room_for_its_result_only(alice, failed):
    alice.megabytes = 1
    alice.save()
    with pytest.raises(NoSpace):
        retry_job(job=Job.objects.get(pk=failed.pk))
    alice.megabytes = 1 + RESULT_BYTES // quota.MEGABYTE
    alice.save()
    retry_job(job=Job.objects.get(pk=failed.pk))


def test_what_is_left_is_shown_on_the_page_and_to_programs(as_user, api_as, alice, submit, settings):
    settings.HUB_ACCOUNT_JOBS, settings.HUB_ACCOUNT_MINUTES_A_DAY = 5, 100
    Allowance.objects.create(owner=alice, minutes_a_day=40)
    bring(submit(alice), State.FAILED)
    submit(alice)
    Job.objects.filter(state="failed").update(device_seconds=630)
    left = api_as(alice).get("/api/hub/allowance").json()
    assert left["unfinished_jobs"] == {"allowed": 5, "used": 1, "left": 4}
    assert left["minutes"] == {"allowed": 40, "used": 10.5, "left": 29.5}
    assert left["megabytes"]["allowed"] == 2000 and 0 < left["megabytes"]["used"] < 0.1
    page = as_user(alice).get("/train").content.decode()
    assert "4 of 5 left" in page and "30 of 40 minutes left" in page and "0.0 of 2000 MB used" in page
    settings.HUB_ACCOUNT_JOBS = 0
    assert limits_of(alice).unfinished_jobs.left == 0


def test_staff_allow_an_account_more(client, sam, alice):
    sam.is_superuser = True
    sam.save()
    client.force_login(sam)
    fields = {"owner": alice.pk, "unfinished_jobs": 50, "running_jobs": "", "minutes_a_day": 0}
    assert client.post("/admin/training/allowance/add/", fields).status_code == 302
    own = limits_of(alice)
    assert (own.unfinished_jobs.allowed, own.running_jobs.allowed, own.minutes.allowed) == (50, 4, 0)
    assert b"megabytes" in client.get(f"/admin/accounts/user/{alice.pk}/change/").content
    assert client.get("/admin/training/allowance/").status_code == 200
