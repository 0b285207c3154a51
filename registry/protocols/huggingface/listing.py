"""Lists and descriptions of repositories, in the words of the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api import ApiError, CursorsOfSearch
from hub.preferences import Preferences
from registry.browsing.search import MAX_VALUES, Sort, search
from registry.formats import Family
from registry.models import Embedding, Kind, License, Rating, Version, Visibility
from registry.protocols.huggingface import card
from registry.protocols.huggingface.repository import MAIN, Repository, history
from registry.protocols.moments import written

#: Repositories of a page when the client does not say, and at most.
PAGE_SIZE = 100
#: Their orders in our words; the last is not one of search's own.
_SORTS = {
    "trendingScore": Sort.TRENDING,
    "downloads": Sort.DOWNLOADS,
    "likes": Sort.LIKES,
    "createdAt": Sort.NEW,
    "lastModified": "",
}
#: Tags that stand for a column, and the values there are.
_EXACT = {"base": list(Family), "kind": Kind.values, "license": License.values}
#: Parameters that ask for more than a row's own columns.
_DETAILS = ("full", "cardData", "expand")


class ModelPages(CursorsOfSearch):
    """Pages whose next one is named by a header, as the client follows it."""

    page_size = PAGE_SIZE

    def get_page_size(self, request: Request) -> int:
        """As many as the client wants in all, or a full page: it stops by itself."""
        asked = request.query_params.get("limit", "")
        return (
            min(int(asked), PAGE_SIZE)
            if asked.isascii() and asked.isdigit() and 0 < len(asked) < 9 and int(asked)
            else PAGE_SIZE
        )

    def get_paginated_response(self, data: list[Any]) -> Response:
        following = self.get_next_link()
        return Response(data, headers={"Link": f'<{following}>; rel="next"'} if following else {})


def wants_details(request: Request) -> bool:
    """Whether a list shall tell commit, files and card of each repository, which costs more."""
    return any(name in request.query_params for name in _DETAILS)


def found(request: Request) -> QuerySet[Embedding]:
    """What ``list_models`` asks for, in order."""
    asked = request.query_params
    sort = asked.get("sort") or "trendingScore"
    if sort not in _SORTS:
        raise ApiError("invalid", f"sort: {sort[:40]!r} is no order here; use one of {', '.join(_SORTS)}.")
    filters = [part for line in asked.getlist("filter") for part in line.split(",") if part]
    if len(filters) > MAX_VALUES:
        raise ApiError("invalid", f"filter: at most {MAX_VALUES} are taken.")
    chosen = _chosen(filters)
    is_gated = asked.get("gated", "").lower() == "true"  # "True" of older clients
    if chosen is None or asked.get("pipeline_tag", card.PIPELINE) != card.PIPELINE or is_gated:
        return Embedding.objects.none()
    rating = {"rating": Rating.EXPLICIT} if card.EXPLICIT_TAG in filters else {}
    embeddings = search(
        request.user,
        q=asked.get("search", ""),
        owner=asked.get("author", ""),
        sort=_SORTS[sort],
        explicit=Preferences.stored(request.user).explicit,
        **chosen,
    ).filter(**rating)
    return embeddings.order_by("-updated", "-id") if sort == "lastModified" else embeddings


def _chosen(filters: Sequence[str]) -> dict[str, Any] | None:
    """The search that finds what has every tag, as :func:`card.tags_of` tells them; None where nothing can have them all."""
    tags: list[str] = []
    exact: dict[str, str] = {}
    for wanted in filters:
        name, _, value = wanted.partition(":")
        if wanted in (*card.STANDARD_TAGS, card.EXPLICIT_TAG):
            continue
        if not value:
            tags.append(name)
            continue
        if name == "base_model":
            name, value = "base", card.family_of(value.rpartition(":")[2]) or ""
        if value not in _EXACT.get(name, ()) or exact.setdefault(name, value) != value:
            return None
    return {"tag": tags, **exact}


def with_latest(embeddings: QuerySet[Embedding]) -> QuerySet[Embedding]:
    """With newest version, its files and pictures: three queries whatever the rows."""
    latest = Version.objects.order_by("embedding_id", "-number").distinct("embedding_id")
    return embeddings.prefetch_related(
        Prefetch("versions", latest, to_attr="latest_versions"),
        "latest_versions__files",
        "latest_versions__previews",
    )


def row(embedding: Embedding) -> dict[str, Any]:
    """What a list tells of an embedding."""
    return {
        "_id": str(embedding.pk),
        "id": str(embedding),
        "modelId": str(embedding),
        "author": embedding.owner.username,
        "private": embedding.visibility == Visibility.PRIVATE,
        "gated": False,
        "disabled": embedding.is_hidden,
        "downloads": embedding.downloads,
        "likes": embedding.likes,
        "tags": card.tags_of(embedding),
        "library_name": card.LIBRARY,
        "pipeline_tag": card.PIPELINE,
        "createdAt": written(embedding.created),
        "lastModified": written(embedding.updated),
    }


def description(repository: Repository, *, with_sizes: bool = False) -> dict[str, Any]:
    """What ``model_info`` tells of a repository."""
    siblings = [_sibling(repository, path, with_sizes) for path in repository.files]
    if repository.embedding is None:
        kept = repository.reservation
        told = {
            "_id": f"reservation-{kept.pk}", "id": repository.id, "modelId": repository.id, "author": repository.owner.username,
            "private": True, "gated": False, "disabled": False, "downloads": 0, "likes": 0, "tags": [],
            "createdAt": written(kept.created), "lastModified": written(kept.created),
        }  # fmt: skip
        return told | {"sha": repository.commit, "siblings": siblings}
    return row(repository.embedding) | {
        "sha": repository.commit,
        "cardData": repository.front_matter,
        "siblings": siblings,
    }


def _sibling(repository: Repository, path: str, with_sizes: bool) -> dict[str, Any]:
    if not with_sizes:
        return {"rfilename": path}
    facts = repository.facts(path)
    return {"rfilename": path, "size": facts.size, "blobId": facts.oid}


def tree(repository: Repository, paths: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Every file, or those at ``paths``, with its size; there are no folders."""
    return [
        {"type": "file", "path": path, "size": facts.size, "oid": facts.oid}
        for path in repository.files
        if paths is None or path in paths
        for facts in [repository.facts(path)]
    ]


def refs(repository: Repository) -> dict[str, list[dict[str, str]]]:
    """The one branch, and each version as a tag."""
    tags = [_ref(f"v{one.version.number}", "tags", one) for one in history(repository) if one.version]
    return {"branches": [_ref(MAIN, "heads", repository)], "tags": tags, "converts": [], "pullRequests": []}


def _ref(name: str, kind: str, repository: Repository) -> dict[str, str]:
    return {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": repository.commit}


def log(repository: Repository) -> list[dict[str, Any]]:
    """Each version up to the repository's as a commit, the newest first."""
    return [
        {
            "id": one.commit,
            "title": f"Version {one.version.number}",
            "message": one.version.notes,
            "date": written(one.version.created),
            "authors": [{"user": repository.owner.username}],
        }
        for one in history(repository)
        if one.version and repository.version and one.version.number <= repository.version.number
    ]
