"""Embeddings over the native API: made, listed, looked up, changed, deleted."""

from __future__ import annotations

import base64
import io

import pytest

from registry.formats import inspect, targets_for
from registry.models import Embedding, File
from tests.registry.samples import picture, sd1_file, sdxl_file

LIST = "/api/hub/embeddings"
FIELDS = {
    *("id", "owner", "name", "title", "token", "kind", "base", "tags", "license", "visibility"),
    *("versions", "previews", "downloads", "likes", "created", "updated"),
}


def named(data, name):
    file = io.BytesIO(data)
    file.name = name
    return file


def cursor(position):
    return base64.b64encode(f"p={position}".encode()).decode()


def form(**changes):
    values = {
        "file": named(sd1_file(), "heart.safetensors"),
        "name": "red-heart",
        "token": "<red-heart>",
        "title": "Red heart",
        "description": "A **red** heart.",
        "kind": "object",
        "base": "sd1",
        "tags": ["red", "heart"],
        "license": "cc0-1.0",
        "visibility": "public",
    }
    return {name: value for name, value in (values | changes).items() if value is not None}


def test_an_upload_answers_with_the_embedding_and_its_address(api_as, alice, api):
    answer = api_as(alice).post(LIST, form(previews=[named(picture(), "p.png")]), format="multipart")
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert set(body) >= FIELDS
    assert (body["owner"], body["name"], body["token"], body["tags"]) == (
        "alice",
        "red-heart",
        "<red-heart>",
        ["red", "heart"],
    )
    (version,) = body["versions"]
    assert (version["number"], version["vectors"], version["layout"]) == (1, 2, "kohya")
    assert version["encoders"] == [{"name": "emb_params", "shape": [2, 768], "dtype": "F32"}]
    assert {file["target"] for file in version["files"]} == set(targets_for(inspect(sd1_file()).encoders))
    assert body["url"].endswith("/alice/red-heart")
    seen = api.get(answer["Location"])
    assert seen.status_code == 200
    assert (body.pop("duplicates"), body.pop("lookalikes")) == ([], [])
    assert seen.json() == body
    (preview,) = body["previews"]
    assert (preview["width"], preview["height"], preview["source"]) == (40, 30, "uploaded")
    shown = api.get(preview["url"])
    assert shown.status_code == 200
    assert shown.content[8:12] == b"WEBP"


def test_a_signed_in_person_uploads_without_a_token(as_user, alice):
    assert as_user(alice).post(LIST, form()).status_code == 201


def test_without_title_and_visibility_an_upload_is_a_private_draft_titled_by_its_name(api_as, alice):
    answer = api_as(alice).post(LIST, form(title=None, visibility=None, tags="a, B c"), format="multipart")
    body = answer.json()
    assert (body["title"], body["visibility"], body["tags"]) == ("red-heart", "private", ["a", "b-c"])


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"file": named(b"not an embedding", "photo.pt")}, "unknown_container", "file"),
        ({"file": named(sd1_file()[:-10], "cut.safetensors")}, "truncated", "file"),
        ({"file": named(sdxl_file(), "x.safetensors")}, "wrong_base", "base"),
        ({"file": named(b"", "empty.pt")}, None, "file"),
        ({"file": None}, "invalid", "file"),
        ({"file": "text instead of a file"}, "invalid", "file"),
        ({"file": [named(sd1_file(), "a.pt"), named(sd1_file(1), "b.pt")]}, "unrelated_files", "file"),
        ({"file": [named(sd1_file(n), f"{n}.pt") for n in range(7)]}, "invalid", "file"),
        ({"part": "something"}, "unknown_part", "part"),
        ({"title": "a\u202eb"}, "bad_text", "title"),
        ({"name": "No Name"}, "bad_name", "name"),
        ({"name": "settings"}, "name_reserved", "name"),
        ({"name": "taken"}, "name_taken", "name"),
        ({"name": None}, "invalid", "name"),
        ({"previews": [named(b"", "p.png")]}, "bad_picture", "previews"),
        ({"token": "two words"}, "bad_token", "token"),
        ({"token": None}, "invalid", "token"),
        ({"base": "sd9"}, "invalid", "base"),
        ({"kind": "person"}, "invalid", "kind"),
        ({"license": "mine"}, "invalid", "license"),
        ({"license": None}, "invalid", "license"),
        ({"visibility": "friends"}, "invalid", "visibility"),
        ({"tags": ["<b>"]}, "bad_tag", "tags"),
        ({"description": "x" * 10_001}, "too_long", "description"),
        ({"previews": [named(b"no picture", "p.png")]}, "bad_picture", "previews"),
    ],
)
def test_bad_input_is_answered_with_code_message_and_field(api_as, alice, upload, settings, changes, code, field):
    upload(alice, "taken", seed=1)
    stored = sorted(settings.MEDIA_ROOT.rglob("*"))
    answer = api_as(alice).post(LIST, form(**{"previews": [named(picture(), "p.png")]} | changes), format="multipart")
    assert answer.status_code == 400
    assert sorted(settings.MEDIA_ROOT.rglob("*")) == stored
    error = answer.json()["error"]
    assert code is None or error["code"] == code
    assert list(error["fields"]) == [field]
    assert error["message"]
    assert "ErrorDetail" not in error["message"]
    assert Embedding.objects.count() == 1
    assert set(File.objects.values_list("version__embedding__name", flat=True)) == {"taken"}


