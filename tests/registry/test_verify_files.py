"""``manage.py verify_files`` on a storage whose files were really lost, cut off, swapped and left over."""

from __future__ import annotations

import json
import os
import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from registry import storage
from registry.blobs import MIN_AGE
from registry.management.commands import verify_files
from registry.models import Version
from tests.registry.samples import sd1_file
from tests.training.samples import picture
from training.bases import ensure_builtin_bases
from training.models import JobImage
from training.services import submit_job

pytestmark = pytest.mark.django_db


def path(sha256):
    return Path(storage.default_storage.path(storage.path_of(sha256)))


def verify(**options):
    """What the command says as JSON, and its complaint."""
    out, complaint = StringIO(), ""
    try:
        call_command("verify_files", json=True, stdout=out, stderr=StringIO(), **options)
    except CommandError as error:
        complaint = str(error)
    return json.loads(out.getvalue()), complaint


@pytest.fixture
def kept(alice, upload):
    """Two embeddings and a job with three images."""
    embeddings = [upload(alice, f"heart-{number}", seed=number) for number in range(2)]
    ensure_builtin_bases()
    job = submit_job(
        owner=alice, images=[(f"{number}.png", picture(number)) for number in range(3)], base="pocket", token="<kite>",
        kind="object", initialiser="thing", name="kite",
    )  # fmt: skip
    return [embedding.latest for embedding in embeddings], list(job.images.all())


def test_a_sound_storage_is_said_to_be_sound(kept):
    found, complaint = verify()
    assert complaint == ""
    assert (found["files"], found["versions"], found["lost"], found["orphaned"]) == (5, 2, [], [])
    assert found["bytes"] == sum(
        file.stat().st_size for file in Path(storage.default_storage.location).rglob("*") if file.is_file()
    )
    out = StringIO()
    call_command("verify_files", stdout=out)
    assert out.getvalue().startswith("Hashed 5 files (") and out.getvalue().endswith("0 files are orphaned.\n")


def test_what_is_lost_or_changed_is_named_with_what_needs_it(kept):
    (lost, cut), (flipped, image, _) = kept
    path(lost.blob).unlink()
    os.truncate(path(cut.blob), 40)
    data = bytearray(path(flipped.blob).read_bytes())
    data[-5] ^= 1
    path(flipped.blob).write_bytes(data)
    found, complaint = verify()
    assert complaint.startswith("Not everything is as it was stored: 1 lost, 2 changed, 0 unreadable.")
    (fault,) = found["lost"]
    assert (fault["file"], fault["named_by"]) == (lost.blob, [f"registry.Version {lost.pk} of alice"])
    assert {fault["file"]: fault["named_by"] for fault in found["changed"]} == {
        cut.blob: [f"registry.Version {cut.pk} of alice"],
        flipped.blob: [f"training.JobImage {flipped.pk} of alice"],
    }
    assert next(fault for fault in found["changed"] if fault["file"] == cut.blob)["what"].startswith("Its 40 bytes")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_files", stdout=out)
    assert (
        f"lost: {lost.blob} It is not in the storage. Needed by registry.Version {lost.pk} of alice.\n"
        in out.getvalue()
    )
    assert path(image.blob).exists()


def test_a_whole_storage_that_is_gone_is_told(kept):
    for file in Path(storage.default_storage.location).rglob("*"):
        if file.is_file():
            file.unlink()
    found, complaint = verify()
    assert len(found["lost"]) == 5 and "5 lost" in complaint


def test_a_version_whose_file_is_whole_but_holds_other_numbers_or_none_is_told(kept):
    (first, second), _ = kept
    other, none = storage.put(sd1_file(seed=9)), storage.put(b"no embedding at all")
    Version.objects.filter(pk=first.pk).update(blob=other)
    Version.objects.filter(pk=second.pk).update(blob=none)
    found, complaint = verify()
    assert "0 lost, 0 changed, 2 unreadable" in complaint
    told = {fault["file"]: fault["what"] for fault in found["unreadable"]}
    assert told[other] == "It holds other numbers." and told[none]
    Version.objects.update(indexed="older")  # by a release whose digests may have been of another kind
    assert [fault["file"] for fault in verify()[0]["unreadable"]] == [none]


def test_old_files_that_nothing_names_are_told_and_are_no_failure(kept):
    old, young = storage.put(b"left over"), storage.put(b"of a form that is open")
    then = time.time() - MIN_AGE.total_seconds() - 60
    os.utime(path(old), (then, then))
    found, complaint = verify()
    assert (found["orphaned"], complaint) == ([old], "")
    assert path(old).exists() and path(young).exists()


def test_a_run_that_was_cut_off_goes_on_where_it_was(kept, monkeypatch, capsys):
    monkeypatch.setattr(verify_files, "PROGRESS_SECONDS", 0)
    versions, images = kept
    names = sorted(row.blob for row in (*versions, *images))
    path(names[0]).unlink()
    call_command("verify_files", since=names[1][:8])
    told = capsys.readouterr()
    assert "Hashed 4 files" in told.out
    assert [line.rsplit(" ", 1)[1] for line in told.err.splitlines()][:4] == [name[:8] for name in names[1:]]
    with pytest.raises(CommandError, match="hexadecimal"):
        call_command("verify_files", since="XY")


def test_one_file_that_several_rows_name_is_hashed_once_and_named_by_all(kept):
    (_, _), (image, *_) = kept
    again = JobImage.objects.get(pk=image.pk)
    again.pk = None
    again.save()
    path(image.blob).unlink()
    found, _ = verify()
    assert found["lost"][0]["named_by"] == [f"training.JobImage {pk} of alice" for pk in (image.pk, again.pk)]
