"""The pages of reports and of staff, in as many queries whatever they show."""

from __future__ import annotations

import pytest

from registry.models import AuditEntry, Embedding, Report, Tombstone
from registry.moderation import reports, services
from registry.moderation.throttle import ANONYMOUS

pytestmark = pytest.mark.django_db

GOOD = {"reason": "spam", "text": "Not what it says.", "good_faith": "on"}


@pytest.fixture
def work(alice, upload):
    return upload(alice)


def test_anybody_may_report_and_only_so_often(client, work):
    form = client.get("/alice/red-heart/report")
    assert b'name="email"' in form.content
    limit = int(ANONYMOUS.partition("/")[0])
    for _ in range(limit):
        answer = client.post("/alice/red-heart/report", GOOD | {"email": "me@example.org"})
        assert (answer.status_code, answer["Location"]) == (302, "/alice/red-heart")
    refused = client.post("/alice/red-heart/report", GOOD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert Report.objects.count() == limit
    program = client.post(
        "/api/hub/embeddings/alice/red-heart/reports", {"reason": "spam", "good_faith": True}, "application/json"
    )
    assert (program.status_code, program.json()["error"]["code"]) == (429, "throttled")


def test_what_is_missing_is_told_and_what_was_typed_stays(client, work):
    answer = client.post("/alice/red-heart/report", {"text": "A long story.", "email": "nobody"})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"reason", "email", "good_faith"}
    assert b"A long story." in answer.content
    assert not Report.objects.exists()


def test_a_second_report_is_refused_in_words(as_user, work, bob):
    client = as_user(bob)
    assert b'name="email"' not in client.get("/alice/red-heart/report").content
    client.post("/alice/red-heart/report", GOOD)
    again = client.post("/alice/red-heart/report", GOOD)
    assert again.status_code == 422
    assert "staff have yet to decide" in again.content.decode()


def test_programs_report_too(api_as, work, bob):
    program = api_as(bob, scopes=["read"])
    address = "/api/hub/embeddings/alice/red-heart/reports"
    assert "good_faith" in program.post(address, {"reason": "spam"}).json()["error"]["fields"]
    assert program.post(address, {"reason": "spam", "good_faith": False}).status_code == 400
    made = program.post(address, {"reason": "spam", "good_faith": True, "text": "Look."})
    assert (made.status_code, made.json()["state"]) == (201, "open")
    assert Report.objects.get().reporter == bob
    again = program.post(address, {"reason": "spam", "good_faith": True})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "reported")


def test_a_decision_closes_the_report_and_is_shown_to_who_sent_it(as_user, work, bob, sam):
    report = reports.file(embedding=work, reporter=bob, reason="tag", text="No heart.")
    client = as_user(sam)
    assert b"No heart." in client.get(f"/staff/reports/{report.pk}").content
    assert client.post(f"/staff/reports/{report.pk}/close", {}).status_code == 422
    client.post(f"/staff/reports/{report.pk}/close", {"outcome": "upheld", "answer": "Alice mended it."})
    assert b"red-heart" not in client.get("/staff/reports").content
    assert b"red-heart" in client.get("/staff/reports?state=closed&reason=tag").content
    assert b"red-heart" not in client.get("/staff/reports?state=closed&reason=spam").content
    assert b"Alice mended it." in as_user(bob).get("/reports").content


def test_a_take_down_is_confirmed_by_the_address(as_user, work, sam):
    client = as_user(sam)
    address = f"/staff/embeddings/{work.pk}/takedown"
    said = {"takedown-reason": "spam", "takedown-text": "Spam."}
    assert client.post(address, said | {"takedown-path": "alice/red"}).status_code == 422
    unsaid = client.post(address, said | {"takedown-reason": "", "takedown-path": "alice/red-heart"})
    assert unsaid.status_code == 422 and '<option value="" selected>Choose…</option>' in unsaid.content.decode()
    assert Embedding.objects.exists()
    assert client.post(address, said | {"takedown-path": "/alice/red-heart"})["Location"] == "/staff/tombstones"
    stone = Tombstone.objects.get()
    assert b"alice/red-heart" in client.get("/staff/tombstones").content
    assert client.post(f"/staff/tombstones/{stone.pk}/lift", {}).status_code == 422
    assert client.post(f"/staff/tombstones/{stone.pk}/lift", {"text": "A mistake."}).status_code == 302
    assert client.get("/alice/red-heart").status_code == 404


def test_measures_are_taken_once_and_told_if_somebody_was_faster(as_user, work, sam):
    client = as_user(sam)
    said = {"hide-reason": "spam", "hide-text": "Spam."}
    for status in ("It is hidden", "somebody else was faster"):
        answer = client.post(f"/staff/embeddings/{work.pk}/hide", said, follow=True)
        assert status in answer.content.decode()
    assert "Show again" in answer.content.decode()
    client.post(f"/staff/embeddings/{work.pk}/restore", {"restore-text": "Is none."})
    client.post(f"/staff/embeddings/{work.pk}/rate", {"rate-rating": "explicit", "rate-locked": "on"})
    work.refresh_from_db()
    assert (work.moderation, work.rating, work.rating_locked) == ("", "explicit", True)


def test_the_log_is_searched_by_what_by_whom_and_on_what(as_user, work, sam):
    services.hide(embedding=work, by=sam, reason="spam", text="Advertising for shoes.")
    services.restore(embedding=work, by=sam, text="None after all.")
    client = as_user(sam)

    def found(query):
        return [entry.action for entry in client.get(f"/staff/audit{query}").context["page"]]

    assert found("") == ["embedding.restore", "embedding.hide"]
    assert found("?action=embedding.hide") == ["embedding.hide"]
    assert found("?q=shoes") == ["embedding.hide"]
    assert found("?by=sam&q=red-heart") == ["embedding.restore", "embedding.hide"]
    assert found("?by=alice") == found("?by=../x") == found("?q=boots") == []
    assert len(found("?by=%00&q=%00")) == 2


def test_pages_of_staff_cost_the_same_whatever_they_show(
    as_user, alice, bob, sam, upload, django_assert_num_queries, django_assert_max_num_queries
):
    def more(first, last):
        for number in range(first, last):
            work = upload(alice, f"work-{number}", seed=number)
            reports.file(embedding=work, reporter=bob, reason="spam")
            reports.file(embedding=work, reporter=None, reason="rights")
            services.hide(embedding=work, by=sam, reason="rights", text="No.")
            reports.file(embedding=work, reporter=bob, reason="spam")
            gone = upload(alice, f"gone-{number}", seed=100 + number)
            services.take_down(embedding=gone, by=sam, reason="spam", text="No.")

    client = as_user(sam)
    more(0, 1)
    work = Embedding.objects.get()
    addresses = (
        "/staff/reports", "/staff/reports?state=closed", f"/staff/reports/{Report.objects.first().pk}",
        f"/staff/embeddings/{work.pk}", "/staff/tombstones", "/staff/audit",
    )  # fmt: skip
    cost = {}
    for address in addresses:
        with django_assert_max_num_queries(16) as seen:
            assert client.get(address).status_code == 200
        cost[address] = len(seen.captured_queries)
    more(1, 4)
    for number in range(3):
        Report.objects.create(embedding=work, path="alice/work-0", reason="spam", text=str(number))
        AuditEntry.objects.create(by=sam, action="x", kind="registry.embedding", key=str(work.pk), label="x")
    for address in addresses:
        with django_assert_num_queries(cost[address]):
            client.get(address)