def test_a_file_over_the_limit_is_refused_with_the_limit(api_as, alice):
    answer = api_as(alice).post(LIST, form(file=named(bytes(16 * 2**20 + 2), "model.ckpt")), format="multipart")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "too_large"
    assert answer.json()["error"]["message"].startswith("model.ckpt: The file has more than 16 MB")


def test_an_upload_is_told_of_the_same_numbers_and_of_names_like_it(api_as, alice, bob, upload):
    upload(bob, "red-heart")
    hidden = upload(bob, "hidden-one", visibility="private")
    body = api_as(alice).post(LIST, form(title="Rеd hеart"), format="multipart").json()
    assert body["duplicates"] == [{"owner": "bob", "name": "red-heart", "version": 1, "rounded": ""}]
    assert [(other["owner"], other["name"]) for other in body["lookalikes"]] == [("bob", "red-heart")]
    assert hidden.name not in str(body)


def test_writing_needs_an_account_and_the_scope(api, api_as, alice):
    assert api.post(LIST, form(), format="multipart").status_code == 401
    refused = api_as(alice, ["read", "train"]).post(LIST, form(), format="multipart")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")
    assert not Embedding.objects.exists()


def test_a_list_shows_public_ones_to_all_and_drafts_to_their_owner(api, api_as, alice, bob, upload):
    upload(alice, "public-one")
    upload(alice, "draft-one", visibility="private", seed=1)
    upload(alice, "unlisted-one", visibility="unlisted", seed=2)
    for client in (api, api_as(bob)):
        body = client.get(LIST).json()
        assert [found["name"] for found in body["results"]] == ["public-one"]
        assert body["next"] is None
    assert len(api_as(alice).get(LIST).json()["results"]) == 3
    assert set(body["results"][0]) >= FIELDS


@pytest.mark.parametrize("sort", ["new", "downloads", "likes", "trending", ""])
@pytest.mark.parametrize("q", ["", "word"])
def test_pages_hold_everything_once_in_every_order(api, alice, upload, sort, q):
    for number in range(7):
        upload(alice, f"word-{number}", seed=number)
        Embedding.objects.filter(name=f"word-{number}").update(downloads=number % 2, likes=number % 3)
    whole = [found["name"] for found in api.get(LIST, {"sort": sort, "q": q}).json()["results"]]
    assert len(whole) == 7
    paged, following = [], f"{LIST}?sort={sort}&q={q}&limit=2"
    while following:
        body = api.get(following).json()
        assert len(body["results"]) <= 2
        paged += [found["name"] for found in body["results"]]
        following = body["next"]
    assert paged == whole


def test_more_than_a_thousand_equals_can_be_paged_through(api, alice):
    Embedding.objects.bulk_create(
        Embedding(owner=alice, name=f"word-{n}", title="Word", token="<w>", kind="object", base="sd1", license="mit",
                  visibility="public")
        for n in range(1150)
    )  # fmt: skip
    seen, following = set(), f"{LIST}?sort=likes&limit=100"
    for _ in range(12):
        body = api.get(following).json()
        seen |= {found["name"] for found in body["results"]}
        following = body["next"]
    assert following is None
    assert len(seen) == 1150


def test_a_list_can_be_narrowed(api, alice, bob, upload):
    upload(alice, "one-cat", tags=["cat"], kind="style")
    upload(bob, "one-dog", tags=["dog"], seed=1)
    for asked in ({"q": "cat"}, {"tag": "cat"}, {"kind": "style"}, {"owner": "alice"}):
        assert [found["name"] for found in api.get(LIST, asked).json()["results"]] == ["one-cat"]
    assert len(api.get(LIST, {"base": "sd1", "kind": ""}).json()["results"]) == 2


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [({"sort": "size"}, 400, "sort"), ({"kind": "x"}, 400, "kind"), ({"base": "sd9"}, 400, "base"), ({"q": "a\x00b"}, 400, "q"),
     ({"cursor": "nonsense"}, 404, None), ({"cursor": cursor("nonsense")}, 404, None),
    ({"sort": "likes", "cursor": cursor("nonsense")}, 404, None), ({"sort": "likes", "cursor": cursor("9" * 30)}, 200, None),
    ({"sort": "trending", "cursor": cursor("-" + "9" * 30)}, 200, None), ({"q": "red", "cursor": cursor("x\x00")}, 404, None)],
)  # fmt: skip
def test_a_senseless_parameter_is_refused(api, alice, upload, asked, status, field):
    upload(alice)
    answer = api.get(LIST, asked)
    assert answer.status_code == status
    assert field is None or field in answer.json()["error"]["fields"]


