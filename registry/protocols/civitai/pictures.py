"""Pictures of embeddings: those of a version, and ``images``, the list of all."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from hub.preferences import Preferences
from registry.formats.hashes import AUTOV2_DIGITS
from registry.models import Embedding, Preview, Rating
from registry.pictures.palette import PALETTE
from registry.protocols.civitai import asked, listing, words
from registry.protocols.civitai.addresses import Addresses
from registry.protocols.moments import written

#: Pictures of a page.
USUAL_LIMIT, MAX_LIMIT = 50, 200
#: The colour of a picture that has none of its own: the palette's light grey.
_NO_TONE = 3
#: Digits of a BlurHash.
_BASE83 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def of_version(picture: Preview, addresses: Addresses) -> dict[str, Any]:
    """A picture beside its version."""
    meta = _meta(picture)
    rating = Rating(picture.version.embedding.rating)
    return {
        "id": picture.pk,
        "url": addresses.picture(picture),
        "nsfw": words.LEVEL_NAMES[rating],
        "nsfwLevel": words.LEVELS[rating],
        "width": picture.width,
        "height": picture.height,
        "hash": _blur_hash(picture.tone),
        "type": "image",
        "hasMeta": meta is not None,
        "hasPositivePrompt": meta is not None,
        "onSite": picture.generated,
        "minor": False,
        "poi": False,
        "meta": meta,
    }


def in_list(picture: Preview, addresses: Addresses) -> dict[str, Any]:
    """A picture in the list of all. The pictures of a version are one post."""
    version = picture.version
    embedding = version.embedding
    rating = Rating(embedding.rating)
    return {
        "id": picture.pk,
        "url": addresses.picture(picture),
        "hash": _blur_hash(picture.tone),
        "width": picture.width,
        "height": picture.height,
        "type": "image",
        "nsfw": rating != Rating.GENERAL,
        "nsfwLevel": words.LEVEL_NAMES[rating],
        "browsingLevel": words.LEVELS[rating],
        "createdAt": written(version.created),
        "postId": version.pk,
        "username": embedding.owner.username,
        "baseModel": words.base_of(embedding.base),
        "modelVersionIds": [version.pk],
        "stats": dict.fromkeys(
            ("cryCount", "laughCount", "likeCount", "dislikeCount", "heartCount", "commentCount"), 0
        ),
        "meta": _meta(picture),
    }


def found(request: Request) -> QuerySet[Preview]:
    """The pictures that are asked for, newest first."""
    params = request.query_params
    embeddings = Embedding.objects.listed_for(request.user, explicit=True).filter(rating__in=_ratings(request))
    if owner := params.get("username"):
        embeddings = embeddings.filter(owner__username=owner.lower().replace("\0", ""))
    if families := listing.families(params):
        embeddings = embeddings.filter(base__in=families)
    pictures = Preview.objects.filter(listing.SHOWN, version__embedding__in=embeddings)
    filters = {"imageId": "pk", "postId": "version", "modelVersionId": "version", "modelId": "version__embedding"}
    for name, field in filters.items():
        if params.get(name):
            pictures = pictures.filter(**{field: asked.identifier(params[name], name)})
    if params.get("type", "image").lower() != "image":
        return pictures.none()
    return pictures.select_related("version__embedding__owner").order_by("-pk")


def page(request: Request, pictures: QuerySet[Preview]) -> tuple[list[Preview], dict[str, Any]]:
    """A page of them, and where the next one is."""
    params = request.query_params
    limit = asked.number(params, "limit", usual=USUAL_LIMIT, least=0, most=MAX_LIMIT)
    if not limit:
        return [], {}
    start = 0
    if params.get("cursor"):
        pictures = pictures.filter(pk__lt=asked.identifier(params["cursor"], "cursor"))
    elif params.get("page"):
        start = limit * (listing.page_number(params, limit) - 1)
    items = list(pictures[start : start + limit + 1])
    return items[:limit], listing.following(request, str(items[limit - 1].pk)) if len(items) > limit else {}


def _ratings(request: Request) -> list[Rating]:
    """The ratings that are asked for: by Civitai's words, by yes or no, or by its bits."""
    params = request.query_params
    level = params.get("nsfw", "").lower()
    if level in words.UP_TO:
        return list(words.UP_TO[level])
    if params.get("browsingLevel"):
        bits = asked.number(params, "browsingLevel", usual=0, least=0, most=asked.MAX_ID)
        return [rating for rating, bit in words.LEVELS.items() if bits & bit]
    explicit = asked.switch(params, "nsfw")
    if explicit is False:
        return [Rating.GENERAL]
    return list(words.UP_TO["x" if explicit or Preferences.stored(request.user).explicit else "mature"])


def _meta(picture: Preview) -> dict[str, Any] | None:
    """How a picture was drawn, without what is not known; None for one that somebody uploaded."""
    if not picture.prompt:
        return None
    version = picture.version
    resource = {"type": "embed", "name": version.embedding.name, "hash": version.blob[:AUTOV2_DIGITS]}
    told = {
        "prompt": picture.file_prompt,
        "seed": picture.seed,
        "steps": picture.settings.get("sampler_steps"),
        "cfgScale": picture.settings.get("guidance_scale"),
        "sampler": picture.settings.get("sampler"),
        "Size": f"{picture.width}x{picture.height}",
        "resources": [resource],
        "civitaiResources": [{"type": "embed", "modelVersionId": version.pk, "weight": 1}],
    }
    return {name: value for name, value in told.items() if value is not None}


def _blur_hash(tone: int | None) -> str:
    """A BlurHash of one colour, the one that keeps the picture's place on our pages."""
    red, green, blue = PALETTE[_NO_TONE if tone is None else tone]
    value = red << 16 | green << 8 | blue
    return "00" + "".join(_BASE83[value // 83**power % 83] for power in (3, 2, 1, 0))
