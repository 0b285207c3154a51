"""Taking everything along, and deleting everything: an account that has something of every app."""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
import zipfile

import numpy as np
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db.models import ForeignKey
from PIL import Image

import training.own_data
from hub.accounts.models import ApiToken, RetiredName, User
from hub.accounts.notices import notify
from hub.own_data import export
from hub.own_data.deletion import delete_account
from hub.webhooks.events import ping
from hub.webhooks.models import Webhook
from registry import storage
from registry.collections.services import create_collection, put_item
from registry.formats import Encoder, canonical
from registry.models import AuditEntry, Collection, Embedding, Like, Report, Reservation, Tombstone, Version
from registry.pictures.previews import NewPreview, store_generated
from registry.services import like, upload_embedding
from tests.training.samples import picture
from training.bases import ensure_builtin_bases
from training.models import Allowance, Job, JobPreview, State
from training.services import submit_job
from training.wizard.drafts import start_draft
from training.wizard.pictures import add_images

pytestmark = pytest.mark.django_db

#: Tables with rows of a person, or of a thing of theirs, that are not in the archive, and why.
LEFT_OUT = {
    "admin.LogEntry": "what staff did in the admin",
    "accounts.User_groups": "rights of staff",
    "accounts.User_user_permissions": "rights of staff",
    "registry.AuditEntry": "what staff did; the person was told of it in a notice",
    "registry.Direction": "computed from the version's numbers",
    "registry.Reading": "computed from the version's numbers",
    "registry.File": "written anew from the version's numbers",
    "registry.Hash": "computed from the version's numbers",
    "requests.Answer": "what programs were answered within a day, in a form that only they can read",
    "training.JobCheckpoint": "where training was last, in bytes that only the trainer reads",
}


def embedding_of(owner, name, seed, **fields):
    data = canonical([Encoder("emb_params", np.full((1, 768), 0.02 + seed / 1000, np.float32), "F32")])
    drawn = store_generated(Image.new("RGB", (64, 64), (seed, 90, 90)))
    return upload_embedding(
        owner=owner, filename=f"{name}.safetensors", data=data, name=name, title=name, token=f"<{name}>", kind="object",
        base="sd1", license="cc0-1.0", visibility="public", previews=[NewPreview(picture=drawn)], **fields,
    ).embedding  # fmt: skip


