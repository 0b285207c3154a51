"""``/metrics``: only for the token, whole, and in a form that Prometheus reads."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.training.crowd import crowd
from training import transitions
from training.bases import ensure_builtin_bases
from training.failures import Reason
from training.models import BaseModel, Job

TOKEN = "s3cret-of-the-scraper"


@pytest.fixture
def scrape(client, settings, db):
    """Read the metrics: values by name and labels."""
    settings.HUB_METRICS_TOKEN = TOKEN
    ensure_builtin_bases()

    def read():
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    return read


@pytest.mark.django_db
def test_without_a_setting_there_is_no_such_page(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("sent", [None, "", "Bearer", "Bearer wrong", f"bearer{TOKEN}", TOKEN, f"Bearer {TOKEN}x"])
def test_a_wrong_token_is_refused_with_a_sentence_and_no_statement(client, settings, sent, django_assert_num_queries):
    settings.HUB_METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={} if sent is None else {"Authorization": sent})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert "HUB_METRICS_TOKEN" in answer.content.decode() and TOKEN not in answer.content.decode()


def test_an_empty_hub_has_every_series_at_nought(scrape):
    found = scrape()
    assert set(found.values()) == {0}
    assert ("starword_jobs_queued", "none", "pocket") in found and (
        "starword_jobs_queued",
        "minutes",
        "pocket",
    ) in found
    assert ("starword_jobs_ended_total", "cancelled", "none") in found
    assert all(("starword_jobs_ended_total", *sorted(("failed", code))) in found for code in Reason.values)
    assert not any(name == "starword_lease_remaining_seconds" for name, *_ in found)


def test_they_tell_what_the_staff_page_tells(scrape, settings, django_assert_max_num_queries):
    settings.HUB_ACCOUNT_RUNNING_JOBS = 100
    crowd(BaseModel.objects.get())
    lease = transitions.claim(worker="w")
    Job.objects.filter(pk=lease.job_id).update(device_seconds=7)
    with django_assert_max_num_queries(4):
        found = scrape()
    failed = {code: found["starword_jobs_ended_total", *sorted(("failed", code))] for code in Reason.values}
    assert found["starword_jobs_queued", "none", "pocket"] == 23
    assert found["starword_jobs_running", "pocket"] == 25
    assert 0 < found["starword_lease_remaining_seconds", "pocket"] <= 60
    assert found["starword_queue_oldest_seconds", "none", "pocket"] > 600
    assert {key[1]: value for key, value in found.items() if key[0] == "starword_workers"} == {
        "ready": 1,
        "draining": 2,
        "silent": 1,
    }
    assert found["starword_jobs_ended_total", "none", "succeeded"] == 24
    assert sum(failed.values()) == 24 and failed["diverged"] > 0 and failed["bad_images"] == 0
    assert found["starword_device_seconds_total",] == 72 * 90 + 7


def test_a_code_that_is_not_known_any_more_is_told_all_the_same(scrape):
    crowd(BaseModel.objects.get(), people=1, each=1)
    Job.objects.filter(state="failed").update(error_code="of_an_earlier_version")
    assert scrape()["starword_jobs_ended_total", "failed", "of_an_earlier_version"] == 1
