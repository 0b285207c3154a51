"""After an upgrade, what cannot be indexed anew neither stops the rest nor keeps the hub from starting."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command

from registry import fingerprints, lookup, storage
from registry.formats import inspect
from registry.models import Embedding, Version
from tests.registry.samples import sd1_file


@pytest.mark.parametrize("token", ["clip_h", "koi.weight"])
def test_a_word_that_no_file_may_carry_any_more_costs_only_the_formats_that_carry_it(alice, bob, upload, token):
    version = upload(alice).latest
    Embedding.objects.update(token=token)
    Version.objects.update(digest="0" * 64, indexed="0123456789abcdef")
    call_command("index_hashes")
    version.refresh_from_db()
    assert (version.digest, version.indexed) == (inspect(sd1_file()).digest, fingerprints.current_index())
    targets = {file.target for file in version.files.all()}
    assert {"canonical", "a1111", "a1111-pt", "comfyui"} < targets and not targets & {"diffusers", "diffusers-bin"}
    same = lookup.find_duplicates(inspect(sd1_file()).encoders, versions=lookup.listed_versions(bob))
    assert [duplicate.version for duplicate in same] == [version]


def test_a_lost_file_is_named_and_the_hub_is_prepared_all_the_same(alice, upload, settings, tmp_path):
    settings.EMBEDDED, settings.VAR = True, tmp_path
    (tmp_path / "samples-loaded").touch()
    version = upload(alice).latest
    Version.objects.update(indexed="")
    storage.default_storage.delete(storage.path_of(version.blob))
    told = io.StringIO()
    call_command("prepare", url="http://localhost", stderr=told)
    assert "1 versions could not be indexed. The hub starts all the same" in told.getvalue()
    assert (tmp_path / "demo.json").exists()
