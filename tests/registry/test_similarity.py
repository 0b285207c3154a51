"""Similar embeddings: the nearest by their numbers, of the same kind of numbers, that the reader may know of."""

from __future__ import annotations

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry import similarity
from registry.formats import Encoder, NamedFile, canonical
from registry.models import Direction, Embedding, Version
from registry.services import add_version
from tests.registry.samples import sdxl_file, vectors

ANYBODY = AnonymousUser()


def file_of(rows):
    return canonical([Encoder("emb_params", np.asarray(rows, np.float32), "F32")])


def leaning(share, seed=100):
    """Vectors that have ``share`` of their direction from those of seed 0, the rest from others."""
    return share * vectors(0) + (1 - share) * vectors(seed)


@pytest.fixture
def family(alice, upload):
    """One embedding and others at known distances from it."""
    made = {"own": upload(alice, "own", data=file_of(vectors(0)))}
    for name, share in (("far", 0.45), ("near", 0.7), ("nearer", 0.8)):
        made[name] = upload(alice, name, data=file_of(leaning(share)))
    made["stranger"] = upload(alice, "stranger", data=file_of(vectors(7)))
    return made


def names(found):
    return [item.embedding.name for item in found]


def test_the_nearest_come_first_and_what_has_nothing_in_common_is_left_out(family):
    found = similarity.similar_to(family["own"], ANYBODY)
    assert names(found) == ["nearer", "near", "far"]
    assert found[0].cosine > found[1].cosine > found[2].cosine > similarity.LEAST_COSINE
    assert names(similarity.similar_to(family["own"], ANYBODY, limit=2)) == ["nearer", "near"]


def test_order_number_and_length_of_the_vectors_make_no_difference(alice, upload, family):
    rows = vectors(0)
    upload(alice, "copy", data=file_of([*rows[::-1] * 9, rows[0], rows[1]]))
    found = similarity.similar_to(family["own"], ANYBODY)
    assert names(found)[0] == "copy" and found[0].cosine == pytest.approx(1, abs=1e-3)
    assert found[0].nearly_the_same and not found[1].nearly_the_same
    assert found[0].note == "Nearly the same numbers" and found[1].note.startswith("Cosine 0.9")


def test_a_cosine_is_rounded_not_cut(family):
    assert similarity.Similar(family["own"], 0.5173).note == "Cosine 0.52"


def test_nobody_is_told_of_what_they_may_not_know_of(alice, bob, sam, upload, family):
    upload(bob, "hidden", data=file_of(leaning(0.95)), visibility="private")
    upload(bob, "by-address", data=file_of(leaning(0.95)), visibility="unlisted")
    for reader, seen in ((ANYBODY, set()), (alice, set()), (sam, set()), (bob, {"hidden", "by-address"})):
        found = set(names(similarity.similar_to(family["own"], reader)))
        assert found == {"nearer", "near", "far"} | seen, reader


def test_what_staff_have_hidden_or_rated_explicit_is_left_out(family):
    Embedding.objects.filter(name="near").update(rating="explicit")
    Embedding.objects.filter(name="far").update(moderation="hidden")
    assert names(similarity.similar_to(family["own"], ANYBODY)) == ["nearer"]
    assert names(similarity.similar_to(family["own"], ANYBODY, explicit=True)) == ["nearer", "near"]


def test_the_newest_version_counts(alice, family):
    add_version(embedding=family["near"], files=[NamedFile("x.safetensors", file_of(vectors(8)))])
    assert names(similarity.similar_to(family["own"], ANYBODY)) == ["nearer", "far"]
    Version.objects.update(indexed="")
    call_command("index_hashes")  # the old version comes after the new one here as well
    assert names(similarity.similar_to(family["own"], ANYBODY)) == ["nearer", "far"]


def test_only_the_same_base_family_and_text_encoders_are_compared(alice, upload, family):
    first, second = (
        upload(alice, name, data=sdxl_file(0), base="sdxl", filename="x.safetensors") for name in ("xl-one", "xl-copy")
    )
    assert names(similarity.similar_to(first, ANYBODY)) == ["xl-copy"]
    assert "xl-one" not in names(similarity.similar_to(family["own"], ANYBODY))
    half = canonical([Encoder("clip_l", vectors(0), "F32")])
    lone = upload(alice, "half", data=half, base="sdxl")
    assert similarity.similar_to(lone, ANYBODY) == [] and second.direction.width == 2048


def test_vectors_that_point_nowhere_are_like_nothing(alice, upload):
    rows = vectors(0)
    nowhere = upload(alice, "nowhere", data=file_of([rows[0], -rows[0]]))
    assert similarity.similar_to(nowhere, ANYBODY) == []


def test_an_upgrade_finds_the_embeddings_that_are_there(family):
    Direction.objects.all().delete()
    assert similarity.similar_to(family["own"], ANYBODY) == []
    Version.objects.update(indexed="older")
    call_command("index_hashes")
    assert names(similarity.similar_to(family["own"], ANYBODY)) == ["nearer", "near", "far"]


def test_queries_stay_as_many_whatever_the_number_of_rows(family):
    counts = []
    for limit in (1, 3):
        with CaptureQueriesContext(connection) as asked:
            found = similarity.similar_to(family["own"], ANYBODY, limit=limit)
            [(item.embedding.owner.username, item.embedding.latest.cover, item.note) for item in found]
        counts.append(len(asked))
    assert counts[0] == counts[1] == 4
