"""Refusals as Hugging Face's clients read them: a sentence as ``error``, and headers that tell its exception's class."""

from __future__ import annotations

import logging
import re
from typing import Any

from django.http import Http404
from rest_framework.exceptions import NotAuthenticated, Throttled
from rest_framework.response import Response

from hub import api
from hub.errors import Gone
from registry.errors import RegistryError
from registry.storage import BlobMissing

logger = logging.getLogger(__name__)

#: Typographic characters that headers cannot hold; the client joins header and body, so both say the same.
_PLAIN = str.maketrans({"“": '"', "”": '"', "’": "'", "…": "...", "×": "x", "–": "-"})
#: What a header cannot hold.
_UNPRINTABLE = re.compile(r"[^ -~]")
#: What the client makes a ``DisabledRepoError`` of: the repository is known, and was taken down.
DISABLED = "Access to this resource is disabled."
ONLY_EMBEDDINGS = "There are embeddings here and nothing else: leave repo_type out."


class HubError(api.ApiError):
    """A refusal; ``code`` is the ``X-Error-Code``, ``commit`` the revision in which something was looked for."""

    def __init__(self, status: int, code: str, message: str, *, commit: str = "") -> None:
        super().__init__(code, message, status=status)
        self.commit = commit


def repository_not_found() -> HubError:
    """404: no such repository, or none that the client may know of."""
    return HubError(404, "RepoNotFound", "There is no such repository, or none that this token may see.")


def no_other_kind() -> HubError:
    """404: there are neither data sets nor spaces."""
    return HubError(404, "RepoNotFound", ONLY_EMBEDDINGS)


def revision_not_found(revision: str) -> HubError:
    """404: the repository has no such revision."""
    return HubError(
        404,
        "RevisionNotFound",
        f"There is no revision {revision[:80]!r}. Revisions are main, v1, v2 … for the versions, and commit ids.",
    )


def entry_not_found(path: str, commit: str) -> HubError:
    """404: the revision has no such file."""
    return HubError(404, "EntryNotFound", f"There is no file {path[:200]!r} in this revision.", commit=commit)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer as the native API does, in the shape that these clients read."""
    match error:
        case NotAuthenticated():
            error = NotAuthenticated("Send a token from your tokens page on this hub: HF_TOKEN=sw_..., or token=.")
        case RegistryError():
            error = api.ApiError(error.code, error.message, status=409 if error.code == "quota" else 400)
        case Http404() if not isinstance(error, Gone):
            error = HubError(404, "EntryNotFound", str(error) or "There is no such file.")
        case BlobMissing():
            logger.error("The storage has lost the blob %s.", error)
            error = HubError(404, "EntryNotFound", "The storage has lost this file.")
    response = api.exception_handler(error, context)
    if response is None:
        return None
    message = response.data["error"]["message"].translate(_PLAIN)
    response.data = {"error": message}
    # An answer to HEAD has no body, so the header tells it too.
    response["X-Error-Message"] = _UNPRINTABLE.sub("?", " ".join(message.split()))
    if isinstance(error, Gone):
        response.status_code, response["X-Error-Message"] = 403, DISABLED
    if isinstance(error, HubError):
        response["X-Error-Code"] = error.code
        if error.commit:
            response["X-Repo-Commit"] = error.commit
    if isinstance(error, Throttled) and error.wait is not None:
        response["RateLimit"] = f'"api";r=0;t={int(error.wait) + 1}'
    return response
