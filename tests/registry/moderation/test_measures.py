"""What staff decide: who sees it, what goes, what stays, and who is told."""

from __future__ import annotations

import os
import time

import pytest
from django.db import InternalError, connection, transaction
from django.db.utils import IntegrityError

from hub.accounts.models import Notice
from registry import services as registry
from registry import storage
from registry.browsing.search import search
from registry.errors import RegistryError
from registry.formats import Dtype, Encoder, NamedFile, Target, canonical, write
from registry.lookup import by_hash
from registry.models import AuditEntry, BlockedHash, Embedding, Report, Tombstone
from registry.moderation import audit, reports, services
from registry.pictures import renditions
from registry.pictures.previews import NewPreview, read_picture
from tests.registry.samples import picture, sd1_file, vectors

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(alice, upload):
    return upload(alice, previews=[NewPreview(picture=read_picture("p.png", picture((600, 600))))])


def told(person):
    return list(Notice.objects.filter(owner=person).values_list("text", flat=True))


def reads(client, embedding):
    """What every way to an embedding answers."""
    preview = embedding.latest.previews.get()
    found = embedding.latest.files.filter(target="canonical", dtype="float32").get()
    return {
        "page": client.get("/alice/red-heart").status_code,
        "file": client.get("/alice/red-heart/v1/canonical").status_code,
        "picture": client.get(preview.get_absolute_url()).status_code,
        "api": client.get("/api/hub/embeddings/alice/red-heart").status_code,
        "api file": client.get("/api/hub/embeddings/alice/red-heart/download").status_code,
        "hash": client.get(f"/api/hub/hashes/{found.sha256}").status_code,
        "short hash": client.get(f"/api/hub/hashes/{found.sha256[:10]}").status_code,
        "listed": len(client.get("/api/hub/embeddings").json()["results"]),
        "browse": client.get("/").content.count(b"Red heart"),
    }


def test_what_is_hidden_is_nowhere_but_for_its_owner_and_comes_back_as_it_was(client, work, alice, bob, sam):
    before = reads(client, work)
    assert all(before.values()) and 404 not in before.values()
    assert services.hide(embedding=work, by=sam, reason="rights", text="Photographs of somebody else.")
    assert not services.hide(embedding=work, by=sam, reason="spam", text="Twice.")

    nothing = {"listed": 0, "browse": 0}
    assert reads(client, work) == dict.fromkeys(before, 404) | nothing
    client.force_login(bob)
    assert reads(client, work) == dict.fromkeys(before, 404) | nothing
    client.force_login(alice)
    own = reads(client, work)
    assert (own["page"], own["file"], own["picture"], own["hash"], own["listed"]) == (200, 200, 200, 200, 1)
    assert own["browse"] == 0
    assert "private" in client.get(work.latest.previews.get().get_absolute_url()).headers["Cache-Control"]
    assert told(alice) == [
        "“Red heart” is hidden by the staff of this hub: Violates copyright, a trade mark or a licence. "
        "Its page tells you what you can do."
    ]

    assert services.restore(embedding=work, by=sam, text="They are her own.")
    client.logout()
    assert reads(client, work) == before
    assert list(AuditEntry.objects.order_by("id").values_list("action", "by", "about", "reason", "text")) == [
        ("embedding.hide", sam.pk, alice.pk, "rights", "Photographs of somebody else."),
        ("embedding.restore", sam.pk, alice.pk, "", "They are her own."),
    ]


def test_what_is_taken_down_leaves_a_tombstone_and_no_byte(
    client, work, alice, bob, sam, django_capture_on_commit_callbacks
):
    reported = reports.file(embedding=work, reporter=bob, reason="person", text="That is me.")
    version = work.latest
    kept = {"picture": version.previews.get().get_absolute_url(), "sha256": version.blob}
    smaller = renditions.rendition(version.previews.get(), version.previews.get().rendition_widths[0], "webp")
    blobs = [version.blob, version.previews.get().blob, storage.put(smaller)]
    for blob in blobs:
        os.utime(storage._on_disk(storage.path_of(blob)), (time.time() - 600,) * 2)
    with django_capture_on_commit_callbacks(execute=True):
        stone = services.take_down(embedding=work, by=sam, reason="person", text="She did not agree.")

    assert not Embedding.objects.exists()
    assert services.take_down(embedding=work, by=sam, reason="person", text="Twice.") is None
    with pytest.raises(RegistryError, match="not here any more"):
        reports.file(embedding=work, reporter=bob, reason="spam")
    assert list(storage.every_name()) == []
    page = client.get("/alice/red-heart")
    assert page.status_code == 410
    assert all(word in page.content.decode() for word in ("&lt;red-heart&gt;", version.digest, "did not agree"))
    assert "She did not agree" not in page.content.decode()  # that is between staff and owner
    for address in ("/alice/red-heart/v1/canonical", "/alice/red-heart/edit", "/alice/red-heart/report"):
        client.force_login(bob)
        assert client.get(address).status_code == 410
    client.logout()
    assert client.get(kept["picture"]).status_code == 404
    told_to_programs = client.get("/api/hub/embeddings/alice/red-heart/download")
    assert (told_to_programs.status_code, told_to_programs.json()["error"]["code"]) == (410, "taken_down")
    assert told_to_programs.json()["tombstone"] == {
        "id": stone.embedding,
        "owner": "alice",
        "name": "red-heart",
        "token": "<red-heart>",
        "base": "sd1",
        "reason": "person",
        "digests": [version.digest],
        "taken_down": stone.created.isoformat(),
    }
    assert client.get(f"/api/hub/hashes/{kept['sha256']}").status_code == 410
    assert client.get(f"/api/hub/hashes/{kept['sha256'][:10]}").status_code == 404

    reported.refresh_from_db()
    assert (reported.state, reported.embedding, reported.path) == ("upheld", None, "alice/red-heart")
    assert told(bob) == ["Your report of alice/red-heart was upheld."]
    assert told(alice) == [
        "“Red heart” was taken down by the staff of this hub: Shows a person who did not agree. She did not agree."
    ]
    client.force_login(alice)
    assert "She did not agree" in client.get("/alice/red-heart").content.decode()


