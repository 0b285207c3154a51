"""How much an account may store: counted exactly, and refused before anything is stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image

from registry import quota, storage
from registry.errors import RegistryError
from registry.formats import NamedFile
from registry.models import DraftCard, Embedding, Version
from registry.pictures.previews import NewPreview, read_picture, store_generated
from registry.services import add_version, upload_embedding
from tests.registry.samples import at_once, picture, sd1_file

pytestmark = pytest.mark.django_db

FIELDS = {"token": "<koi>", "kind": "object", "base": "sd1", "license": "cc0-1.0", "visibility": "public"}


def files():
    return [file for file in Path(storage.default_storage.location).rglob("*") if file.is_file()]


@pytest.fixture
def leave(settings, monkeypatch):
    """Allow an account only so many bytes more than it has."""

    def set_limit(owner, room):
        monkeypatch.setattr(quota, "MEGABYTE", 1)
        owner.megabytes = quota.bytes_stored(owner) + room
        owner.save()

    return set_limit


def test_what_is_counted_is_what_the_files_of_an_account_take(alice, bob, upload):
    assert quota.bytes_stored(alice) == 0
    drawn = NewPreview(picture=store_generated(Image.new("RGB", (64, 64), "teal")))
    embedding = upload(alice, previews=[drawn, drawn, NewPreview(picture=read_picture("p.png", picture()))])
    add_version(embedding=embedding, files=[NamedFile("b.safetensors", sd1_file(seed=2))], previews=[drawn])
    assert quota.bytes_stored(alice) == sum(file.stat().st_size for file in files())  # what is named thrice counts once
    upload(bob)  # the same numbers: each account is counted for what it names
    assert quota.bytes_stored(bob) == Version.objects.get(embedding__owner=bob).size
    embedding.delete()
    assert quota.bytes_stored(alice) == 0


def test_it_is_counted_in_one_statement(alice, upload, django_assert_num_queries):
    upload(alice)
    with django_assert_num_queries(1):
        quota.bytes_stored(alice)


def test_staff_may_allow_an_account_more_or_less(alice, bob, settings):
    settings.HUB_ACCOUNT_MEGABYTES = 7
    bob.megabytes = 0
    assert (quota.megabytes_allowed(alice), quota.megabytes_allowed(bob)) == (7, 0)
    with pytest.raises(RegistryError, match=r"stores 0.0 of the 0 MB that it may, and this needs 0.1 MB more\. Delete"):
        quota.check_room(bob, 1)
    quota.check_room(alice, 7 * quota.MEGABYTE)


def test_the_last_byte_may_be_used_and_no_more(alice, upload, leave):
    size = len(sd1_file())
    leave(alice, size)
    upload(alice)
    leave(alice, size - 1)
    with pytest.raises(RegistryError, match="Your account stores"):
        upload(alice, "another", seed=1)
    assert Embedding.objects.count() == 1 and len(files()) == 1


def test_a_version_and_its_pictures_are_refused_and_nothing_is_left(alice, upload, leave):
    embedding = upload(alice)
    leave(alice, 100)
    with pytest.raises(RegistryError) as refused:
        add_version(embedding=embedding, files=[NamedFile("b.safetensors", sd1_file(seed=2))])
    assert refused.value.code == "quota"
    leave(alice, len(sd1_file()) + 100)
    with pytest.raises(RegistryError, match="Your account stores"):
        add_version(
            embedding=embedding,
            files=[NamedFile("b.safetensors", sd1_file(seed=2))],
            previews=[NewPreview(picture=read_picture("p.png", picture((700, 700))))],
        )
    assert len(files()) == 1 and embedding.versions.count() == 1


def test_what_a_worker_made_is_taken_however_full_the_account_is(alice, leave):
    leave(alice, 0)
    upload_embedding(
        owner=alice, filename="x.safetensors", data=sd1_file(), name="koi", title="Koi", within_quota=False, **FIELDS
    )
    assert Embedding.objects.filter(name="koi").exists()


def test_the_page_says_it_before_the_form_is_filled_in(as_user, alice, leave):
    leave(alice, 10)
    client = as_user(alice)
    answer = client.post("/upload", {"file": SimpleUploadedFile("koi.safetensors", sd1_file()), "do": "add"})
    assert answer.status_code == 422 and "whoever runs this hub" in answer.content.decode()
    assert files() == []


def test_a_draft_counts_and_publishing_it_needs_no_room_of_its_own(as_user, alice, leave):
    client = as_user(alice)
    client.post("/upload", {"file": SimpleUploadedFile("koi.safetensors", sd1_file()), "do": "add"})
    assert quota.bytes_stored(alice) == len(sd1_file())
    leave(alice, 10)
    prefix, before = f"{DraftCard.objects.get().anchor}-", len(files())
    own = {"name": "koi", "title": "Koi", "token": "<koi>", "kind": "object", "base": "sd1", "include": "on"}
    form = {prefix + name: value for name, value in own.items()}
    form |= {"do": "publish", "license": "mit", "visibility": "public", "rating": "general"}
    refused = client.post("/upload", form | {f"{prefix}pictures": SimpleUploadedFile("p.png", picture())})
    assert refused.status_code == 422 and "whoever runs this hub" in refused.content.decode()
    assert len(files()) == before and not Embedding.objects.exists()
    assert client.post("/upload", form).status_code == 302
    assert quota.bytes_stored(alice) == Version.objects.get().size


def test_programs_get_a_code_of_its_own(api_as, alice, upload, leave):
    embedding = upload(alice)
    leave(alice, 10)
    client, before = api_as(alice), len(files())
    new = {"file": SimpleUploadedFile("koi.safetensors", sd1_file(seed=3)), "name": "koi", **FIELDS}
    answer = client.post("/api/hub/embeddings", new, format="multipart")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "quota")
    for data in (sd1_file(seed=4), sd1_file()):
        more = {"file": SimpleUploadedFile("b.safetensors", data), "previews": SimpleUploadedFile("p.png", picture())}
        answer = client.post(f"/api/hub/embeddings/alice/{embedding.name}/versions", more, format="multipart")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "quota")
    assert len(files()) == before


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_for_uploads_at_the_same_moment(alice, upload, leave):
    leave(alice, 2 * len(sd1_file()))

    def one(number):
        return lambda: upload(alice, f"koi-{number}", seed=number)

    outcomes = at_once([one(number) for number in range(6)])
    assert sum(isinstance(outcome, Embedding) for outcome in outcomes) == 2
    assert {outcome.code for outcome in outcomes if isinstance(outcome, RegistryError)} == {"quota"}
    assert len(files()) == 2
    connection.close()