@pytest.fixture
def everything(client, alice, bob):
    """Alice has something of everything, some of it entwined with what is Bob's."""
    ensure_builtin_bases()
    client.post("/accounts/login/", {"login": "alice", "password": "wonderland"})
    mine, theirs = embedding_of(alice, "mine", 1), embedding_of(bob, "theirs", 2)
    for person in (alice, bob):
        for embedding in (mine, theirs):
            like(user=person, embedding=embedding)
        board = create_collection(owner=person, title=f"Of {person}", visibility="public")
        put_item(collection=board, embedding=mine, note="one")
        put_item(collection=board, embedding=theirs, note="two")
    images = [(f"{number}.png", picture(number)) for number in range(3)]
    job = submit_job(
        owner=alice, images=images, base="pocket", token="<kite>", kind="object", initialiser="thing", name="kite"
    )
    drawn = store_generated(Image.new("RGB", (64, 64), "navy"))
    JobPreview.objects.create(
        job=job,
        step=1,
        template="a {}",
        prompt="a <kite>",
        seed=1,
        variant="learned",
        blob=drawn.blob,
        width=64,
        height=64,
    )
    Reservation.objects.create(owner=alice, name="coming", visibility="private")
    Allowance.objects.create(owner=alice, unfinished_jobs=3)
    add_images(owner=alice, draft=start_draft(owner=alice).pk, files=[SimpleUploadedFile("new.png", picture(9))])
    ApiToken.issue(owner=alice, name="laptop", scopes=["read"])
    notify(owner_id=alice.pk, key="x", text="Something happened.", url="/jobs")
    ping(Webhook.make(owner=alice, url="https://example.org/", events=["published"])[0])
    Report.objects.create(embedding=theirs, path="bob/theirs", reporter=alice, reason="spam")
    Tombstone.objects.create(
        embedding=1,
        owner=alice,
        owner_name="alice",
        name="gone",
        token="<gone>",
        base="sd1",
        private=False,
        reason="spam",
    )
    EmailAddress.objects.create(user=alice, email="alice@example.org", primary=True)
    Authenticator.objects.create(user=alice, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    return {"mine": mine, "theirs": theirs, "job": job, "images": set(job.images.values_list("blob", flat=True))}


def opened(answer):
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def test_every_table_of_a_person_is_in_the_archive_or_left_out_for_a_reason(alice):
    told = {table.found.model for table in export.tables(alice)}
    related = {
        model
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.fields
        if isinstance(field, ForeignKey) and field.related_model in {User, Embedding, Version, Job, Collection}
    }
    missing = {model._meta.label for model in related - told} - set(LEFT_OUT)
    assert not missing, "say in the app's own_data what is kept of a person, or here why it is left out"


def test_the_archive_holds_every_row_and_every_file_and_proves_it(client, everything, alice):
    packed = opened(client.post("/accounts/data/download"))
    assert packed.testzip() is None
    data = {name: json.loads(packed.read(name)) for name in packed.namelist() if name.startswith("data/")}
    assert {name: len(rows) for name, rows in data.items()} == {
        "data/account.json": 1, "data/addresses.json": 1, "data/tokens.json": 1, "data/notices.json": 1,
        "data/second_factors.json": 1, "data/sessions.json": 1, "data/embeddings.json": 1, "data/versions.json": 1,
        "data/previews.json": 1, "data/likes.json": 2, "data/collections.json": 1, "data/collection_items.json": 2,
        "data/reports.json": 1, "data/taken_down.json": 1, "data/jobs.json": 1, "data/training_events.json": len(data["data/training_events.json"]), "data/training_images.json": 3, "data/training_pictures.json": 1,
        "data/training_snapshots.json": 0, "data/allowance.json": 1, "data/reserved_names.json": 1,
            "data/webhooks.json": 1, "data/webhook_deliveries.json": 1,
    } | {name: len(rows) for name, rows in data.items() if "draft" in name}  # fmt: skip
    manifest = json.loads(packed.read("manifest.json"))
    assert {entry["path"] for entry in manifest["files"]} == set(packed.namelist()) - {"README.txt", "manifest.json"}
    for entry in manifest["files"]:
        content = packed.read(entry["path"])
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["size"], entry["sha256"])
    files = sorted(name.rpartition(".")[2] for name in packed.namelist() if name.startswith("files/"))
    assert files == ["png"] * 4 + ["safetensors"] + ["webp"] * 2
    assert manifest["missing"] == []


def test_no_secret_is_in_the_archive(client, everything, alice):
    token = ApiToken.objects.get(owner=alice)
    packed = opened(client.post("/accounts/data/download"))
    text = b"".join(packed.read(name) for name in packed.namelist()).decode("latin-1")
    secrets = [token.digest, "JBSWY3DPEHPK3PXP", client.session.session_key, User.objects.get(pk=alice.pk).password]
    assert [secret for secret in secrets if secret in text] == []


def test_a_file_that_the_storage_lost_is_named_and_the_rest_is_there(client, everything):
    blob = everything["mine"].versions.get().blob
    storage.default_storage.delete(storage.path_of(blob))
    packed = opened(client.post("/accounts/data/download"))
    assert [entry["sha256"] for entry in json.loads(packed.read("manifest.json"))["missing"]] == [blob]


def test_an_archive_an_hour_by_page_or_by_program(client, api_as, everything, alice, bob):
    assert opened(client.post("/accounts/data/download")).testzip() is None
    again = client.post("/accounts/data/download")
    assert again.status_code == 429 and "within the last hour" in again.content.decode()
    limited = api_as(alice).get("/api/hub/me/export")
    assert limited.status_code == 429 and int(limited["Retry-After"]) > 0
    assert opened(api_as(bob).get("/api/hub/me/export")).testzip() is None
    assert api_as(alice, scopes=["read", "write"]).get("/api/hub/me/export").status_code == 403
    cache.delete(f"own-data-{alice.pk}")
    assert opened(api_as(alice).get("/api/hub/me/export")).testzip() is None