def test_a_blob_that_somebody_elses_picture_shares_stays(work, bob, sam, upload, django_capture_on_commit_callbacks):
    upload(bob, "blue-heart", seed=1, previews=[NewPreview(picture=read_picture("p.png", picture((600, 600))))])
    shared = work.latest.previews.get().blob
    for blob in (shared, work.latest.blob):
        os.utime(storage._on_disk(storage.path_of(blob)), (time.time() - 600,) * 2)
    with django_capture_on_commit_callbacks(execute=True):
        services.take_down(embedding=work, by=sam, reason="spam", text="Advertising.")
    assert shared in set(storage.every_name())


def test_neither_its_name_nor_its_numbers_come_back_in_any_container_until_it_is_lifted(work, alice, bob, sam, upload):
    numbers = [Encoder("emb_params", vectors(0), "F32")]
    stone = services.take_down(embedding=work, by=sam, reason="rights", text="Not hers.")
    copies = [sd1_file(0)]
    for target, dtype in ((Target.DIFFUSERS_BIN, Dtype.FLOAT16), (Target.A1111_PT, Dtype.FLOAT32)):
        copies += [file.data for file in write(target, numbers, token="<other>", name="other", dtype=dtype)]
    for data in copies:
        with pytest.raises(RegistryError, match="was taken down") as refused:
            upload(bob, "another", data=data, filename="another.bin")
        assert refused.value.code == "taken_down"
    with pytest.raises(RegistryError, match="was taken down; choose another name"):
        upload(alice, seed=5)
    other = upload(bob, "mine", seed=3)
    with pytest.raises(RegistryError, match="was taken down"):
        registry.add_version(embedding=other, files=[NamedFile("v2.safetensors", sd1_file(0))])

    assert services.lift(tombstone=stone, by=sam, text="A mistake.")
    assert not services.lift(tombstone=stone, by=sam, text="A mistake.")
    assert upload(alice).name == "red-heart"
    assert "alice/red-heart may be uploaded again: its take-down was withdrawn." in told(alice)


def test_a_bundle_is_not_refused_for_the_one_of_its_words_that_was_taken_down(alice, sam, upload):
    both = canonical([Encoder("one", vectors(1), "F32"), Encoder("two", vectors(2), "F32")])
    gone = upload(alice, "one", data=canonical([Encoder("emb_params", vectors(1), "F32")]))
    services.take_down(embedding=gone, by=sam, reason="spam", text="Spam.")
    found = registry.intake.read_files([NamedFile("both.safetensors", both)])
    new = [
        registry.NewEmbedding(part=part, name=f"word-{label}", title="W", token=f"<{label}>", kind="object", base="sd1", license="mit")
        for part, label in zip(found.parts, ("one", "two"), strict=True)
    ]  # fmt: skip
    with pytest.raises(RegistryError, match="taken down") as refused:
        registry.upload_parts(owner=alice, upload=found, new=new)
    assert refused.value.part == 0
    assert registry.upload_parts(owner=alice, upload=found, new=new[1:])[0].embedding.name == "word-two"


def test_of_a_draft_that_was_taken_down_only_its_owner_and_staff_hear(client, alice, bob, sam, upload):
    draft = upload(alice, visibility="private")
    digest = draft.latest.digest
    services.take_down(embedding=draft, by=sam, reason="illegal", text="No.")
    assert client.get("/alice/red-heart").status_code == 404
    assert client.get(f"/api/hub/hashes/{digest}").status_code == 404
    for person, status in ((bob, 404), (alice, 410), (sam, 410)):
        client.force_login(person)
        assert client.get("/alice/red-heart").status_code == status


