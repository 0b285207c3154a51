"""How many queries each page costs: a fixed number, whatever the number of rows that it shows."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hub.accounts.models import ApiToken
from hub.accounts.notices import notify
from hub.webhooks.events import ping
from hub.webhooks.models import Webhook
from registry.collections.services import create_collection, put_item
from registry.formats import NamedFile
from registry.models import Collection, Tombstone
from registry.moderation import reports
from registry.services import add_version, like
from registry.upload import drafts
from tests.browser.world import drawings, drawn, share, sketches, training_draft
from tests.registry import samples
from tests.training.results import bring
from training.bases import ensure_builtin_bases
from training.models import JobSnapshot, State, TrainingDraft
from training.services import submit_job

#: (who looks, address, queries). Those of somebody signed in are the session, the account and the count in the header beside the page's.
COSTS = [
    ("", "/", 5),
    ("", "/?q=lantern&kind=object", 5),
    ("", "/alice", 6),
    ("", "/alice/likes", 6),
    ("", "/alice/collections", 8),
    ("", "/alice/lantern", 10),
    ("", "/alice/lantern/report", 1),
    ("", "/collections/{board}", 6),
    ("", "/about", 1),
    ("", "/preferences", 0),
    ("", "/feed.atom", 3),
    ("", "/alice/feed.atom", 4),
    ("", "/sitemap.xml", 1),
    ("", "/sitemap-embeddings.xml", 2),
    ("", "/accounts/login/", 0),
    ("", "/alice/nothing", 2),
    ("alice", "/", 8),
    ("alice", "/alice/lantern", 15),
    ("alice", "/alice/lantern/edit", 5),
    ("alice", "/alice/lantern/delete", 4),
    ("alice", "/alice/lantern/new-version", 4),
    ("alice", "/alice/lantern/pictures", 6),
    ("alice", "/collections/{board}", 9),
    ("alice", "/collections/{board}/edit", 4),
    ("alice", "/upload", 11),
    ("alice", "/drafts", 9),
    ("alice", "/train", 7),
    ("alice", "/train/{draft}/images", 5),
    ("alice", "/train/{draft}/concept", 5),
    ("alice", "/train/{draft}/review", 11),
    ("alice", "/jobs", 5),
    ("alice", "/jobs/{job}", 9),
    ("alice", "/notices", 6),
    ("alice", "/accounts/notices", 3),
    ("alice", "/accounts/profile", 3),
    ("alice", "/accounts/data", 8),
    ("alice", "/accounts/tokens/", 4),
    ("alice", "/accounts/webhooks/", 4),
    ("alice", "/accounts/webhooks/{webhook}/", 6),
    ("alice", "/accounts/sessions/", 4),
    ("alice", "/accounts/2fa/", 5),
    ("bob", "/reports", 5),
    ("sam", "/staff/reports", 5),
    ("sam", "/staff/reports?state=closed", 5),
    ("sam", "/staff/reports/{report}", 7),
    ("sam", "/staff/embeddings/{embedding}", 9),
    ("sam", "/staff/tombstones", 5),
    ("sam", "/staff/audit", 6),
    ("sam", "/staff/jobs", 11),
]


@pytest.fixture
def things(alice, bob, sam):
    """A page of everything with one row."""
    ensure_builtin_bases()
    lantern = share(alice, "lantern", 1).embedding
    board = create_collection(owner=alice, title="Board", visibility="public")
    job = submit_job(
        owner=alice, images=[(f"{number}.png", data) for number, data in enumerate(drawings(3))], base="pocket", token="<koi>",
        kind="object", initialiser="thing", name="koi",
    )  # fmt: skip
    with transaction.atomic():
        bring(job, State.SUCCEEDED)
    webhook, _ = Webhook.make(owner=alice, url="https://example.org/", events=["published"])
    things = {
        "webhook": webhook.pk,
        "board": board.pk,
        "job": job.pk,
        "embedding": lantern.pk,
        "draft": training_draft(alice).pk,
    }
    people = {"alice": alice, "bob": bob, "sam": sam}
    add_row(people, things, 0)
    things["report"] = reports.file(embedding=lantern, reporter=bob, reason="person").pk
    return people, things


def add_row(people, things, number):
    """One more row of everything."""
    alice, bob, sam = people.values()
    board = Collection.objects.get(pk=things["board"])
    lantern = alice.embeddings.get(name="lantern")
    other = share(bob, f"kettle-{number}", 100 + number, previews=[drawn("a {}", number, side=32)]).embedding
    put_item(collection=board, embedding=other, note="why")
    create_collection(owner=alice, title=f"Board {number}", visibility="public")
    like(user=alice, embedding=other)
    share(alice, f"hers-{number}", 200 + number, previews=[])
    share(alice, f"private-{number}", 300 + number, previews=[], visibility="private")
    file = NamedFile("x.safetensors", samples.sd1_file(400 + number))
    previews = [drawn("a {}", number, variant, side=32) for variant in ("learned", "initialiser")]
    add_version(embedding=lantern, files=[file], previews=previews)
    drafts.add(owner=alice, file=NamedFile(f"draft-{number}.safetensors", samples.sd1_file(500 + number)))
    notify(owner_id=alice.pk, key=f"n-{number}", text="Something happened.", url="/jobs")
    ApiToken.issue(owner=alice, name=f"token {number}", scopes=["read"])
    ping(Webhook.objects.get(pk=things["webhook"]))
    Client().force_login(alice)  # another session
    closed = reports.file(embedding=other, reporter=alice, reason="person")
    reports.close(report=closed, by=sam, upheld=False)
    reports.file(embedding=alice.embeddings.get(name=f"hers-{number}"), reporter=bob, reason="person")
    Tombstone.objects.create(
        embedding=1_000_000 + number, owner=bob, owner_name="bob", name=f"taken-{number}", token="<taken>", base="sd1",
        private=False, reason="spam",
    )  # fmt: skip
    job = alice.jobs.get(pk=things["job"])
    if number % 10 == 0:
        sketches(job, final=True)
    JobSnapshot.objects.create(job=job, step=number, loss=0.1, file=b"")
    TrainingDraft.objects.create(owner=alice, base=job.base)


def costs_of(people, things):
    """The queries of each page."""
    counted = []
    for who, address, _ in COSTS:
        client = Client()
        if who:
            client.force_login(people[who])
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address.format(**things)).status_code in (200, 404), address
        counted.append((who, address, len(queries)))
    return counted


def test_each_page_costs_what_it_costs_with_one_row_and_with_thirty(things):
    people, made = things
    costs_of(people, made)  # what a process asks for once, such as its content types
    few = costs_of(people, made)
    for number in range(1, 30):
        add_row(people, made, number)
    many = costs_of(people, made)
    assert few == COSTS
    assert many == COSTS
