"""The routes that change: new repositories, commits, settings, an end."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from hub.api import ApiError
from registry import reservations, services
from registry.errors import RegistryError
from registry.models import Visibility
from registry.protocols.huggingface import commits, errors, repository
from registry.protocols.huggingface.parsers import LinesParser
from registry.protocols.huggingface.repository import MAIN, Repository
from registry.protocols.huggingface.views import HubView


class CreateView(HubView):
    """New repositories."""

    def post(self, request: Request) -> Response:
        """Keep a name until an embedding comes; 409 tells the address of what is there."""
        asked = self.body()
        name = _own_name(request, asked)
        status, told = 200, {}
        try:
            reservations.reserve(owner=request.user, name=name, visibility=_visibility(asked) or Visibility.PUBLIC)
        except RegistryError as error:
            if error.code != "name_taken":
                raise
            repository.find(request.user, request.user.username, name)  # of what was taken down it tells that
            status, told = 409, {"error": f"You already created {request.user.username}/{name}."}
        url = request.build_absolute_uri(f"/{request.user.username}/{name}")
        return Response({"url": url, "name": f"{request.user.username}/{name}", **told}, status=status)


class DeleteView(HubView):
    """Repositories that are no longer wanted."""

    def delete(self, request: Request) -> Response:
        """Delete an embedding with everything of it, or give up a name."""
        found = repository.find_own(request.user, request.user.username, _own_name(request, self.body()))
        if found.embedding is not None:
            services.delete_embedding(embedding=found.embedding)
        else:
            found.reservation.delete()
        return Response({})


class SettingsView(HubView):
    """What can be set of a repository."""

    def put(self, request: Request, owner: str, name: str) -> Response:
        """Make it private, or public again."""
        found, asked = repository.find_own(request.user, owner, name), self.body()
        wished = _visibility(asked)
        if not wished or set(asked) - {"private", "visibility"} or found.embedding is None:
            raise ApiError(
                "invalid", "Of an embedding here, “private” can be set, to true or false; its page has the rest."
            )
        services.update_embedding(embedding=found.embedding, visibility=wished)
        return Response({"private": wished == Visibility.PRIVATE, "gated": False})


class PreuploadView(HubView):
    """How files shall be sent."""

    def post(self, request: Request, owner: str, name: str, revision: str) -> Response:
        """In the commit itself, all of them; with git's name of those that are there, which need not be sent again."""
        found = _to_change(request, owner, name, revision)
        files = self.body().get("files")
        paths = [file.get("path") for file in files if isinstance(file, dict)] if isinstance(files, list) else []
        if not all(isinstance(path, str) for path in paths):
            raise ApiError("invalid", "Send the files as a list of objects with “path”.")
        commits.check_paths(paths)
        return Response({"files": [_upload_mode(found, path) for path in paths]})


class CommitView(HubView):
    """Uploads."""

    parser_classes = [LinesParser]

    def post(self, request: Request, owner: str, name: str, revision: str) -> Response:
        """Take the files of a commit, or refuse it as a whole."""
        found = _to_change(request, owner, name, revision)
        lines = request.data
        if not isinstance(lines, list):  # an empty body
            raise ApiError("bad_commit", "The commit is empty. Send a header and files, each on a line.")
        commits.apply(repository=found, commit=commits.read(lines))
        oid = repository.find(request.user, owner, name).commit
        url = request.build_absolute_uri(f"/{owner}/{name}/commit/{oid}")
        return Response({"success": True, "commitOid": oid, "commitUrl": url})


def _own_name(request: Request, asked: dict[str, Any]) -> str:
    """The name that a request to create or delete is about, which must be below one's own."""
    if asked.get("type") not in (None, "model"):
        raise ApiError("invalid", errors.ONLY_EMBEDDINGS)
    owner, _, name = str(asked.get("name") or "").rpartition("/")
    owner = owner or str(asked.get("organization") or request.user.username)
    if owner != request.user.username:
        raise ApiError("permission_denied", f"Repositories of yours begin with {request.user.username}/", status=403)
    return name


def _visibility(asked: dict[str, Any]) -> str:
    """The visibility that a request says in either of two ways, "" where it says none."""
    by_private = {True: Visibility.PRIVATE, False: Visibility.PUBLIC}
    private = asked.get("private")
    return str(asked.get("visibility") or (by_private[private] if isinstance(private, bool) else ""))


def _to_change(request: Request, owner: str, name: str, revision: str) -> Repository:
    """One's own repository at its only branch."""
    found = repository.find_own(request.user, owner, name)
    if revision != MAIN or request.query_params.get("create_pr"):
        raise ApiError("not_main", "Commit to main: there are no other branches here, and no pull requests.")
    return found


def _upload_mode(found: Repository, path: str) -> dict[str, Any]:
    there = {"oid": found.facts(path).oid} if path in found.files else {}
    return {"path": path, "uploadMode": "regular", "shouldIgnore": commits.is_ignored(path), **there}
