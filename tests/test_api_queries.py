"""How many queries each list of each dialect costs, and each thing that lists others: a fixed number, whatever the number of rows."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from hub.webhooks.models import Webhook
from tests.browser.world import drawings
from tests.test_queries import add_row, things  # noqa: F401  (a fixture)
from training.services import submit_job

#: (address, queries): two are of the token and the throttle.
COSTS = [
    ("/api/hub/embeddings?limit=100", 6),
    ("/api/hub/embeddings?limit=100&q=hers&sort=trending", 6),
    ("/api/hub/embeddings/alice/lantern", 6),
    ("/api/hub/embeddings/alice/lantern/versions?limit=100", 9),
    ("/api/hub/embeddings/alice/lantern/similar", 11),
    ("/api/hub/embeddings/alice/lantern/meaning", 8),
    ("/api/hub/hashes/{hash}", 4),
    ("/api/hub/embeddings/facets?q=hers", 4),
    ("/api/hub/embeddings/alice/lantern/changes", 6),
    ("/api/hub/embeddings/alice/lantern/uses", 6),
    ("/api/hub/collections?embedding={embedding}", 3),
    ("/api/hub/people/alice", 4),
    ("/api/hub/people/alice/likes", 8),
    ("/api/hub/me", 2),
    ("/api/hub/me/reports", 3),
    ("/api/hub/collections?limit=100", 3),
    ("/api/hub/collections/{board}", 3),
    ("/api/hub/collections/{board}/items?limit=100", 4),
    ("/api/hub/me/likes?limit=100", 7),
    ("/api/hub/base-models", 3),
    ("/api/hub/jobs?limit=100", 8),
    ("/api/hub/jobs/{job}", 8),
    ("/api/hub/allowance", 5),
    ("/api/hub/notices?limit=100", 3),
    ("/api/hub/tokens?limit=100", 3),
    ("/api/hub/webhooks?limit=100", 3),
    ("/api/hub/webhooks/{webhook}/deliveries?limit=100", 4),
    ("/api/models", 3),
    ("/api/models?full=true", 6),
    ("/api/models/alice/lantern?blobs=true", 7),
    ("/api/models/alice/lantern/tree/main", 7),
    ("/alice/lantern/resolve/main/README.md", 7),
    ("/api/v1/models", 6),
    ("/api/v1/models?query=hers", 6),
    ("/api/v1/models/{embedding}", 6),
    ("/api/v1/model-versions/{version}", 5),
    ("/api/v1/model-versions/by-hash/{hash}", 7),
    ("/api/v1/creators", 4),
    ("/api/v1/tags", 4),
    ("/api/v1/images", 3),
]


def costs_of(client, made):
    """The queries of each address."""
    counted = []
    for address, _ in COSTS:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address.format(**made)).status_code == 200, address
        counted.append((address, len(queries)))
    return counted


def submit(owner, number):
    """A job that waits."""
    images = [(f"{number}.png", data) for number, data in enumerate(drawings(3))]
    submit_job(
        owner=owner, images=images, base="pocket", token="<koi>", kind="object", initialiser="thing", name=f"koi-{number}"
    )  # fmt: skip


def test_each_list_costs_what_it_costs_with_one_row_and_with_eight(things, api_as, settings):  # noqa: F811
    settings.HUB_ACCOUNT_JOBS = 100
    people, made = things
    alice = people["alice"]
    version = alice.embeddings.get(name="lantern").latest
    made |= {"version": version.pk, "hash": version.blob}
    client = api_as(alice)
    submit(alice, 0)
    costs_of(client, made)  # what a process asks for once, and that the token was used
    few = costs_of(client, made)
    for number in range(1, 8):
        add_row(people, made, number)
        Webhook.make(owner=alice, url="https://example.org/", events=["published"])
        submit(alice, number)
    many = costs_of(client, made)
    assert few == COSTS
    assert many == COSTS