def test_explicit_ones_are_listed_only_for_their_owner_and_for_who_asked(client, api_as, alice, bob, upload):
    work = upload(alice, rating="explicit")
    assert not search(bob).exists()
    assert search(bob, explicit=True).exists()
    assert search(alice).exists()
    assert b"Red heart" not in client.get("/").content
    assert b"Red heart" not in client.get("/alice").content
    assert client.get("/alice/red-heart").status_code == 200  # who has the address
    assert by_hash(work.latest.blob[:12], bob).matches  # who has the file
    program = api_as(bob)
    assert program.get("/api/hub/embeddings").json()["results"] == []
    bob.preferences = {"explicit": True}
    bob.save()
    assert len(program.get("/api/hub/embeddings").json()["results"]) == 1
    client.cookies["preferences"] = "explicit=1"
    assert b"Red heart" in client.get("/").content


def test_a_rating_of_staff_is_theirs_to_change(alice, sam, upload):
    work = upload(alice)
    assert services.rate(embedding=work, by=sam, rating="suggestive", locked=True, text="Swimwear.")
    work.refresh_from_db()
    with pytest.raises(RegistryError, match="staff of this hub set this rating"):
        registry.update_embedding(embedding=work, rating="general")
    registry.update_embedding(embedding=work, rating="suggestive", title="As it is")  # the form sends all it has
    work.rating_locked, work.rating = False, "general"  # as it was read before staff decided
    with pytest.raises(RegistryError, match="staff of this hub set this rating"):
        registry.update_embedding(embedding=work, rating="general")
    assert told(alice) == ["The staff of this hub rated “Red heart” as suggestive. Swimwear."]
    assert not services.rate(embedding=work, by=sam, rating="suggestive", locked=True, text="")


def test_an_embedding_has_one_open_report_of_a_person(work, alice, bob, sam):
    first = reports.file(embedding=work, reporter=bob, reason="tag", text="Not a heart.")
    with pytest.raises(RegistryError, match="reported this embedding already"):
        reports.file(embedding=work, reporter=bob, reason="spam")
    with pytest.raises(RegistryError, match="your own"):
        reports.file(embedding=work, reporter=alice, reason="spam")
    anonymous = [reports.file(embedding=work, reporter=None, reason="rights", email="a@b.org") for _ in range(2)]
    assert told(alice) == [
        "Somebody says of “Red heart”: Wrong tag, title or description. Please look whether it is so."
    ]
    assert reports.close(report=first, by=sam, upheld=False, answer="It is one.")
    assert not reports.close(report=first, by=sam, upheld=True)
    assert told(bob) == ["Your report of alice/red-heart was looked at, and nothing was changed. It is one."]
    reports.file(embedding=work, reporter=bob, reason="spam")
    reports.close(report=anonymous[0], by=sam, upheld=True)
    assert [report.email for report in Report.objects.filter(reporter=None).order_by("id")] == ["", "a@b.org"]


def test_the_database_keeps_the_log_as_it_is(work, sam):
    services.hide(embedding=work, by=sam, reason="spam", text="Spam.")
    entry = AuditEntry.objects.get()
    for change in (
        lambda: AuditEntry.objects.update(text="Another reason."),
        lambda: entry.delete(),
        lambda: AuditEntry.objects.filter(pk=entry.pk).delete(),
    ):
        with pytest.raises((IntegrityError, InternalError), match="kept as it is"), transaction.atomic():
            change()
    with connection.cursor() as cursor:  # what is older than a year may go
        cursor.execute(
            "INSERT INTO registry_auditentry (action, kind, key, label, reason, text, created) "
            "VALUES ('old', '', '', '', '', '', now() - interval '13 months')"
        )
    assert audit.forget_old() == 1
    sam.delete()  # neither stops an account from going, nor is changed by it
    entry.refresh_from_db()
    assert entry.by_id is not None


def test_what_is_changed_in_the_administration_is_in_the_log_too(client, sam, alice):
    sam.is_superuser = True
    sam.save()
    client.force_login(sam)
    page = client.get(f"/admin/accounts/user/{alice.pk}/change/")
    sent = {
        name: value
        for name, field in page.context["adminform"].form.fields.items()
        if (value := page.context["adminform"].form[name].value()) is not None and name != "password"
    }
    sent |= {
        "date_joined_0": "2026-01-01",
        "date_joined_1": "10:00",
        "megabytes": "7",
        "last_login_0": "",
        "last_login_1": "",
    }
    answer = client.post(f"/admin/accounts/user/{alice.pk}/change/", sent)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.by, entry.kind, entry.key) == ("admin.change", sam, "accounts.user", str(alice.pk))
    assert "egabytes" in entry.text


def test_hashes_are_kept_once_each(work, sam):
    stone = services.take_down(embedding=work, by=sam, reason="spam", text="Spam.")
    values = list(BlockedHash.objects.filter(tombstone=stone).values_list("kind", "value"))
    assert len(values) == len(set(values)) > 3
    assert Tombstone.objects.get() == stone
