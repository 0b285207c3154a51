"""``Idempotency-Key``: made once, answered alike, whatever breaks in between."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.utils import timezone

from hub.accounts.models import ApiToken
from hub.requests import idempotency
from hub.requests.models import Answer
from registry.models import Collection, Embedding
from tests.registry import samples

pytestmark = pytest.mark.django_db

TOKEN = {"name": "laptop", "scopes": ["read"]}


def key():
    return {"HTTP_IDEMPOTENCY_KEY": str(uuid.uuid4())}


def upload(**fields):
    return {
        "file": SimpleUploadedFile("koi.pt", samples.sd1_file()),
        **{"name": "koi", "token": "<koi>", "kind": "object", "base": "sd1", "license": "mit", "tags": ["a", "b"]},
        **fields,
    }


def test_a_form_with_files_that_comes_again_is_done_once_and_answered_alike(api_as, alice):
    client, same = api_as(alice), key()
    first = client.post("/api/hub/embeddings", upload(), format="multipart", **same)
    again = client.post("/api/hub/embeddings", upload(), format="multipart", **same)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json() and again["Location"] == first["Location"]
    assert "Idempotency-Replayed" not in first and again["Idempotency-Replayed"] == "true"
    assert Embedding.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [upload(title="x"), upload(file=SimpleUploadedFile("koi.pt", b"other")), upload(tags=["b", "a"]), upload(name="b")],
    ids=["field", "file", "order", "value"],
)
def test_another_request_with_the_same_key_is_refused(api_as, alice, other):
    client, same = api_as(alice), key()
    assert client.post("/api/hub/embeddings", upload(), format="multipart", **same).status_code == 201
    refused = client.post("/api/hub/embeddings", other, format="multipart", **same)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "key_reused")
    assert Embedding.objects.count() == 1


def test_a_key_is_of_one_account_and_one_address(api_as, alice, bob):
    same = key()
    for person in (alice, bob):
        assert api_as(person).post("/api/hub/collections", {"title": "x"}, **same).status_code == 201
    assert Collection.objects.count() == 2
    assert api_as(alice).post("/api/hub/tokens", TOKEN, **same).status_code == 422


def test_a_secret_is_shown_again_and_lies_nowhere_in_plain(api_as, alice):
    client, same = api_as(alice), key()
    first = client.post("/api/hub/tokens", TOKEN, **same).json()
    assert client.post("/api/hub/tokens", TOKEN, **same).json() == first
    stored = Answer.objects.get()
    assert first["token"].encode() not in bytes(stored.body)
    assert same["HTTP_IDEMPOTENCY_KEY"] not in str(vars(stored))
    assert ApiToken.objects.filter(name="laptop").count() == 1


def test_what_was_refused_may_be_mended_under_the_same_key(api_as, alice):
    client, same = api_as(alice), key()
    assert client.post("/api/hub/collections", {"title": ""}, **same).status_code == 400
    assert client.post("/api/hub/collections", {"title": "Mended"}, **same).status_code == 201


@pytest.mark.parametrize("wrong", ["", " ", "x" * 256, "a b", "ä"])
def test_a_key_that_makes_no_sense_is_refused(api_as, alice, wrong):
    answer = api_as(alice).post("/api/hub/collections", {"title": "x"}, HTTP_IDEMPOTENCY_KEY=wrong)
    assert answer.status_code == 400 and "Idempotency-Key" in answer.json()["error"]["message"]
    assert not Collection.objects.exists()


def test_a_day_later_a_key_is_new_again_and_housekeeping_forgets_it(api_as, alice):
    client, same = api_as(alice), key()
    client.post("/api/hub/collections", {"title": "x"}, **same)
    Answer.objects.update(created=timezone.now() - idempotency.KEPT)
    assert client.post("/api/hub/collections", {"title": "y"}, **same).status_code == 201
    assert idempotency.forget_old() == 0
    Answer.objects.update(created=timezone.now() - idempotency.KEPT)
    assert idempotency.forget_old() == 1 and not Answer.objects.exists()


def test_a_key_whose_answer_cannot_be_read_any_more_still_makes_nothing_twice(api_as, alice, settings):
    client, same = api_as(alice), key()
    client.post("/api/hub/collections", {"title": "x"}, **same)
    settings.SECRET_KEY = "another"
    assert client.post("/api/hub/collections", {"title": "x"}, **same).status_code == 422
    assert Collection.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_one_is_at_work_another_is_told_to_wait(api_as, alice, monkeypatch):
    client, other, same = api_as(alice), api_as(alice), key()
    begun, go_on = threading.Event(), threading.Event()
    keep = idempotency._keep

    def slowly(*args):
        begun.set()
        assert go_on.wait(10)
        keep(*args)

    monkeypatch.setattr(idempotency, "_keep", slowly)
    answers = []

    def ask():
        answers.append(client.post("/api/hub/collections", {"title": "x"}, **same))
        connections.close_all()

    thread = threading.Thread(target=ask)
    thread.start()
    assert begun.wait(10)
    busy = other.post("/api/hub/collections", {"title": "x"}, **same)
    go_on.set()
    thread.join(10)
    assert (busy.status_code, busy.json()["error"]["code"], busy["Retry-After"]) == (409, "in_progress", "2")
    assert answers[0].status_code == 201
    monkeypatch.undo()
    assert other.post("/api/hub/collections", {"title": "x"}, **same).json() == answers[0].json()
    assert Collection.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_crash_before_the_end_leaves_nothing_and_the_request_may_come_again(api_as, alice, monkeypatch):
    client, same = api_as(alice), key()
    keep = idempotency._keep

    def die(*args):
        keep(*args)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        other = connection.copy()
        with other.cursor() as killer:
            killer.execute("SELECT pg_terminate_backend(%s)", [pid])
        other.close()

    monkeypatch.setattr(idempotency, "_keep", die)
    client.raise_request_exception = False
    assert client.post("/api/hub/collections", {"title": "x"}, **same).status_code == 500
    connection.close()
    monkeypatch.undo()
    assert not Collection.objects.exists() and not Answer.objects.exists()
    assert client.post("/api/hub/collections", {"title": "x"}, **same).status_code == 201
    assert Collection.objects.count() == 1
