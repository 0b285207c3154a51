"""Who gets what of the native API: rows of the permission table in tests/test_permissions.py."""

from __future__ import annotations

#: (method, address, route as the resolver spells it, statuses for anonymous, stranger, owner, staff)
API = [
    ("GET", "/api/hub/schema", "api/hub/schema", (200, 200, 200, 200)),
    ("GET", "/api/hub/about", "api/hub/about", (200, 200, 200, 200)),
    ("GET", "/api/hub/docs", "api/hub/docs", (200, 200, 200, 200)),
    ("GET", "/api/hub/embeddings", "api/hub/embeddings", (200, 200, 200, 200)),
    ("POST", "/api/hub/embeddings", "api/hub/embeddings", (401, 400, 400, 400)),
    ("GET", "/api/hub/embeddings/facets", "api/hub/embeddings/facets", (200, 200, 200, 200)),
    ("GET", "/api/hub/embeddings/alice/public-one", "api/hub/embeddings/<owner>/<name>", (200, 200, 200, 200)),
    ("GET", "/api/hub/embeddings/alice/private-one", "api/hub/embeddings/<owner>/<name>", (404, 404, 200, 200)),
    ("PATCH", "/api/hub/embeddings/alice/public-one", "api/hub/embeddings/<owner>/<name>", (401, 403, 200, 403)),
    ("PATCH", "/api/hub/embeddings/alice/private-one", "api/hub/embeddings/<owner>/<name>", (401, 404, 200, 403)),
    ("DELETE", "/api/hub/embeddings/alice/public-one", "api/hub/embeddings/<owner>/<name>", (401, 403, 204, 403)),
    (
        "POST",
        "/api/hub/embeddings/alice/public-one/versions",
        "api/hub/embeddings/<owner>/<name>/versions",
        (401, 403, 400, 403),
    ),
    (
        "GET",
        "/api/hub/embeddings/alice/public-one/download",
        "api/hub/embeddings/<owner>/<name>/download",
        (200, 200, 200, 200),
    ),
    (
        "GET",
        "/api/hub/embeddings/alice/private-one/download",
        "api/hub/embeddings/<owner>/<name>/download",
        (404, 404, 200, 200),
    ),
    (
        "POST",
        "/api/hub/embeddings/alice/public-one/reports",
        "api/hub/embeddings/<owner>/<name>/reports",
        (400, 400, 400, 400),
    ),
    *(
        ("GET", f"/api/hub/embeddings/alice/{name}-one/{what}", f"api/hub/embeddings/<owner>/<name>/{what}", statuses)
        for what in ("similar", "meaning", "changes", "uses", "like")
        for name, statuses in (("public", (200, 200, 200, 200)), ("private", (404, 404, 200, 200)))
    ),
    ("POST", "/api/hub/inspect", "api/hub/inspect", (400, 400, 400, 400)),
    ("GET", "/api/hub/hashes/{hash}", "api/hub/hashes/<hash>", (404, 404, 200, 200)),
    ("POST", "/api/hub/infotext", "api/hub/infotext", (400, 400, 400, 400)),
    ("GET", "/api/hub/base-models", "api/hub/base-models", (200, 200, 200, 200)),
    ("GET", "/api/hub/base-models/pocket/words", "api/hub/base-models/<slug:name>/words", (401, 200, 200, 200)),
    ("GET", "/api/hub/allowance", "api/hub/allowance", (401, 200, 200, 200)),
    ("GET", "/api/hub/jobs", "api/hub/jobs", (401, 200, 200, 200)),
    ("POST", "/api/hub/jobs", "api/hub/jobs", (401, 400, 400, 400)),
    ("POST", "/api/hub/jobs/check", "api/hub/jobs/check", (401, 400, 400, 400)),
    ("GET", "/api/hub/jobs/{job}", "api/hub/jobs/<int:pk>", (401, 404, 200, 200)),
    ("POST", "/api/hub/jobs/{job}/cancel", "api/hub/jobs/<int:pk>/cancel", (401, 404, 200, 404)),
    (
        "GET",
        "/api/hub/jobs/{job}/previews/{job_preview}",
        "api/hub/jobs/<int:pk>/previews/<int:preview>",
        (401, 404, 200, 200),
    ),
    ("POST", "/api/hub/jobs/{job}/further", "api/hub/jobs/<int:pk>/further", (401, 404, 400, 404)),
    ("DELETE", "/api/hub/jobs/{job}/images", "api/hub/jobs/<int:pk>/images", (401, 404, 409, 404)),
    ("POST", "/api/hub/jobs/{job}/snapshots", "api/hub/jobs/<int:pk>/snapshots", (401, 404, 400, 404)),
    ("POST", "/api/hub/jobs/{job}/retry", "api/hub/jobs/<int:pk>/retry", (401, 404, 409, 404)),
]
