"""``manage.py sweep_blobs`` takes what nothing names, and nothing else."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from registry import storage
from registry.blobs import MIN_AGE, columns
from registry.formats import NamedFile
from registry.models import UploadDraft
from registry.models.draft import KEPT
from registry.upload import drafts
from tests.registry.samples import picture, sd1_file

pytestmark = pytest.mark.django_db


def sweep(**options):
    out = StringIO()
    call_command("sweep_blobs", stdout=out, **options)
    return out.getvalue()


def path(sha256):
    return Path(storage.default_storage.path(storage.path_of(sha256)))


def age(file, by=MIN_AGE + timedelta(hours=1)):
    then = time.time() - by.total_seconds()
    os.utime(file, (then, then))


def test_old_blobs_that_nothing_names_go_and_all_others_stay(alice, upload):
    version = upload(alice).versions.get()
    forgotten, young = storage.put(b"a refused picture"), storage.put(b"of a form being filled in")
    part = path(forgotten).with_name(f"{forgotten}.0123.part")
    part.write_bytes(b"of a crash")
    for old in (path(version.blob), path(forgotten), part):
        age(old)
    assert sweep(dry_run=True).startswith("2 blobs would be removed")
    assert path(forgotten).exists()
    assert sweep().startswith("2 blobs removed, 27\xa0bytes; ")
    assert (path(forgotten).exists(), part.exists()) == (False, False)
    assert path(version.blob).exists() and path(young).exists()
    assert sweep().startswith("0 blobs removed")


def test_the_blobs_of_a_deleted_embedding_go(alice, upload):
    version = upload(alice).versions.get()
    blob = version.blob
    version.embedding.delete()
    age(path(blob))
    sweep()
    assert not path(blob).exists()


def test_every_picture_and_training_image_is_kept():
    assert {str(field): field.owner for field in columns()} == {
        "registry.DraftFile.blob": "draft__owner",
        "registry.DraftPicture.blob": "draft__owner",
        "registry.Version.blob": "embedding__owner",
        "registry.Preview.blob": "version__embedding__owner",
        "registry.Rendition.blob": "preview__version__embedding__owner",
        "training.JobImage.blob": "job__owner",
        "training.JobPreview.blob": "job__owner",
        "training.DraftImage.blob": "draft__owner",
    }


def test_a_blob_that_is_put_again_is_new_again():
    blob = storage.put(b"twice")
    age(path(blob))
    storage.put(b"twice")
    sweep()
    assert storage.read(blob) == b"twice"


def test_the_files_of_a_draft_stay_until_nobody_touched_it_for_long(alice):
    drafts.add(owner=alice, file=NamedFile("a.safetensors", sd1_file()))
    drafts.add(owner=alice, file=NamedFile("p.png", picture()))
    kept = [file for file in Path(storage.default_storage.location).rglob("*") if file.is_file()]
    for file in kept:
        age(file)
    sweep()
    assert all(file.exists() for file in kept) and len(kept) == 2
    assert drafts.delete_old() == 0
    UploadDraft.objects.update(touched=timezone.now() - KEPT)
    assert drafts.for_account(alice) is None
    assert drafts.delete_old() == 1
    sweep()
    assert not any(file.exists() for file in kept)


def test_bytes_that_are_put_while_the_sweep_takes_them_are_there_afterwards():
    than = timezone.now() - MIN_AGE
    for turn in range(60):
        blob = storage.put(b"at once %d" % turn)
        age(path(blob))
        barrier = threading.Barrier(2)

        def put(turn=turn, barrier=barrier):
            barrier.wait()
            storage.put(b"at once %d" % turn)

        putting = threading.Thread(target=put)
        putting.start()
        barrier.wait()
        storage.remove_if_older(blob, than)
        putting.join()
        assert storage.read(blob) == b"at once %d" % turn
