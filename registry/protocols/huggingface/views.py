"""The routes: who may, which repository, and what of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from rest_framework.parsers import FormParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from hub.accounts.auth import HasScope, ReadScope
from hub.api import ApiError
from hub.requests.parsers import JSONParser
from registry import downloads
from registry.errors import RegistryError
from registry.protocols.huggingface import card, errors, listing, repository
from registry.protocols.huggingface.repository import CARD, MAIN, PICTURE, RECEIPT, Repository
from registry.protocols.views import ProtocolView


class HubView(ProtocolView):
    """Reading needs no account, changing needs the scope ``write``."""

    parser_classes = [JSONParser]
    permission_of = {"GET": [ReadScope], "HEAD": [ReadScope]}

    def get_permissions(self) -> list[BasePermission]:
        if self.request.method not in self.allowed_methods:
            return []  # 405 says more than 401 would
        return [kind() for kind in self.permission_of.get(self.request.method, [HasScope("write")])]

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return errors.exception_handler

    def finalize_response(self, request: Request, response: Any, *args: Any, **options: Any) -> HttpResponseBase:
        """Keep caches from giving one what another may not know of; files that are public say so themselves."""
        response = super().finalize_response(request, response, *args, **options)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ["Authorization"])
        return response

    def body(self) -> dict[str, Any]:
        """The request's JSON object."""
        if not isinstance(self.request.data, dict):
            raise ApiError("invalid", "Send a JSON object.")
        return self.request.data


class WhoAmIView(HubView):
    """Whose token it is."""

    permission_of = {"GET": [IsAuthenticated, ReadScope], "HEAD": [IsAuthenticated, ReadScope]}

    def get(self, request: Request) -> Response:
        """The account."""
        person, token = request.user, request.auth
        role = "write" if "write" in token.scopes else "read"
        return Response(
            {
                "type": "user",
                "id": str(person.pk),
                "name": person.username,
                "fullname": person.get_full_name() or person.username,
                "orgs": [],
                "auth": {"type": "access_token", "accessToken": {"displayName": token.name, "role": role}},
            }
        )


class ValidateView(HubView):
    """Whether a README's front matter can be used."""

    permission_of = {"POST": [ReadScope]}

    def post(self, request: Request) -> Response:
        """Its errors and warnings."""
        content = self.body().get("content")
        if not isinstance(content, str):
            raise ApiError("invalid", "Send the README as “content”.")
        try:
            warnings = card.warnings(card.read(content.encode("utf-8", "replace")))
        except RegistryError as error:
            return Response({"errors": [{"message": error.message}], "warnings": []}, status=400)
        return Response({"errors": [], "warnings": [{"message": message} for message in warnings]})


class ModelsView(HubView):
    """Every repository."""

    def get(self, request: Request) -> Response:
        """A page of them."""
        embeddings = listing.found(request).select_related("owner")
        with_details = listing.wants_details(request)
        pages = listing.ModelPages()
        page = pages.paginate_queryset(listing.with_latest(embeddings) if with_details else embeddings, request, self)
        if not with_details:
            return pages.get_paginated_response([listing.row(embedding) for embedding in page])
        repositories = [repository.of_version(one, one.latest) for one in page if one.latest]
        return pages.get_paginated_response([listing.description(one) for one in repositories])


class ModelView(HubView):
    """One repository."""

    def get(self, request: Request, owner: str, name: str, revision: str = MAIN) -> Response:
        """What there is to know of it."""
        found = repository.find(request.user, owner, name, revision)
        with_sizes = request.query_params.get("blobs", "").lower() in ("1", "true")
        return _at(found, Response(listing.description(found, with_sizes=with_sizes)))


class UnknownModelView(HubView):
    """Names without an owner, which no repository here has."""

    def get(self, request: Request, name: str) -> Response:
        """404 in the form that clients know."""
        raise errors.repository_not_found()


class OtherKindView(HubView):
    """Data sets and spaces, which clients ask for by ``repo_type``."""

    def get(self, request: Request, **place: str) -> Response:
        """404 in the form that clients know: without it they tell of a broken connection."""
        raise errors.no_other_kind()

    post = put = delete = get


class TreeView(HubView):
    """Files of a repository."""

    def get(self, request: Request, owner: str, name: str, revision: str, path: str = "") -> Response:
        """All of them: there are no folders."""
        found = repository.find(request.user, owner, name, revision)
        if path.strip("/"):
            raise errors.entry_not_found(path, found.commit)
        return _at(found, Response(listing.tree(found)))


class PathsView(HubView):
    """Some files of a repository."""

    permission_of = {"POST": [ReadScope]}
    parser_classes = [FormParser, JSONParser]

    def post(self, request: Request, owner: str, name: str, revision: str) -> Response:
        """Those that are there of the paths that are asked for."""
        found = repository.find(request.user, owner, name, revision)
        asked = self.body()
        paths = asked.getlist("paths") if isinstance(asked, QueryDict) else asked.get("paths")
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise ApiError("invalid", "Send “paths” as a list of texts.")
        return _at(found, Response(listing.tree(found, set(paths))))


class RefsView(HubView):
    """Names of revisions."""

    def get(self, request: Request, owner: str, name: str) -> Response:
        """The branch and the tags."""
        return Response(listing.refs(repository.find(request.user, owner, name)))


class HistoryView(HubView):
    """Commits."""

    def get(self, request: Request, owner: str, name: str, revision: str) -> Response:
        """Those that lead to a revision: each version is one."""
        return Response(listing.log(repository.find(request.user, owner, name, revision)))


class ResolveView(HubView):
    """A file."""

    def get(self, request: Request, owner: str, name: str, revision: str, path: str) -> HttpResponseBase:
        """Its bytes, whole or a range of them."""
        found = repository.find(request.user, owner, name, revision)
        # Reading about an embedding is no download of it.
        counted = None if path in (CARD, PICTURE, RECEIPT) else found.embedding
        return _at(found, downloads.send(request, found.open(path), public=found.public, counts_for=counted))


@require_safe
def page(request: HttpRequest, owner: str, name: str, **rest: str) -> HttpResponse:
    """Addresses of a repository that people follow lead to the embedding's page."""
    return redirect("registry:embedding", owner, name, permanent=True)


def _at(found: Repository, answer: HttpResponseBase) -> HttpResponseBase:
    """Say at which commit an answer is: clients keep it under that name."""
    answer["X-Repo-Commit"] = found.commit
    return answer