def test_deleting_an_account_takes_everything_of_it_and_nothing_of_others(client, everything, alice, bob):
    for blob in everything["images"]:  # older than a moment, so that nothing can be naming them right now
        os.utime(storage.default_storage.path(storage.path_of(blob)), (time.time() - 300,) * 2)
    key = alice.pk
    delete_account(user=alice)
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.fields:
            if isinstance(field, ForeignKey) and field.related_model is User and field.db_constraint:
                assert not model._default_manager.filter(**{field.attname: key}).exists(), model
    assert not Job.objects.exists() and not Session.objects.exists() and not UserSession.objects.exists()
    theirs = Embedding.objects.get()
    assert theirs == everything["theirs"] and theirs.likes == 1 == Like.objects.count()
    assert list(bob.collections.get().items.values_list("note", flat=True)) == ["two"]
    assert not any(storage.default_storage.exists(storage.path_of(blob)) for blob in everything["images"])
    report, tombstone = Report.objects.get(), Tombstone.objects.get()
    assert (report.reporter, report.embedding) == (None, theirs) and tombstone.owner is None
    assert client.get("/jobs").status_code == 302  # signed out everywhere


def test_a_training_image_that_somebody_else_names_stays(everything, alice, bob):
    images = [(f"{number}.png", picture(number)) for number in range(3)]
    submit_job(owner=bob, images=images, base="pocket", token="<kite>", kind="object", initialiser="thing", name="kite")
    for blob in everything["images"]:
        os.utime(storage.default_storage.path(storage.path_of(blob)), (time.time() - 300,) * 2)
    delete_account(user=alice)
    assert all(storage.default_storage.exists(storage.path_of(blob)) for blob in everything["images"])


def test_a_running_job_is_asked_to_stop_before_its_row_goes(everything, alice):
    job = everything["job"]
    Job.objects.filter(pk=job.pk).update(
        state=State.RUNNING, worker="w", fence=1, attempts=1, lease_until="2100-01-01T00:00Z"
    )
    training.own_data.stop(alice)
    job.refresh_from_db()
    assert job.cancel_requested and job.state == State.RUNNING
    delete_account(user=alice)
    assert not Job.objects.exists()


def test_what_staff_did_stays_in_the_audit_log_when_their_account_goes(as_user, sam):
    User.objects.filter(pk=sam.pk).update(is_superuser=True)
    sam.refresh_from_db()
    key = sam.pk
    as_user(sam).post(
        f"/admin/accounts/retiredname/{RetiredName.objects.create(name='gone').pk}/delete/", {"post": "yes"}
    )
    assert AuditEntry.objects.filter(by=key).exists()
    delete_account(user=sam)
    assert AuditEntry.objects.filter(by_id=key).exists() and not User.objects.filter(pk=key).exists()


def test_the_name_of_a_deleted_account_is_nobodys_again(client, alice):
    delete_account(user=alice)
    assert RetiredName.objects.get().name == "alice"
    values = {"username": "alice", "password1": "white-rabbit-7", "password2": "white-rabbit-7"}
    refused = client.post("/accounts/signup/", values)
    assert "This user name is taken; choose another." in refused.content.decode()
    assert not User.objects.filter(username="alice").exists()
    with pytest.raises(ValidationError):
        User(username="alice", password="x").full_clean()


def test_deleting_asks_for_the_password_and_for_the_name(client, alice, bob):
    client.force_login(alice)
    asked = client.get("/accounts/delete")
    assert asked.status_code == 302 and asked["Location"].startswith("/accounts/reauthenticate/")
    back = client.post(
        "/accounts/reauthenticate/?next=/accounts/delete", {"password": "wonderland", "next": "/accounts/delete"}
    )
    assert back["Location"] == "/accounts/delete"
    wrong = client.post("/accounts/delete", {"username": "bob"})
    assert wrong.status_code == 422 and "Type alice" in wrong.content.decode()
    assert client.post("/accounts/delete", {"username": "alice"})["Location"] == "/"
    assert list(User.objects.values_list("username", flat=True)) == ["bob"]
    assert "Your account is deleted" in client.get("/").content.decode()


def test_operators_delete_an_account_by_its_name(alice, monkeypatch, capsys):
    with pytest.raises(CommandError, match="no account called carol"):
        call_command("delete_account", "carol", "--yes")
    monkeypatch.setattr("builtins.input", lambda question: "alic")
    with pytest.raises(CommandError, match="Nothing is deleted"):
        call_command("delete_account", "alice")
    call_command("delete_account", "alice", "--yes")
    assert not User.objects.exists() and "alice is deleted" in capsys.readouterr().out
