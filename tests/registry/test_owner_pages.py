"""What the owner of an embedding does on its pages: versions, pictures, edits."""

from __future__ import annotations

import io

import pytest

from registry.models import Preview
from registry.pictures.previews import NewPreview, read_picture
from registry.rows import MAX_PREVIEWS
from tests.registry.samples import picture, sd1_file
from tests.registry.test_several import pair


def file(data, name="next.safetensors"):
    held = io.BytesIO(data)
    held.name = name
    return held


def own(colour):
    return NewPreview(picture=read_picture("own.png", picture(colour=colour)))


def test_a_new_version_comes_with_notes_and_pictures(as_user, alice, upload):
    embedding = upload(alice)
    form = {"file": file(sd1_file(4)), "notes": "Truer colours.", "pictures": file(picture(), "a.png")}
    answer = as_user(alice).post("/alice/red-heart/new-version", form, follow=True)
    assert "Version 2 is here." in answer.content.decode()
    version = embedding.versions.first()
    assert (version.number, version.notes, version.previews.count()) == (2, "Truer colours.", 1)


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        (sd1_file(0), "same.safetensors", "These are the vectors of version 1 already"),
        (b"just text", "notes.pt", "notes.pt"),
    ],
)
def test_a_refused_version_keeps_what_was_typed(as_user, alice, upload, data, name, told):
    embedding = upload(alice)
    answer = as_user(alice).post("/alice/red-heart/new-version", {"file": file(data, name), "notes": "My notes"})
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert "My notes" in answer.content.decode()
    assert embedding.versions.count() == 1


def test_of_several_embeddings_in_a_file_one_is_asked_for(as_user, alice, upload):
    embedding = upload(alice)
    client = as_user(alice)

    def send(**said):
        files = [file(item.data, item.name) for item in pair()]
        return client.post("/alice/red-heart/new-version", {"file": files, **said})

    answer = send()
    assert answer.status_code == 422
    assert 'name="part"' in answer.content.decode()
    assert send(part="nothing like it").status_code == 422
    assert send(part="negative").status_code == 302
    assert embedding.versions.count() == 2


def test_pictures_are_added_put_first_and_removed(as_user, alice, upload):
    embedding = upload(alice, previews=[own("red"), own("blue")])
    client, address = as_user(alice), "/alice/red-heart/pictures"
    client.post(address, {"pictures": [file(picture(colour="green"), "a.png"), file(picture(colour="gold"), "b.png")]})
    version = embedding.versions.get()
    red, blue, green, gold = version.previews.all()
    client.post(f"{address}/{green.pk}", {"action": "first"})
    client.post(f"{address}/{blue.pk}", {"action": "remove"})
    assert list(version.previews.all()) == [green, red, gold]
    client.post(address, {"pictures": file(picture(colour="pink"), "c.png")})
    assert list(version.previews.all())[:3] == [green, red, gold]
    assert version.previews.count() == 4
    assert client.get(f"{address}?version=1").status_code == 200
    assert [client.get(f"{address}?version={wrong}").status_code for wrong in ("2", "x", "9" * 20)] == [404] * 3


def test_a_broken_picture_is_refused_by_name(as_user, alice, upload):
    upload(alice)
    answer = as_user(alice).post("/alice/red-heart/pictures", {"pictures": file(b"no picture", "holiday.png")})
    assert answer.status_code == 422
    assert "holiday.png" in answer.content.decode()
    assert not Preview.objects.exists()


def test_a_version_shows_so_many_pictures_and_no_more(as_user, alice, upload):
    upload(alice, previews=[own("red")] * MAX_PREVIEWS)
    answer = as_user(alice).post("/alice/red-heart/pictures", {"pictures": file(picture(), "a.png")})
    assert answer.status_code == 422
    assert Preview.objects.count() == MAX_PREVIEWS


def test_a_refused_title_does_not_pose_as_the_stored_one(as_user, alice, upload):
    upload(alice)
    form = {"title": "Red\u202eheart", "kind": "object", "license": "cc0-1.0", "visibility": "public"}
    answer = as_user(alice).post("/alice/red-heart/edit", form)
    assert answer.status_code == 422
    assert "Edit Red heart" in answer.content.decode()
