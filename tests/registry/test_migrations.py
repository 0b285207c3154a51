"""A hub of the first release keeps everything it had, and its files are found by the new index at once."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from registry import storage
from registry.formats import Target, canonical, hashes, inspect
from registry.models import Hash, Version
from tests.registry.samples import sd1_file

FIRST = [("registry", "0001_initial")]


def migrate(to):
    executor = MigrationExecutor(connection)
    executor.migrate(to)
    return MigrationExecutor(connection).loader.project_state(to).apps


@pytest.fixture
def first_release(transactional_db):
    """The schema of the first release; afterwards today's, empty."""
    yield migrate(FIRST)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE registry_embedding, registry_version, registry_file CASCADE")
    call_command("migrate", verbosity=0)


def test_what_the_first_release_stored_is_found_and_downloads_go_on(first_release, alice):
    old = first_release
    embedding = old.get_model("registry", "Embedding").objects.create(
        owner_id=alice.pk,
        name="koi",
        title="Koi",
        token="<koi>",
        kind="object",
        base="sd1",
        license="mit",
        visibility="public",
    )
    encoders = inspect(sd1_file()).encoders
    blob = storage.put(canonical(encoders))
    version = old.get_model("registry", "Version").objects.create(
        embedding=embedding, number=1, digest=hashes.digest(encoders), blob=blob, vectors=2, encoders=[], norms={}, layout="kohya",
        filename="koi.pt",
    )  # fmt: skip
    for target, digits in (
        ("safetensors", blob),
        ("a1111", "a" * 64),
        ("diffusers", "b" * 64),
        ("diffusers-bin", "c" * 64),
    ):
        old.get_model("registry", "File").objects.create(
            version=version,
            target=target,
            filename=f"{target}.pt",
            size=1,
            sha256=digits,
            autov3="d" * 12,
            crc32="eeeeeeee",
        )

    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes("registry"))
    now = Version.objects.get()
    assert {file.target for file in now.files.all()} == {
        "canonical",
        "a1111-pt",
        "diffusers",
        "diffusers-bin",
    }
    assert {file.dtype for file in now.files.all()} == {"float32"}
    assert set(Hash.objects.values_list("kind", "value")) == {
        *(("sha256", digits) for digits in (blob, "a" * 64, "b" * 64, "c" * 64)),
        *(("autov3", "d" * 12), ("crc32", "eeeeeeee"), ("digest", now.digest)),
    }
    assert (now.indexed, now.size) == ("", 1)  # bytes, as the canonical file's row says

    call_command("index_hashes")
    now.refresh_from_db()
    assert now.indexed
    assert set(Target) >= {file.target for file in now.files.all()} > {"canonical", "a1111", "a1111-pt"}
    assert "a" * 64 not in {file.sha256 for file in now.files.all()}
    assert now.embedding.skeletons

    migrate(FIRST)  # and back: what the first release knows is still there
    with connection.cursor() as cursor:
        cursor.execute("SELECT target FROM registry_file ORDER BY target")
        assert {target for (target,) in cursor.fetchall()} >= {
            "safetensors",
            "a1111",
            "diffusers",
            "diffusers-bin",
        }


def test_every_change_of_a_model_has_its_migration(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
