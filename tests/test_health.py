"""``/healthz`` answers 200 only when everything answers."""

from __future__ import annotations

from shutil import rmtree

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage

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


def test_each_check_writes_anew_and_leaves_nothing(settings, tmp_path):
    settings.MEDIA_ROOT = folder = tmp_path / "files"
    storage.check()
    storage.check()
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert len(list(folder.rglob("*"))) == 1  # folders do not pile up either
    rmtree(folder)
    folder.write_text("a disk that went away after a check that was well")
    with pytest.raises(OSError, match="files"):
        storage.check()


class Forgetful(InMemoryStorage):
    """Takes files, and gives back others."""

    def _open(self, name, mode="rb"):
        return ContentFile(b"something else")


def test_what_comes_back_changed_is_no_answer(settings):
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": f"{__name__}.Forgetful"}}
    with pytest.raises(storage.BlobMissing):
        storage.check()
