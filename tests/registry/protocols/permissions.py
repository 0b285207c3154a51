"""Who gets what of the routes of other hubs' protocols: rows of the table in ``tests/test_permissions.py``."""

from __future__ import annotations

#: Beginnings and an end of routes.
MODEL, REPOSITORY, PATH = "api/models/<owner>/<name>", "<owner>/<name>", "<revision>/<path:path>"

HUGGINGFACE = [
    ("GET", "/api/whoami-v2", "api/whoami-v2", (401, 200, 200, 200)),
    ("POST", "/api/validate-yaml", "api/validate-yaml", (400, 400, 400, 400)),
    ("POST", "/api/repos/create", "api/repos/create", (401, 400, 400, 400)),
    ("DELETE", "/api/repos/delete", "api/repos/delete", (401, 404, 404, 404)),
    ("GET", "/api/models", "api/models", (200, 200, 200, 200)),
    ("GET", "/api/models/gpt2", "api/models/<name>", (404, 404, 404, 404)),
    ("GET", "/api/models/alice/public-one", f"{MODEL}", (200, 200, 200, 200)),
    ("GET", "/api/models/alice/private-one", f"{MODEL}", (404, 404, 200, 200)),
    ("GET", "/api/models/alice/public-one/revision/v1", f"{MODEL}/revision/<path:revision>", (200, 200, 200, 200)),
    ("GET", "/api/models/alice/private-one/revision/v1", f"{MODEL}/revision/<path:revision>", (404, 404, 200, 200)),
    ("GET", "/api/models/alice/public-one/tree/main", f"{MODEL}/tree/<revision>", (200, 200, 200, 200)),
    ("GET", "/api/models/alice/private-one/tree/main", f"{MODEL}/tree/<revision>", (404, 404, 200, 200)),
    ("GET", "/api/models/alice/public-one/tree/main/x", f"{MODEL}/tree/<revision>/<path:path>", (404, 404, 404, 404)),
    ("POST", "/api/models/alice/public-one/preupload/main", f"{MODEL}/preupload/<path:revision>", (401, 403, 200, 403)),
    (
        "POST",
        "/api/models/alice/private-one/preupload/main",
        f"{MODEL}/preupload/<path:revision>",
        (401, 404, 200, 403),
    ),
    ("POST", "/api/models/alice/public-one/commit/main", f"{MODEL}/commit/<path:revision>", (401, 403, 400, 403)),
    ("POST", "/api/models/alice/private-one/commit/main", f"{MODEL}/commit/<path:revision>", (401, 404, 400, 403)),
    ("GET", "/alice/public-one/resolve/main/README.md", f"{REPOSITORY}/resolve/{PATH}", (200, 200, 200, 200)),
    ("GET", "/alice/unlisted-one/resolve/main/README.md", f"{REPOSITORY}/resolve/{PATH}", (200, 200, 200, 200)),
    ("GET", "/alice/private-one/resolve/main/README.md", f"{REPOSITORY}/resolve/{PATH}", (404, 404, 200, 200)),
    ("GET", "/alice/private-one/raw/main/README.md", f"{REPOSITORY}/raw/{PATH}", (404, 404, 200, 200)),
    ("GET", "/alice/private-one/blob/main/README.md", f"{REPOSITORY}/blob/{PATH}", (301, 301, 301, 301)),
    ("GET", "/alice/private-one/tree/main", f"{REPOSITORY}/tree/<path:revision>", (301, 301, 301, 301)),
    ("GET", "/alice/private-one/commit/main", f"{REPOSITORY}/commit/<revision>", (301, 301, 301, 301)),
]