def test_a_long_list_costs_few_queries(api, alice, upload, django_assert_max_num_queries):
    for number in range(15):
        upload(alice, f"word-{number}", seed=number)
    # Six of the list's own, and one that counts the request.
    with django_assert_max_num_queries(6 + 1):
        assert len(api.get(LIST, {"limit": 15}).json()["results"]) == 15


def test_what_may_not_be_known_of_is_404_and_what_may_not_be_changed_403(api, api_as, alice, bob, sam, upload):
    upload(alice, "public-one")
    upload(alice, "private-one", visibility="private", seed=1)
    stranger, staff = api_as(bob), api_as(sam)
    for method in ("patch", "delete"):
        assert getattr(api, method)(f"{LIST}/alice/public-one").status_code == 401
        assert getattr(stranger, method)(f"{LIST}/alice/public-one").status_code == 403
        assert getattr(stranger, method)(f"{LIST}/alice/private-one").status_code == 404
        assert getattr(staff, method)(f"{LIST}/alice/private-one").status_code == 403
    assert stranger.get(f"{LIST}/alice/private-one").status_code == 404
    assert staff.get(f"{LIST}/alice/private-one").status_code == 200
    assert stranger.get(f"{LIST}/nobody/nothing").status_code == 404
    assert stranger.get(f"{LIST}/al%00ice/nothing").status_code == 404
    assert Embedding.objects.count() == 2


def test_the_owner_changes_what_is_said(api_as, alice, upload):
    upload(alice)
    client = api_as(alice)
    answer = client.patch(f"{LIST}/alice/red-heart", {"title": "Better", "tags": ["x y"], "visibility": "unlisted"})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["title"], body["tags"], body["visibility"], body["license"]) == (
        "Better",
        ["x-y"],
        "unlisted",
        "cc0-1.0",
    )
    assert client.patch(f"{LIST}/alice/red-heart", {}).status_code == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [({"token": "<new>"}, "fixed"), ({"name": "new-name"}, "fixed"), ({"base": "sdxl"}, "fixed"), ({"kind": "x"}, "invalid"),
     ({"title": ""}, "required"), ({"tags": ["<b>"]}, "bad_tag"), ({"title": "t" * 121}, "too_long")],
)  # fmt: skip
def test_a_change_that_cannot_be_is_refused_whole(api_as, alice, upload, change, code):
    upload(alice)
    answer = api_as(alice).patch(f"{LIST}/alice/red-heart", {"description": "new words"} | change)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert list(answer.json()["error"]["fields"]) == list(change)
    assert Embedding.objects.get().description == ""


def test_the_owner_deletes(api_as, alice, upload):
    upload(alice)
    assert api_as(alice).delete(f"{LIST}/alice/red-heart").status_code == 204
    assert not Embedding.objects.exists()


def test_the_owner_adds_versions_and_a_stranger_does_not(api_as, alice, bob, upload):
    upload(alice)
    where = f"{LIST}/alice/red-heart/versions"
    send = {"file": named(sd1_file(4), "v2.safetensors"), "notes": "Longer"}
    assert api_as(bob).post(where, send, format="multipart").status_code == 403
    send["file"].seek(0)
    answer = api_as(alice).post(where, send, format="multipart")
    assert answer.status_code == 201
    assert [(v["number"], v["notes"]) for v in answer.json()["versions"]] == [(2, "Longer"), (1, "")]
    send["file"].seek(0)
    again = api_as(alice).post(where, send, format="multipart")
    assert (again.status_code, again.json()["error"]["code"]) == (400, "unchanged")


@pytest.mark.parametrize("body", [b"5", b"null", b"[]", b'"a"', b'{"foo": 1}', b'{"title": "x", "search": "y"}'])
def test_a_change_that_names_no_field_is_refused(api_as, alice, upload, body):
    upload(alice)
    answer = api_as(alice).generic("PATCH", f"{LIST}/alice/red-heart", body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert Embedding.objects.get().title == "Red heart"
