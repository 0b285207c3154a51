"""People over the API: what everybody reads of them, and what each changes of their own account."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hub.accounts.models import User
from hub.preferences import Preferences
from registry.moderation import reports
from registry.services import like

pytestmark = pytest.mark.django_db


def test_a_person_is_told_as_their_page_tells(api, alice, bob, upload):
    like(user=bob, embedding=upload(alice, "one"))
    upload(alice, "two", seed=1, visibility="private")
    User.objects.filter(pk=alice.pk).update(display_name="Alice L.", bio="I **learn**", email="a@example.org")
    told = api.get("/api/hub/people/alice").json()
    assert told == {
        "username": "alice", "display_name": "Alice L.", "bio": "I **learn**", "url": "http://testserver/alice",
        "joined": f"{alice.date_joined:%Y-%m}", "embeddings": 1, "downloads": 0, "likes": 1, "likes_hidden": False,
    }  # fmt: skip


def test_whose_account_is_closed_is_nobody(api, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    for nobody in ("alice", "nobody-here", "%00", "A"):
        for path in ("", "/likes"):
            assert api.get(f"/api/hub/people/{nobody}{path}").status_code == 404


def test_what_somebody_likes_is_listed_for_whoever_may_see_it(api, api_as, alice, bob, upload):
    for seed, name in enumerate(("first", "second", "secret", "explicit")):
        like(user=alice, embedding=upload(bob, name, seed=seed))
    bob.embeddings.filter(name="secret").update(visibility="private")
    bob.embeddings.filter(name="explicit").update(rating="explicit")
    answer = api.get("/api/hub/people/alice/likes").json()
    assert [sorted(item) for item in answer["results"]] == [["embedding"]] * 2
    assert [item["embedding"]["name"] for item in answer["results"]] == ["second", "first"]
    second = api.get("/api/hub/people/alice/likes?limit=1").json()["next"]
    assert api.get(second).json()["results"][0]["embedding"]["name"] == "first"
    assert api_as(alice).patch("/api/hub/me", {"likes_hidden": True}, format="json").status_code == 200
    assert api.get("/api/hub/people/alice/likes").status_code == 404
    assert api_as(bob).get("/api/hub/people/alice/likes").status_code == 404
    assert len(api_as(alice).get("/api/hub/people/alice/likes").json()["results"]) == 2


def test_an_account_is_changed_field_by_field(api_as, alice):
    client = api_as(alice)
    before = client.get("/api/hub/me").json()
    assert before["preferences"] == {"language": "", "theme": "", "sensitive": "blur", "explicit": False}
    said = {"display_name": "Alice  L.", "bio": "I **learn** <script>x</script>", "mails_notices": False}
    told = client.patch("/api/hub/me", said | {"preferences": {"explicit": True}}, format="json").json()
    assert told == before | said | {
        "display_name": "Alice L.", "preferences": before["preferences"] | {"explicit": True},
    }  # fmt: skip
    assert client.patch("/api/hub/me", {"preferences": {"theme": "dark"}}, format="json").status_code == 200
    alice.refresh_from_db()
    assert Preferences.stored(alice) == Preferences(theme="dark", explicit=True)
    assert "<strong>learn</strong>" in alice.bio_html and "<script>" not in alice.bio_html
    assert not alice.mails_notices and alice.display_name == "Alice L."


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"bio": "x" * 1001}, "bio"),
        ({"display_name": "Al\u200bice"}, "display_name"),
        ({"preferences": {"theme": "pink"}}, "preferences"),
        ({"preferences": {"colour": "pink"}}, "preferences"),
        ({"preferences": None}, "preferences"),
        ({"mails_notices": "sometimes"}, "mails_notices"),
        ({"email": "mallory@example.org"}, "email"),
        ({"is_staff": True}, "is_staff"),
        ({"login": "mallory"}, "login"),
    ],
)
def test_what_will_not_do_is_refused_by_field_and_changes_nothing(api_as, alice, values, field):
    client = api_as(alice)
    before = client.get("/api/hub/me").json()
    given = {"bio": "Good.", "mails_notices": False, "preferences": {"explicit": True}} | values
    answer = client.patch("/api/hub/me", given, format="json")
    assert (answer.status_code, sorted(answer.json()["error"]["fields"])) == (400, [field])
    assert client.get("/api/hub/me").json() == before


def test_an_account_is_guarded_by_its_tag_and_by_the_scope(api_as, api, alice):
    client = api_as(alice)
    tag = {"If-Match": client.get("/api/hub/me")["ETag"]}
    assert client.patch("/api/hub/me", {"bio": "First."}, format="json", headers=tag).status_code == 200
    assert client.patch("/api/hub/me", {"bio": "Second."}, format="json", headers=tag).status_code == 412
    assert api_as(alice, ["read"]).patch("/api/hub/me", {"bio": "Third."}, format="json").status_code == 403
    assert api.patch("/api/hub/me", {"bio": "Fourth."}, format="json").status_code == 401
    assert client.get("/api/hub/me").json()["bio"] == "First."


def test_who_reported_reads_what_came_of_it(api, api_as, alice, bob, sam, upload):
    closed = reports.file(embedding=upload(alice, "one"), reporter=bob, reason="spam", text="Look.")
    reports.close(report=closed, by=sam, upheld=True, answer="Thank you.")
    reports.file(embedding=upload(alice, "two", seed=1), reporter=bob, reason="tag")
    alice.embeddings.get(name="one").delete()
    opened, decided = api_as(bob, ["read"]).get("/api/hub/me/reports").json()["results"]
    assert (opened["embedding"], opened["state"], opened["closed"]) == ("alice/two", "open", None)
    shown = {"embedding": "alice/one", "reason": "spam", "text": "Look.", "state": "upheld", "answer": "Thank you."}
    assert decided.items() >= shown.items() and decided["closed"]
    assert api_as(alice).get("/api/hub/me/reports").json() == {"results": [], "next": None}
    assert api.get("/api/hub/me/reports").status_code == 401


def test_each_costs_as_many_statements_for_many_rows(api_as, alice, bob, upload):
    client = api_as(bob)

    def costs():
        counted = []
        for path in ("people/bob", "people/bob/likes", "me", "me/likes", "me/reports"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(f"/api/hub/{path}").status_code == 200
            counted.append(len(queries))
        return counted

    def add(seed):
        embedding = upload(alice, f"koi-{seed}", seed=seed)
        like(user=bob, embedding=embedding)
        reports.file(embedding=embedding, reporter=bob, reason="spam")
        upload(bob, f"his-{seed}", seed=100 + seed)

    add(0)
    costs()  # a token's first use is written down
    few = costs()
    for seed in range(1, 5):
        add(seed)
    assert costs() == few


@pytest.mark.parametrize(
    "body", ['{"\\ud800": 1}', '{"preferences": {"theme": "\\ud800"}}', '{"bio": "\\ud800"}', "[1]", "null"]
)
def test_half_a_character_is_refused_like_any_other_nonsense(api_as, alice, body):
    answer = api_as(alice).generic("PATCH", "/api/hub/me", body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
