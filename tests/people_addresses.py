"""Who gets what of the addresses of people and collections: rows of the table in ``test_permissions``."""

from __future__ import annotations

from hub.accounts.models import ApiToken, User
from hub.accounts.notices import notify
from hub.webhooks.events import ping
from hub.webhooks.models import Webhook
from registry.collections.services import create_collection, put_item
from registry.models import Embedding

PEOPLE = [
    ("GET", "/alice/likes", "<owner>/likes", (200, 200, 200, 200)),
    ("GET", "/alice/collections", "<owner>/collections", (200, 200, 200, 200)),
    ("POST", "/alice/public-one/collect", "<owner>/<name>/collect", (302, 302, 302, 302)),
    ("POST", "/alice/private-one/collect", "<owner>/<name>/collect", (302, 404, 302, 302)),
    ("GET", "/collections/new", "collections/new", (302, 200, 200, 200)),
    ("POST", "/collections/new", "collections/new", (302, 422, 422, 422)),
    ("GET", "/collections/{shared}", "collections/<int:pk>", (200, 200, 200, 200)),
    ("GET", "/collections/{secret}", "collections/<int:pk>", (404, 404, 200, 200)),
    ("GET", "/collections/{shared}/edit", "collections/<int:pk>/edit", (302, 403, 200, 403)),
    ("POST", "/collections/{shared}/edit", "collections/<int:pk>/edit", (302, 403, 422, 403)),
    ("GET", "/collections/{secret}/edit", "collections/<int:pk>/edit", (302, 404, 200, 403)),
    ("GET", "/collections/{shared}/delete", "collections/<int:pk>/delete", (302, 403, 200, 403)),
    ("POST", "/collections/{shared}/delete", "collections/<int:pk>/delete", (302, 403, 302, 403)),
    (
        "POST",
        "/collections/{shared}/items/{collected}",
        "collections/<int:pk>/items/<int:embedding>",
        (302, 403, 302, 403),
    ),
    (
        "POST",
        "/collections/{secret}/items/{collected}",
        "collections/<int:pk>/items/<int:embedding>",
        (302, 404, 302, 403),
    ),
    ("GET", "/drafts", "drafts", (302, 200, 200, 200)),
    ("GET", "/notices", "notices", (302, 200, 200, 200)),
    ("GET", "/notices/{notice}", "notices/<int:pk>", (302, 404, 302, 404)),
    ("POST", "/notices/seen", "notices/seen", (302, 302, 302, 302)),
    ("GET", "/accounts/notices", "accounts/notices", (302, 200, 200, 200)),
    ("POST", "/accounts/notices", "accounts/notices", (302, 302, 302, 302)),
    ("GET", "/accounts/profile", "accounts/profile", (302, 200, 200, 200)),
    ("POST", "/accounts/profile", "accounts/profile", (302, 302, 302, 302)),
    ("GET", "/accounts/data", "accounts/data", (302, 200, 200, 200)),
    ("POST", "/accounts/data/download", "accounts/data/download", (302, 200, 200, 200)),
    ("GET", "/accounts/delete", "accounts/delete", (302, 302, 302, 302)),
    ("POST", "/accounts/delete", "accounts/delete", (302, 302, 302, 302)),
    ("POST", "/accounts/tokens/new", "accounts/tokens/new", (302, 422, 422, 422)),
    *(
        (
            method,
            f"/api/hub/embeddings/alice/{name}-one/versions{path}",
            f"api/hub/embeddings/<owner>/<name>/versions{route}",
            statuses,
        )
        for method, path, route, public, private in (
            ("GET", "", "", (200, 200, 200, 200), (404, 404, 200, 200)),
            ("GET", "/1", "/<int:number>", (200, 200, 200, 200), (404, 404, 200, 200)),
            ("POST", "/1/previews", "/<int:number>/previews", (401, 403, 400, 403), (401, 404, 400, 403)),
            (
                "DELETE",
                "/1/previews/{shown}",
                "/<int:number>/previews/<int:preview>",
                (401, 403, 204, 403),
                (401, 404, 404, 403),
            ),
            (
                "POST",
                "/1/previews/{shown}/cover",
                "/<int:number>/previews/<int:preview>/cover",
                (401, 403, 200, 403),
                (401, 404, 404, 403),
            ),
        )
        for name, statuses in (("public", public), ("private", private))
    ),
    ("POST", "/api/hub/hashes", "api/hub/hashes", (400, 400, 400, 400)),
    ("GET", "/accounts/webhooks/", "accounts/webhooks/", (302, 200, 200, 200)),
    ("POST", "/accounts/webhooks/", "accounts/webhooks/", (302, 422, 422, 422)),
    ("GET", "/accounts/webhooks/{webhook}/", "accounts/webhooks/<int:pk>/", (302, 404, 200, 404)),
    ("POST", "/accounts/webhooks/{webhook}/", "accounts/webhooks/<int:pk>/", (302, 404, 422, 404)),
    ("POST", "/accounts/webhooks/{webhook}/secret", "accounts/webhooks/<int:pk>/secret", (302, 404, 200, 404)),
    *(
        ("POST", f"/accounts/webhooks/{{webhook}}/{what}", f"accounts/webhooks/<int:pk>/{route}", (302, 404, 302, 404))
        for what, route in (
            ("ping", "ping"),
            ("switch", "switch"),
            ("delete", "delete"),
            ("deliveries/{delivery}", "deliveries/<uuid:delivery>"),
        )
    ),
    ("GET", "/api/hub/webhooks", "api/hub/webhooks", (401, 200, 200, 200)),
    ("POST", "/api/hub/webhooks", "api/hub/webhooks", (401, 400, 400, 400)),
    ("GET", "/api/hub/webhooks/{webhook}", "api/hub/webhooks/<int:pk>", (401, 404, 200, 404)),
    ("PATCH", "/api/hub/webhooks/{webhook}", "api/hub/webhooks/<int:pk>", (401, 404, 200, 404)),
    ("DELETE", "/api/hub/webhooks/{webhook}", "api/hub/webhooks/<int:pk>", (401, 404, 204, 404)),
    ("POST", "/api/hub/webhooks/{webhook}/secret", "api/hub/webhooks/<int:pk>/secret", (401, 404, 200, 404)),
    ("POST", "/api/hub/webhooks/{webhook}/ping", "api/hub/webhooks/<int:pk>/ping", (401, 404, 201, 404)),
    ("GET", "/api/hub/webhooks/{webhook}/deliveries", "api/hub/webhooks/<int:pk>/deliveries", (401, 404, 200, 404)),
    (
        "POST",
        "/api/hub/webhooks/{webhook}/deliveries/{delivery}/redeliver",
        "api/hub/webhooks/<int:pk>/deliveries/<uuid:delivery>/redeliver",
        (401, 404, 201, 404),
    ),
    ("GET", "/accounts/tokens/", "accounts/tokens/", (302, 200, 200, 200)),
    ("POST", "/accounts/tokens/{token}/revoke", "accounts/tokens/<int:pk>/revoke", (302, 404, 302, 404)),
    ("GET", "/api/hub/people/alice", "api/hub/people/<username>", (200, 200, 200, 200)),
    ("GET", "/api/hub/people/nobody-here", "api/hub/people/<username>", (404, 404, 404, 404)),
    ("GET", "/api/hub/people/alice/likes", "api/hub/people/<username>/likes", (200, 200, 200, 200)),
    ("GET", "/api/hub/me", "api/hub/me", (401, 200, 200, 200)),
    ("PATCH", "/api/hub/me", "api/hub/me", (401, 200, 200, 200)),
    ("GET", "/api/hub/me/reports", "api/hub/me/reports", (401, 200, 200, 200)),
    ("GET", "/api/hub/me/export", "api/hub/me/export", (401, 200, 200, 200)),
    ("GET", "/api/hub/me/likes", "api/hub/me/likes", (401, 200, 200, 200)),
    ("GET", "/api/hub/collections", "api/hub/collections", (200, 200, 200, 200)),
    ("POST", "/api/hub/collections", "api/hub/collections", (401, 400, 400, 400)),
    ("GET", "/api/hub/collections/{shared}", "api/hub/collections/<int:pk>", (200, 200, 200, 200)),
    ("GET", "/api/hub/collections/{secret}", "api/hub/collections/<int:pk>", (404, 404, 200, 200)),
    ("PATCH", "/api/hub/collections/{shared}", "api/hub/collections/<int:pk>", (401, 403, 200, 403)),
    ("PATCH", "/api/hub/collections/{secret}", "api/hub/collections/<int:pk>", (401, 404, 200, 403)),
    ("DELETE", "/api/hub/collections/{shared}", "api/hub/collections/<int:pk>", (401, 403, 204, 403)),
    ("GET", "/api/hub/collections/{shared}/items", "api/hub/collections/<int:pk>/items", (200, 200, 200, 200)),
    ("GET", "/api/hub/collections/{secret}/items", "api/hub/collections/<int:pk>/items", (404, 404, 200, 200)),
    (
        "PUT",
        "/api/hub/collections/{shared}/items/{collected}",
        "api/hub/collections/<int:pk>/items/<int:embedding>",
        (401, 403, 200, 403),
    ),
    (
        "DELETE",
        "/api/hub/collections/{shared}/items/{collected}",
        "api/hub/collections/<int:pk>/items/<int:embedding>",
        (401, 403, 204, 403),
    ),
    ("GET", "/api/hub/notices", "api/hub/notices", (401, 200, 200, 200)),
    ("POST", "/api/hub/notices/seen", "api/hub/notices/seen", (401, 200, 200, 200)),
    ("GET", "/api/hub/tokens", "api/hub/tokens", (401, 200, 200, 200)),
    ("POST", "/api/hub/tokens", "api/hub/tokens", (401, 400, 400, 400)),
    ("DELETE", "/api/hub/tokens/{token}", "api/hub/tokens/<int:pk>", (401, 404, 204, 404)),
    (
        "POST",
        "/api/hub/embeddings/alice/public-one/like",
        "api/hub/embeddings/<owner>/<name>/like",
        (401, 200, 200, 200),
    ),
    (
        "POST",
        "/api/hub/embeddings/alice/private-one/like",
        "api/hub/embeddings/<owner>/<name>/like",
        (401, 404, 200, 200),
    ),
    (
        "DELETE",
        "/api/hub/embeddings/alice/public-one/like",
        "api/hub/embeddings/<owner>/<name>/like",
        (401, 200, 200, 200),
    ),
    (
        "DELETE",
        "/api/hub/embeddings/alice/private-one/like",
        "api/hub/embeddings/<owner>/<name>/like",
        (401, 404, 200, 200),
    ),
]


def world_of_people(alice: User, public: Embedding) -> dict[str, int | str]:
    """What the rows are about: collections of Alice's, a notice, a token and a webhook of hers."""
    boards = {
        visibility: create_collection(owner=alice, title=visibility, visibility=visibility)
        for visibility in ("public", "private")
    }
    for board in boards.values():
        put_item(collection=board, embedding=public)
    notify(owner_id=alice.pk, key="told", text="Something happened.", url="/jobs")
    token, _ = ApiToken.issue(owner=alice, name="hers", scopes=["read"])
    webhook, _ = Webhook.make(owner=alice, url="https://example.org/", events=["published"])
    return {
        "webhook": webhook.pk,
        "delivery": str(ping(webhook).pk),
        "shown": public.versions.get().previews.first().pk,
        "shared": boards["public"].pk,
        "secret": boards["private"].pk,
        "collected": public.pk,
        "notice": alice.notices.get().pk,
        "token": token.pk,
    }
