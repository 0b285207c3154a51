"""Blobs are kept once, under their hash, whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from registry import storage
from tests.registry.samples import at_once


def files(settings):
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_the_same_bytes_are_stored_once_under_their_hash(settings):
    key = storage.put(b"abc")
    assert key == hashlib.sha256(b"abc").hexdigest() == storage.put(b"abc")
    assert storage.read(key) == b"abc"
    assert len(files(settings)) == 1


def test_a_write_that_breaks_off_leaves_no_blob_and_can_be_repeated(settings, monkeypatch):
    write = Path.write_bytes

    def disk_full(self, data):
        write(self, data[:4])
        raise OSError("No space left on device")

    with monkeypatch.context() as full, pytest.raises(OSError, match="No space"):
        full.setattr(Path, "write_bytes", disk_full)
        storage.put(b"a whole blob")
    assert files(settings) == []
    assert storage.read(storage.put(b"a whole blob")) == b"a whole blob"


def test_a_blob_is_on_the_disk_before_a_row_can_name_it(settings, monkeypatch):
    """Power fails at any time: the bytes are written out before the file gets its name, and the name before put returns."""
    done, fsync, replace = [], os.fsync, Path.replace

    def noting_fsync(descriptor):
        done.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        fsync(descriptor)

    def noting_replace(self, target):
        done.append("named")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(Path, "replace", noting_replace)
    blob = Path(settings.MEDIA_ROOT).resolve() / storage.path_of(storage.put(b"a blob that shall last"))
    part, *rest = done
    assert part.name.endswith(".part") and part.parent == blob.parent
    assert rest == ["named", *list(blob.parents)[:4]]


def test_a_disk_that_does_not_take_the_bytes_leaves_no_blob(settings, monkeypatch):
    def broken(descriptor):
        raise OSError("Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        storage.put(b"a blob that shall last")
    assert files(settings) == []


def test_a_missing_blob_is_named():
    with pytest.raises(storage.BlobMissing, match="00ff"):
        storage.open_blob("00ff" * 16)


def test_the_same_bytes_stored_at_once_can_be_read_by_all():
    data = bytes(range(256)) * 4096

    def put_and_read():
        return storage.read(storage.put(data)) == data

    assert at_once([put_and_read] * 6) == [True] * 6
