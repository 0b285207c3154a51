"""``/healthz`` answers 200 only when everything answers."""

from __future__ import annotations

import pytest

from registry import storage


@pytest.mark.django_db
def test_it_answers_when_everything_does(client):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "storage": "ok", "queue": "ok"}


@pytest.mark.django_db
def test_it_says_when_the_storage_does_not_answer(client, settings, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    settings.MEDIA_ROOT = blocked
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["storage"] == "does not answer"
    assert answer.json()["database"] == "ok"


def test_the_probe_is_kept_by_its_content(settings, tmp_path):
    storage.check()
    assert storage.read(storage.put(b"starword storage probe")) == b"starword storage probe"
