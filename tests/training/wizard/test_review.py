"""The last step: honest times, the place in the queue, and another base model."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.training.results import bring
from training.estimates import estimates_of
from training.models import BaseModel, Job, State, Worker
from training.queue import place_of, place_of_next

pytestmark = pytest.mark.django_db


def finish(job, seconds, steps=None):
    job = bring(job, State.SUCCEEDED)
    Job.objects.filter(pk=job.pk).update(
        started=F("finished") - timedelta(seconds=seconds), step=steps or job.total_steps, device_seconds=seconds
    )


def test_times_are_those_of_jobs_like_it_else_of_their_speed_else_the_base_model_s_own(alice, pocket, submit):
    assert estimates_of(pocket)["balanced"].seconds == 30 and estimates_of(pocket)["balanced"].jobs == 0
    for number, seconds in enumerate((40, 60, 50)):
        finish(submit(alice, name=f"done-{number}"), seconds)
    times = estimates_of(pocket)
    assert (times["balanced"].seconds, times["balanced"].jobs) == (50, 3)
    assert times["quick"].seconds == pytest.approx(150 * 50 / 300) and times["quick"].jobs == 3
    finish(submit(alice, name="slow", preset="thorough"), 70, steps=250)  # it stopped early
    assert (estimates_of(pocket)["thorough"].seconds, estimates_of(pocket)["thorough"].jobs) == (70, 1)


def test_a_base_model_of_which_nothing_is_known_is_said_to_be_one(client, ready, pocket):
    BaseModel.objects.update(slug="new", title="New")
    page = client.get(f"/train/{ready.pk}/review").content.decode()
    assert page.count("not known yet") == 3 and "nobody knows how long it takes" in page


def test_what_nobody_has_measured_is_said_to_be_the_base_model_s_figure(client, ready):
    page = client.get(f"/train/{ready.pk}/review").content.decode()
    assert "about 30 s" in page and "Nothing was measured on this hub yet" in page


def test_the_place_it_would_get_is_the_one_it_gets(alice, bob, pocket, submit):
    Worker.objects.create(name="w", slots=8)
    finish(submit(alice, name="first"), 30)
    for number in range(2):
        submit(bob, name=f"bobs-{number}")
    submit(alice, name="hers")
    for owner in (alice, bob):
        told = place_of_next(owner=owner, base=pocket, steps=300)
        got = place_of(submit(owner, name="the-new"))
        assert (told.number, told.held) == (got.number, got.held)
        assert told.seconds == pytest.approx(got.seconds)


def test_an_account_that_has_used_its_minutes_is_told(client, ready, settings):
    settings.HUB_ACCOUNT_MINUTES_A_DAY = 0
    assert "minutes of the last 24 hours are used up" in client.get(f"/train/{ready.pk}/review").content.decode()


def test_the_day_is_told_on_which_the_pictures_go(client, ready, settings):
    settings.HUB_TRAINING_IMAGES_DAYS = 12
    day = timezone.now() + timedelta(days=12, seconds=30)
    assert f"{day:%-d %B %Y}" in client.get(f"/train/{ready.pk}/review").content.decode()


def test_another_base_model_looks_at_the_pictures_anew(client, ready, pocket):
    large = BaseModel.objects.create(slug="large", title="Large", family="sd1", source="/none", resolution=512)
    off = BaseModel.objects.create(slug="off", title="Off", family="sd1", source="/none", resolution=64, enabled=False)
    assert "Use this base model" in client.get(f"/train/{ready.pk}/review").content.decode()
    client.post(f"/train/{ready.pk}/base", {"base": off.slug})
    ready.refresh_from_db()
    assert ready.base == pocket
    client.post(f"/train/{ready.pk}/base", {"base": large.slug})
    assert client.get(f"/train/{ready.pk}/review")["Location"] == f"/train/{ready.pk}/images"
    page = client.get(f"/train/{ready.pk}/images").content.decode()
    assert "Checked for Large" in page and page.count("Too small") == 3


def test_the_review_asks_as_often_whatever_there_is(client, alice, ready, submit):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/train/{ready.pk}/review").status_code == 200
        return len(queries)

    before = asked()
    for number in range(3):
        finish(submit(alice, name=f"done-{number}"), 20)
    for number in range(3):
        submit(alice, name=f"waits-{number}")
    assert asked() == before
