"""Notices: counted in the header, listed, and seen when somebody looks."""

from __future__ import annotations

import pytest

from hub.accounts.models import Notice
from hub.accounts.notices import count_unseen, notify

pytestmark = pytest.mark.django_db


def tell(owner, count=1, first=0):
    for number in range(first, first + count):
        notify(owner_id=owner.pk, key=f"job-{number}", text=f"kite-{number} is trained.", url=f"/jobs/{number}")


def badge(client):
    page = client.get("/upload").content.decode()
    return page.partition("unseen-count")[2].partition(">")[2].partition("<")[0]


def test_one_hears_of_a_thing_once(alice):
    tell(alice, 2)
    tell(alice, 2)
    assert Notice.objects.count() == 2


def test_the_header_counts_what_was_not_seen_with_one_query(as_user, alice, bob, django_assert_num_queries):
    client = as_user(alice)
    assert badge(client) == ""
    tell(alice, 3)
    tell(bob, 1, first=10)
    assert badge(client) == "3"
    tell(alice, 120, first=20)
    assert badge(client) == "99+"
    with django_assert_num_queries(1):
        assert count_unseen(alice) == 100


def test_the_header_of_strangers_and_of_refused_requests_counts_nothing(client):
    assert badge(client) == ""
    assert client.get("/nowhere-at-all").status_code == 404
    refused = client.post("/upload", CONTENT_LENGTH=str(2**40), content_type="text/plain")
    assert refused.status_code == 413


def test_the_page_shows_the_newest_first_and_marks_nothing_by_itself(as_user, alice, bob):
    client = as_user(alice)
    assert "Nothing yet." in client.get("/notices").content.decode()
    tell(alice, 35)
    tell(bob, 1, first=90)
    page = client.get("/notices").content.decode()
    assert page.index("kite-34 ") < page.index("kite-5 ") and "kite-4 " not in page and "kite-90" not in page
    assert page.count('class="unseen"') == 30
    assert "kite-4 " in client.get("/notices?page=2").content.decode()
    assert count_unseen(alice) == 35


def test_a_notice_is_read_when_it_is_opened_or_marked(as_user, alice, bob):
    client = as_user(alice)
    tell(alice, 3)
    tell(bob, 1, first=90)
    first, second, _third = Notice.objects.filter(owner=alice).order_by("pk")
    opened = client.get(f"/notices/{first.pk}")
    assert opened.status_code == 302 and opened["Location"] == "/jobs/0"
    unread = client.get("/notices?show=unread").content.decode()
    assert "kite-0 " not in unread and "kite-1 " in unread
    back = client.post("/notices/seen", {"id": second.pk, "show": "unread"})
    assert back["Location"] == "/notices?show=unread" and count_unseen(alice) == 1
    client.post("/notices/seen", {"id": Notice.objects.get(owner=bob).pk})
    client.post("/notices/seen")
    assert count_unseen(alice) == 0 and count_unseen(bob) == 1
    assert "You have read everything." in client.get("/notices?show=unread").content.decode()


def test_a_notice_never_leads_out_of_the_hub(as_user, alice):
    for number, url in enumerate(("https://example.org/", "//example.org/", "/\\example.org", "javascript:x")):
        notify(owner_id=alice.pk, key=str(number), text="x", url=url)
    client = as_user(alice)
    assert {client.get(f"/notices/{notice.pk}")["Location"] for notice in Notice.objects.all()} == {"/notices"}


def test_programs_list_notices_and_say_which_they_saw(api_as, alice, bob):
    tell(alice, 3)
    tell(bob, 1, first=7)
    client = api_as(alice, scopes=["read"])
    first = client.get("/api/hub/notices?limit=2").json()
    assert [entry["text"] for entry in first["results"]] == ["kite-2 is trained.", "kite-1 is trained."]
    assert first["results"][0]["url"] == "http://testserver/jobs/2"
    assert [entry["text"] for entry in client.get(first["next"]).json()["results"]] == ["kite-0 is trained."]
    ids = [entry["id"] for entry in first["results"]]
    others = Notice.objects.get(owner=bob).pk
    assert client.post("/api/hub/notices/seen", {"ids": [*ids, others]}).json() == {"unseen": 1}
    assert [entry["text"] for entry in client.get("/api/hub/notices?unseen=true").json()["results"]] == [
        "kite-0 is trained."
    ]
    assert len(client.get("/api/hub/notices?unseen=false").json()["results"]) == 3
    assert client.post("/api/hub/notices/seen").json() == {"unseen": 0}
    assert count_unseen(bob) == 1


@pytest.mark.parametrize(
    ("query", "field"), [("unseen=perhaps", "unseen"), ("sort=old", "sort"), ("limit=1000", "limit")]
)
def test_a_list_of_notices_that_makes_no_sense_is_refused_by_name(api_as, alice, query, field):
    answer = api_as(alice).get(f"/api/hub/notices?{query}")
    assert answer.status_code == 400 and list(answer.json()["error"]["fields"]) == [field]


@pytest.mark.parametrize("body", [{"ids": ["x"]}, {"ids": list(range(101))}])
def test_notices_that_cannot_be_are_refused(api_as, alice, body):
    answer = api_as(alice).post("/api/hub/notices/seen", body)
    assert answer.status_code == 400 and list(answer.json()["error"]["fields"]) == ["ids"]
