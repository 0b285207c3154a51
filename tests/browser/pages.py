"""Every page of the site and who looks at it: rows of the walk in ``test_every_page``."""

from __future__ import annotations

import re

#: (who, status, addresses). ``{…}`` are filled from the world; of what one person sees like another there is one row.
PAGES: list[tuple[str, int, tuple[str, ...]]] = [
    (
        "",
        200,
        (
            "/",
            "/?q=lantern&kind=object&sort=likes",
            "/?q=lantrn&base=sd2",
            "/alice",
            "/alice/lantern",
            "/alice/inkstone",
            "/alice/teapot",
            "/alice/suggestive-one",
            "/alice/unlisted-one",
            "/alice/lantern/report",
            "/alice/likes",
            "/alice/collections",
            "/collections/{board}",
            "/about",
            "/preferences",
            "/accounts/login/",
            "/accounts/signup/",
            "/accounts/inactive/",
            "/accounts/confirm-email/",
            "/accounts/confirm-email/{address_key}/",
            "/accounts/password/reset/",
            "/accounts/password/reset/done/",
            "/accounts/password/reset/key/{password_key}/",
            "/accounts/password/reset/key/done/",
        ),
    ),
    ("", 404, ("/alice/nothing", "/collections/{secret_board}")),
    ("", 410, ("/alice/taken-one",)),
    (
        "alice",
        200,
        (
            "/alice/lantern",
            "/alice/private-one",
            "/alice/hidden-one",
            "/bob/kettle",
            "/alice/lantern/edit",
            "/alice/lantern/delete",
            "/alice/lantern/new-version",
            "/alice/lantern/pictures",
            "/upload",
            "/drafts",
            "/collections/new",
            "/collections/{board}",
            "/collections/{board}/edit",
            "/collections/{board}/delete",
            "/train",
            "/train/{draft}/images",
            "/train/{draft}/images/{draft_image}/crop",
            "/train/{draft}/concept",
            "/train/{draft}/review",
            "/jobs",
            "/jobs/{queued}",
            "/jobs/{running}",
            "/jobs/{succeeded}",
            "/jobs/{failed}",
            "/jobs/{cancelled}",
            "/notices",
            "/accounts/notices",
            "/accounts/profile",
            "/accounts/data",
            "/accounts/delete",
            "/accounts/tokens/",
            "/accounts/webhooks/",
            "/accounts/webhooks/{webhook}/",
            "/accounts/email/",
            "/accounts/password/change/",
            "/accounts/sessions/",
            "/accounts/2fa/",
            "/accounts/2fa/totp/activate/",
            "/accounts/reauthenticate/",
            "/accounts/logout/",
        ),
    ),
    ("carol", 200, ("/accounts/2fa/", "/accounts/2fa/recovery-codes/", "/accounts/2fa/recovery-codes/generate/",
                    "/accounts/2fa/totp/deactivate/", "/accounts/2fa/reauthenticate/")),
    ("halfway", 200, ("/accounts/2fa/authenticate/",)),
    ("without-a-password", 200, ("/accounts/password/set/",)),
    ("dora", 200, ("/upload", "/drafts", "/train", "/jobs", "/notices", "/reports", "/dora", "/dora/likes", "/dora/collections",
                   "/accounts/tokens/")),
    ("bob", 200, ("/reports",)),
    ("bob", 403, ("/alice/lantern/edit",)),
    (
        "sam",
        200,
        (
            "/staff/reports",
            "/staff/reports?state=closed",
            "/staff/reports/{report}",
            "/staff/reports/{closed}",
            "/staff/embeddings/{hidden}",
            "/staff/tombstones",
            "/staff/audit",
            "/staff/jobs",
            "/admin/",
            "/admin/registry/",
            "/admin/registry/embedding/",
            "/admin/registry/embedding/{embedding}/change/",
            "/admin/accounts/user/add/",
            "/admin/registry/auditentry/",
        ),
    ),
]  # fmt: skip

#: Routes that answer no page of ours: what programs read, files, and what asks for a method that is no GET.
NO_PAGES = re.compile(
    r"api/|healthz|metrics|robots\.txt|sitemap|feed\.atom|<owner>/feed\.atom|upload/(files|fields|pictures)|media/"
    r"|(datasets/|spaces/)?<owner>/<name>/(resolve|raw|blob|tree|commit)/"  # of the Hugging Face protocol: files, and ways to the page
    r"|.*/(thumbnail|picture|training\.json|<target>|pictures/<int:preview>)$"
    r"|train/<int:pk>$|notices/<int:pk>$"  # lead on to where it is
    r"|accounts/2fa/recovery-codes/download/|accounts/login/code/confirm/"
    # The administration's pages are Django's: one of each kind is looked at.
    r"|admin/"
)
