"""Who gets what of the routes of other hubs' protocols: rows of the table in ``tests/test_permissions.py``."""

from __future__ import annotations

from django.test import RequestFactory
from rest_framework.request import Request

from hub.accounts.models import User
from registry.models import Version
from registry.protocols.civitai.addresses import Addresses

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
    ("POST", "/api/models/alice/public-one/paths-info/main", f"{MODEL}/paths-info/<path:revision>", (400,) * 4),
    (
        "POST",
        "/api/models/alice/private-one/paths-info/v1",
        f"{MODEL}/paths-info/<path:revision>",
        (404, 404, 400, 400),
    ),
    ("GET", "/api/models/alice/public-one/refs", f"{MODEL}/refs", (200, 200, 200, 200)),
    ("GET", "/api/models/alice/private-one/refs", f"{MODEL}/refs", (404, 404, 200, 200)),
    ("GET", "/api/models/alice/public-one/commits/main", f"{MODEL}/commits/<path:revision>", (200, 200, 200, 200)),
    ("GET", "/api/models/alice/private-one/commits/v1", f"{MODEL}/commits/<path:revision>", (404, 404, 200, 200)),
    ("PUT", "/api/models/alice/public-one/settings", f"{MODEL}/settings", (401, 403, 400, 403)),
    ("PUT", "/api/models/alice/private-one/settings", f"{MODEL}/settings", (401, 404, 400, 403)),
    ("POST", "/api/models/alice/public-one/preupload/main", f"{MODEL}/preupload/<path:revision>", (401, 403, 200, 403)),
    (
        "POST",
        "/api/models/alice/private-one/preupload/main",
        f"{MODEL}/preupload/<path:revision>",
        (401, 404, 200, 403),
    ),
    ("POST", "/api/models/alice/public-one/commit/main", f"{MODEL}/commit/<path:revision>", (401, 403, 400, 403)),
    ("POST", "/api/models/alice/private-one/commit/main", f"{MODEL}/commit/<path:revision>", (401, 404, 400, 403)),
    ("GET", "/api/datasets/alice/public-one", "api/datasets/<path:path>", (404, 404, 404, 404)),
    ("GET", "/api/spaces/alice/public-one", "api/spaces/<path:path>", (404, 404, 404, 404)),
    ("GET", "/datasets/a/b/resolve/main/c", f"datasets/{REPOSITORY}/resolve/<path:path>", (404, 404, 404, 404)),
    ("GET", "/spaces/a/b/resolve/main/c", f"spaces/{REPOSITORY}/resolve/<path:path>", (404, 404, 404, 404)),
    ("GET", "/alice/public-one/resolve/main/README.md", f"{REPOSITORY}/resolve/{PATH}", (200, 200, 200, 200)),
    ("GET", "/alice/unlisted-one/resolve/main/README.md", f"{REPOSITORY}/resolve/{PATH}", (200, 200, 200, 200)),
    ("GET", "/alice/private-one/resolve/main/README.md", f"{REPOSITORY}/resolve/{PATH}", (404, 404, 200, 200)),
    ("GET", "/alice/private-one/raw/main/README.md", f"{REPOSITORY}/raw/{PATH}", (404, 404, 200, 200)),
    ("GET", "/alice/private-one/blob/main/README.md", f"{REPOSITORY}/blob/{PATH}", (301, 301, 301, 301)),
    ("GET", "/alice/private-one/tree/main", f"{REPOSITORY}/tree/<path:revision>", (301, 301, 301, 301)),
    ("GET", "/alice/private-one/commit/main", f"{REPOSITORY}/commit/<revision>", (301, 301, 301, 301)),
]

CIVITAI = [
    ("GET", "/api/v1/models", "api/v1/models", (200, 200, 200, 200)),
    ("GET", "/api/v1/models/{embedding}", "api/v1/models/<number>", (200, 200, 200, 200)),
    ("GET", "/api/v1/models/{unlisted}", "api/v1/models/<number>", (404, 404, 200, 404)),
    ("GET", "/api/v1/models/{private}", "api/v1/models/<number>", (404, 404, 200, 404)),
    ("GET", "/api/v1/model-versions/{version}", "api/v1/model-versions/<number>", (200, 200, 200, 200)),
    ("GET", "/api/v1/model-versions/{private_version}", "api/v1/model-versions/<number>", (404, 404, 200, 404)),
    ("POST", "/api/v1/model-versions/by-hash", "api/v1/model-versions/by-hash", (400, 400, 400, 400)),
    ("POST", "/api/v1/model-versions/by-hash/ids", "api/v1/model-versions/by-hash/ids", (400, 400, 400, 400)),
    ("GET", "/api/v1/model-versions/by-hash/{hash}", "api/v1/model-versions/by-hash/<value>", (404, 404, 200, 200)),
    ("GET", "/api/v1/creators", "api/v1/creators", (200, 200, 200, 200)),
    ("GET", "/api/v1/tags", "api/v1/tags", (200, 200, 200, 200)),
    ("GET", "/api/v1/images", "api/v1/images", (200, 200, 200, 200)),
    ("GET", "/api/v1/enums", "api/v1/enums", (200, 200, 200, 200)),
    ("GET", "/api/download/models/{version}", "api/download/models/<number>", (307, 307, 307, 307)),
    ("GET", "/api/download/models/{private_version}", "api/download/models/<number>", (404, 404, 307, 404)),
    # Signed for their owner: whoever has them is taken for her.
    ("GET", "{signed_file}", "api/download/files/<reference>/<name>", (200, 200, 200, 200)),
    ("GET", "/api/download/files/forged/x.pt", "api/download/files/<reference>/<name>", (403, 403, 403, 403)),
    ("GET", "{signed_picture}", "api/download/pictures/<reference>.webp", (200, 200, 200, 200)),
    ("GET", "/api/download/pictures/forged.webp", "api/download/pictures/<reference>.webp", (403, 403, 403, 403)),
]


def civitai_places(made: dict[str, Version], owner: User) -> dict[str, object]:
    """What :data:`CIVITAI` names in braces, of embeddings by their visibility."""
    request = Request(RequestFactory().get("/"))
    request.user = owner
    addresses, private = Addresses(request), made["private"]
    file = private.files.first()
    signed = {
        "signed_file": addresses.bytes_of(private, file, file.filename),
        "signed_picture": addresses.picture(private.previews.first()),
    }
    return {
        "unlisted": made["unlisted"].embedding_id,
        "private": private.embedding_id,
        "version": made["public"].pk,
        "private_version": private.pk,
        **{name: address.removeprefix("http://testserver") for name, address in signed.items()},
    }
