"""``models``: which embeddings are asked for, in which order, and a page of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Prefetch, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from hub.api import ApiError
from hub.preferences import Preferences
from registry.browsing.cursors import is_cursor, page_after, page_at
from registry.browsing.search import Sort, search
from registry.formats import Dtype
from registry.models import Embedding, File, Kind, License, Preview, Rating, Version
from registry.protocols.civitai import asked, words
from registry.protocols.civitai.errors import BadBase
from registry.querysets import EmbeddingQuerySet
from registry.validation import tag_slug

MAX_LIMIT = 100
#: Models that may be reached by page numbers, as on Civitai; cursors go on without end.
MAX_REACH = 1000
#: Pictures of a version.
MAX_IMAGES = 10
_LISTED = Q(target__in=[target for target, _ in words.LISTED], dtype=Dtype.FLOAT32)
#: Pictures of the embedding as it is.
SHOWN = Q(variant=Preview.Variant.LEARNED) & (Q(settings__strength__isnull=True) | Q(settings__strength=1))


def listed(request: Request) -> EmbeddingQuerySet:
    """What may be asked for by its number: numbers can be guessed, so only what lists may show, of any rating."""
    return Embedding.objects.listed_for(request.user, explicit=True)


def counted(request: Request) -> EmbeddingQuerySet:
    """What creators and tags are counted of: all that lists show this reader."""
    return Embedding.objects.listed_for(request.user, explicit=Preferences.stored(request.user).explicit)


def found(request: Request) -> EmbeddingQuerySet:
    """What the parameters ask for, in order. Those that there are not are passed over."""
    params = request.query_params
    nsfw = asked.switch(params, "nsfw")
    explicit = Preferences.stored(request.user).explicit if nsfw is None else nsfw
    order = params.get("sort", "").lower()
    text = params.get("query", "")
    embeddings = search(
        request.user,
        q=text,
        owner=(params.get("username") or params.get("user") or "").lower(),
        base=families(params),
        sort=words.SORTS.get(order, "" if text else Sort.LIKES),
        explicit=explicit,
    )
    if nsfw is False:
        embeddings = embeddings.filter(rating=Rating.GENERAL)
    embeddings = embeddings.filter(_narrowed(request))
    # Relevance is annotated only where there are words, so the oldest first is an order of its own.
    return embeddings.order_by("created", "id") if order == words.OLDEST else embeddings


def _narrowed(request: Request) -> Q:
    """What the search has no filter for."""
    params = request.query_params
    narrowed = Q()
    types = [kind.lower() for kind in asked.several(params, "types")]
    if types and words.MODEL_TYPE.lower() not in types:
        narrowed &= Q(pk__in=[])
    for tag in filter(None, (params.get("tag"), params.get("tagname"))):
        slug = tag_slug(tag[:100].replace("\0", " "))
        tagged = Q(tags__contains=[slug])
        narrowed &= tagged | Q(kind=slug) if slug in Kind.values else tagged
    if numbers := asked.identifiers(params, "ids"):
        narrowed &= Q(pk__in=numbers)
    if numbers := asked.identifiers(params, "modelVersionIds"):
        narrowed &= Q(pk__in=Version.objects.filter(pk__in=numbers).values("embedding"))
    if period := words.PERIODS.get(params.get("period", "").lower()):
        narrowed &= Q(created__gte=timezone.now() - period)
    if (licences := _licences(params)) is not None:
        narrowed &= Q(license__in=licences)
    return narrowed & _of_account(request)


def _of_account(request: Request) -> Q:
    """What an account liked; it can hide nothing here. Without an account both are refused, as on Civitai."""
    favorites, hidden = (asked.switch(request.query_params, name) for name in ("favorites", "hidden"))
    if (favorites or hidden) and not request.user.is_authenticated:
        raise NotAuthenticated
    if hidden:
        return Q(pk__in=[])
    return Q(liked_by__owner=request.user) if favorites else Q()


def families(params: QueryDict) -> list[str]:
    """The families that are asked for by their base models. Raises :class:`BadBase` where none of these is known."""
    names = asked.several(params, "baseModels")
    known = [family for name in names for family in words.families_of(name)]
    if names and not known:
        raise BadBase(names[0])
    return known


def _licences(params: QueryDict) -> list[License] | None:
    """The licences whose switches are as asked for; None where nothing is asked for."""
    switches = {
        "no_credit": asked.switch(params, "allowNoCredit"),
        "derivatives": asked.switch(params, "allowDerivatives"),
        "different_license": asked.switch(params, "allowDifferentLicense"),
    }
    if switches["different_license"] is None:  # StabilityMatrix has it in the plural
        switches["different_license"] = asked.switch(params, "allowDifferentLicenses")
    wanted = {name: value for name, value in switches.items() if value is not None}
    uses = [use.lower() for use in asked.several(params, "allowCommercialUse") if use.lower() != "none"]
    if not wanted and not uses:
        return None
    return [license for license in License if _fits(words.terms_of(license), wanted, uses)]


def _fits(terms: words.Terms, wanted: dict[str, bool], uses: list[str]) -> bool:
    allowed = [use.lower() for use in terms.commercial]
    return all(getattr(terms, name) == value for name, value in wanted.items()) and all(use in allowed for use in uses)


def with_versions(embeddings: EmbeddingQuerySet) -> EmbeddingQuerySet:
    """With owner, versions, their files and pictures: three more queries whatever the rows."""
    return embeddings.select_related("owner").prefetch_related(
        "versions",
        Prefetch("versions__files", File.objects.filter(_LISTED), to_attr="listed_files"),
        Prefetch("versions__previews", _pictures(), to_attr="pictures"),
    )


def versions() -> QuerySet[Version]:
    """Versions with embedding, owner, every file and pictures."""
    return Version.objects.select_related("embedding__owner").prefetch_related(
        "files", Prefetch("previews", _pictures(), to_attr="pictures")
    )


def _pictures() -> QuerySet[Preview]:
    return Preview.objects.filter(SHOWN).order_by("position", "id")[:MAX_IMAGES]


def page(request: Request, embeddings: EmbeddingQuerySet) -> tuple[list[Embedding], dict[str, Any]]:
    """A page of models, and ``metadata`` that says where the next one is: by cursor, or by number where that was asked."""
    params = request.query_params
    limit = asked.number(params, "limit", usual=MAX_LIMIT, least=0, most=MAX_LIMIT)
    if not limit:
        return [], {}
    if not params.get("page"):
        items, cursor = page_after(embeddings, _begun_after(params), limit)
        return items, following(request, cursor) if cursor else {}
    number = page_number(params, limit)
    items, cursor = page_at(embeddings, (number - 1) * limit, limit)
    told: dict[str, Any] = {"currentPage": number, "pageSize": limit}
    if number > 1:
        told["prevPage"] = address(request, page=str(number - 1))
    if cursor:
        told |= following(request, cursor)
        if (number + 1) * limit <= MAX_REACH:
            told["nextPage"] = address(request, page=str(number + 1))
    return items, told


def _begun_after(params: QueryDict) -> str:
    """The cursor. Raises ``ApiError`` for one that is none: from the beginning again, a reader would go round in circles."""
    cursor = params.get("cursor", "")
    if cursor and not is_cursor(cursor):
        raise ApiError("invalid", "cursor: This is no cursor of this list. Begin without one, and follow “nextPage”.")
    return cursor


def page_number(params: QueryDict, limit: int) -> int:
    """The page that is asked for by its number. Raises ``ApiError`` for one that only cursors reach."""
    number = asked.number(params, "page", usual=1, least=1, most=MAX_REACH + 1)
    if number * limit > MAX_REACH:
        raise ApiError("too_many", "You've requested too many pages, please use cursors instead", status=429)
    return number


def following(request: Request, cursor: str) -> dict[str, str]:
    """What ``metadata`` tells of the next page."""
    return {"nextCursor": cursor, "nextPage": address(request, cursor=cursor)}


def address(request: Request, **changed: str) -> str:
    """The address of another page of the same list."""
    params = request.query_params.copy()
    for name in ("cursor", "page"):
        params.pop(name, None)
    for name, value in changed.items():
        params[name] = value
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")


def models_address(request: Request, name: str, value: str) -> str:
    """The address of the models that have something in common."""
    return request.build_absolute_uri(f"{reverse('civitai:models')}?{urlencode({name: value})}")
