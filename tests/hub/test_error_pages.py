"""What is answered when no view answers, and that limits hold over processes."""

from __future__ import annotations

import json

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from hub import urls
from hub.error_pages import server_error
from hub.limits import MAX_BODY_BYTES, MAX_TRAINING_BYTES
from registry.formats.limits import MAX_FILE_BYTES
from training.datasets import MAX_SET_BYTES

pytestmark = pytest.mark.django_db


def test_an_unknown_address_is_a_page_for_people_and_json_for_programs(client):
    page = client.get("/alice/nothing/here")
    assert (page.status_code, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    answer = client.get("/api/hub/nothing")
    assert answer.status_code == 404
    assert answer.json() == {
        "error": {"code": "not_found", "message": "There is nothing here, or nothing that you may see."}
    }


@pytest.mark.parametrize(
    "address", ["/api/models/alice/one/likers", "/api/v1/me", "/api/v1/models/1/", "/api/repos/move"]
)
def test_what_is_not_spoken_of_other_hubs_protocols_is_told_as_their_programs_read_it(client, address):
    answer = client.get(address, headers={"Accept-Language": "de"})
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("This hub does not answer at this address: ")


def test_too_many_files_are_refused_in_words(client, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    files = [SimpleUploadedFile(f"{number}.pt", b"x" * 20) for number in range(3)]
    answer = client.post("/api/hub/inspect", {"file": files})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    assert "too many files" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/hub/inspect", MAX_BODY_BYTES),
        ("/upload", MAX_BODY_BYTES),
        ("/api/hub/jobs", MAX_TRAINING_BYTES),
        ("/train/7/images", MAX_TRAINING_BYTES),
        ("/train/7/concept", MAX_BODY_BYTES),
    ],
)
def test_a_body_beyond_the_limit_is_refused_by_its_own_word(client, path, limit):
    sizes = {"CONTENT_LENGTH": str(limit + 1)}
    answer = client.generic("POST", path, b"", content_type="multipart/form-data; boundary=x", **sizes)
    assert answer.status_code == 413
    assert f"more than {limit // 2**20} MB" in answer.content.decode()
    assert answer.headers["Content-Type"].startswith("application/json" if path.startswith("/api") else "text/html")


def test_other_hubs_programs_are_told_of_a_bug_or_a_large_body_in_a_sentence(client, rf):
    assert isinstance(json.loads(server_error(rf.get("/api/v1/models")).content)["error"], str)
    sizes = {"CONTENT_LENGTH": str(MAX_BODY_BYTES + 1)}
    answer = client.generic(
        "POST", "/api/models/alice/one/commit/main", b"", content_type="application/x-ndjson", **sizes
    )
    assert answer.status_code == 413 and "more than" in answer.json()["error"]


def test_the_limits_hold_what_a_set_of_images_and_a_file_may_have():
    assert MAX_TRAINING_BYTES > MAX_SET_BYTES > MAX_BODY_BYTES > 2 * MAX_FILE_BYTES


def test_a_bug_is_answered_in_the_same_two_ways(rf):
    assert server_error(rf.get("/api/hub/me")).status_code == 500
    assert b'"code": "internal"' in server_error(rf.get("/api/hub/me")).content
    assert b"Something went wrong on our side" in server_error(rf.get("/")).content
    assert urls.handler500 == "hub.error_pages.server_error"


def test_an_old_form_gets_a_page_that_says_what_to_do():
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "x", "password": "y"})
    assert answer.status_code == 403
    assert "open the page again" in answer.content.decode()


def test_requests_beyond_the_limit_are_told_when_to_come_again(client, db, settings):
    settings.HUB_API_ANONYMOUS_REQUESTS = 2
    statuses = [client.get("/api/hub/embeddings").status_code for _ in range(2)]
    assert statuses == [200, 200]

    answer = client.get("/api/hub/embeddings")

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert answer.json()["error"]["code"] == "throttled"


def test_counters_are_kept_where_every_process_sees_them():
    cache.set("counter", 7, 60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM hub_cache WHERE cache_key LIKE '%counter'")
        assert cursor.fetchone() == (1,)
