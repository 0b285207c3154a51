"""Collections: what may be in them, who sees what, and how many questions a page asks."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.collections import services
from registry.errors import RegistryError
from registry.models import Collection, CollectionItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def board(alice):
    return services.create_collection(owner=alice, title="Warm things", description="**Red** ones", visibility="public")


def titles(client, address):
    page = client.get(address)
    return [item.embedding.title for item in page.context["page"]]


def test_a_collection_is_begun_renamed_described_and_deleted(as_user, alice):
    client = as_user(alice)
    made = client.post("/collections/new", {"title": "  Warm  things ", "description": "*x*", "visibility": "unlisted"})
    board = Collection.objects.get()
    assert made["Location"] == f"/collections/{board.pk}" and board.title == "Warm things"
    assert "<em>x</em>" in client.get(f"/collections/{board.pk}").content.decode()
    values = {"title": "Cold", "description": "<script>x</script>", "visibility": "public"}
    client.post(f"/collections/{board.pk}/edit", values)
    page = client.get(f"/collections/{board.pk}").content.decode()
    assert '<h1 dir="auto">Cold</h1>' in page and "<script>x" not in page
    assert client.post(f"/collections/{board.pk}/delete")["Location"] == "/alice/collections"
    assert not Collection.objects.exists()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"title": ""}, "Give the title."),
        ({"title": "x" * 81}, "Shorten it to 80 characters"),
        ({"title": "a\u202eb"}, "U+202E"),
        ({"title": "Warm things"}, "You have a collection called “Warm things” already."),
        ({"title": "x", "visibility": "secret"}, "Choose one that is"),
    ],
)
def test_a_collection_that_cannot_be_is_refused_beside_its_field(as_user, alice, board, values, told):
    answer = as_user(alice).post("/collections/new", {"description": "kept", "visibility": "private"} | values)
    assert answer.status_code == 422 and told in answer.content.decode() and "kept" in answer.content.decode()
    assert Collection.objects.count() == 1


def test_entries_keep_their_order_and_their_note(alice, board, upload):
    first, second, third = (upload(alice, name, seed=seed) for seed, name in enumerate(("one", "two", "three")))
    for embedding in (first, second, third):
        services.put_item(collection=board, embedding=embedding, note="so warm")
    services.move_item(collection=board, embedding=third, by=-1)
    services.move_item(collection=board, embedding=first, by=-5)
    services.put_item(collection=board, embedding=second, position=0)
    assert [item.embedding.name for item in board.items.all()] == ["two", "one", "three"]
    assert {item.note for item in board.items.all()} == {"so warm"}
    assert services.remove_item(collection=board, embedding=first)
    assert not services.remove_item(collection=board, embedding=first)
    with pytest.raises(RegistryError, match="300"):
        services.put_item(collection=board, embedding=second, note="x" * 301)


def test_what_others_may_not_know_of_never_shows_through_a_collection(client, as_user, api, alice, bob, upload):
    board = services.create_collection(owner=bob, title="Found", visibility="public")
    shown = {
        visibility: upload(alice, f"{visibility}-one", title=visibility, visibility=visibility, seed=seed)
        for seed, visibility in enumerate(("public", "unlisted"))
    }
    withdrawn = upload(alice, "withdrawn", title="withdrawn", seed=7)
    for embedding in (*shown.values(), withdrawn):
        services.put_item(collection=board, embedding=embedding)
    withdrawn.visibility = "private"
    withdrawn.save()
    address = f"/collections/{board.pk}"
    assert titles(client, address) == ["public"]
    assert "withdrawn" not in client.get("/bob/collections").content.decode()
    assert titles(as_user(bob), address) == ["public", "unlisted"]
    assert set(titles(as_user(alice), address)) == {"public", "unlisted", "withdrawn"}
    assert api.get(f"/api/hub{address}").json()["count"] == 1
    listed = api.get(f"/api/hub{address}/items").json()["results"]
    assert [entry["embedding"]["title"] for entry in listed] == ["public"]


def test_what_staff_hid_or_rated_explicit_is_not_listed_by_a_collection(client, alice, bob, upload):
    board = services.create_collection(owner=bob, title="Found", visibility="public")
    for seed, name in enumerate(("hidden", "explicit", "plain")):
        services.put_item(collection=board, embedding=upload(alice, name, title=name, seed=seed))
    alice.embeddings.filter(name="hidden").update(moderation="hidden")
    alice.embeddings.filter(name="explicit").update(rating="explicit")
    assert titles(client, f"/collections/{board.pk}") == ["plain"]
    client.cookies["preferences"] = "explicit=1"
    assert titles(client, f"/collections/{board.pk}") == ["explicit", "plain"]


def test_collecting_from_an_embeddings_page(as_user, alice, bob, upload, board):
    heart, client = upload(bob, "heart"), as_user(alice)
    other = services.create_collection(owner=alice, title="Other")
    page = client.get("/bob/heart").content.decode()
    assert "Warm things" in page and 'name="in"' in page
    client.post(
        "/bob/heart/collect", {"offered": [board.pk, other.pk], "in": [board.pk], "note": "so red", "new": "Hearts"}
    )
    assert set(heart.collected_in.values_list("collection__title", "note")) == {
        ("Warm things", "so red"),
        ("Hearts", "so red"),
    }
    # A collection that was not on the form, for it is newer than the page, is left alone.
    client.post("/bob/heart/collect", {"offered": [board.pk, other.pk], "in": [other.pk]})
    assert set(heart.collected_in.values_list("collection__title", flat=True)) == {"Other", "Hearts"}


def test_nobody_puts_anything_into_somebody_elses_collection(as_user, alice, bob, upload, board):
    upload(bob, "heart")
    as_user(bob).post("/bob/heart/collect", {"offered": [board.pk], "in": [board.pk]})
    assert not CollectionItem.objects.exists()


def test_a_new_collection_with_a_taken_title_changes_nothing(as_user, alice, upload, board):
    upload(alice, "heart")
    values = {"offered": [board.pk], "in": [board.pk], "new": "Warm things"}
    page = as_user(alice).post("/alice/heart/collect", values, follow=True).content.decode()
    assert "You have a collection called “Warm things” already." in page and not CollectionItem.objects.exists()


def test_an_entry_is_changed_on_the_collections_page(as_user, alice, board, upload):
    first, second = upload(alice, "one"), upload(alice, "two", seed=1)
    for embedding in (first, second):
        services.put_item(collection=board, embedding=embedding)
    client, address = as_user(alice), f"/collections/{board.pk}/items/"
    moved = client.post(f"{address}{second.pk}", {"do": "earlier", "note": "x", "page": "1"})
    assert moved["Location"] == f"/collections/{board.pk}?page=1#entry-{second.pk}"
    assert board.items.first().embedding == second
    client.post(f"{address}{second.pk}", {"do": "note", "note": "deep red"})
    assert "deep red" in client.get(f"/collections/{board.pk}").content.decode()
    client.post(f"{address}{second.pk}", {"do": "remove"})
    assert board.items.count() == 1


@pytest.mark.parametrize("address", ["/collections/{0}", "/alice/collections", "/alice/likes", "/alice"])
def test_a_page_asks_as_many_questions_for_many_as_for_few(as_user, alice, board, upload, address):
    client, address = as_user(alice), address.format(board.pk)

    def questions():
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    def fill(first, count):
        for seed in range(first, first + count):
            embedding = upload(alice, f"word-{seed}", seed=seed)
            services.put_item(collection=board, embedding=embedding)
            more = services.create_collection(owner=alice, title=f"more {seed}")
            services.put_item(collection=more, embedding=embedding)
            client.post(f"/alice/word-{seed}/like", {"action": "like"})

    fill(0, 1)
    few = questions()
    fill(1, 3)
    assert questions() == few <= 14


def test_programs_manage_collections(api_as, api, alice, bob, upload):
    client, heart = api_as(alice), upload(bob, "heart")
    made = client.post("/api/hub/collections", {"title": "Warm", "visibility": "public"})
    assert made.status_code == 201 and made["Location"] == f"/api/hub/collections/{made.json()['id']}"
    address = made["Location"]
    entry = client.put(f"{address}/items/{heart.pk}", {"note": "so red", "position": 0}).json()
    assert entry["note"] == "so red" and entry["embedding"]["name"] == "heart"
    assert client.put(f"{address}/items/{heart.pk}", {}).json()["note"] == "so red"
    assert client.patch(address, {"title": "Hot"}).json()["title"] == "Hot"
    listed = api.get("/api/hub/collections?owner=alice").json()["results"]
    assert [(one["title"], one["count"]) for one in listed] == [("Hot", 1)]
    assert client.put(f"{address}/items/{2**31}", {}).status_code == 404
    assert client.delete(f"{address}/items/{heart.pk}").status_code == 204
    assert client.delete(f"{address}/items/{heart.pk}").status_code == 404
    taken = client.post("/api/hub/collections", {"title": "Hot"})
    assert taken.status_code == 400 and taken.json()["error"]["code"] == "name_taken"
    assert client.delete(address).status_code == 204 and api.get(address).status_code == 404


def test_programs_list_likes_the_newest_first(api_as, alice, bob, upload):
    for seed, name in enumerate(("one", "two", "three")):
        upload(bob, name, seed=seed)
        api_as(alice).post(f"/api/hub/embeddings/bob/{name}/like")
        api_as(bob).post(f"/api/hub/embeddings/bob/{name}/like")
    bob.embeddings.filter(name="two").update(visibility="private")
    first = api_as(alice).get("/api/hub/me/likes?limit=1").json()
    assert first["results"][0]["embedding"]["name"] == "three"
    assert [entry["embedding"]["name"] for entry in api_as(alice).get(first["next"]).json()["results"]] == ["one"]
