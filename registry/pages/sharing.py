"""What an embedding's page tells other sites and search engines: title, picture, and structured data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.html import strip_tags
from django.utils.text import Truncator

from registry import licences
from registry.models import Embedding, Preview, Rating, Version, Visibility
from registry.pictures import share_card

#: Characters of a description in a link's preview; sites cut what is longer.
MAX_SUMMARY_CHARACTERS = 200
#: How schema.org calls the IPTC's "trained algorithmic media".
_AI_MADE = "https://schema.org/TrainedAlgorithmicMediaDigitalSource"


@dataclass(frozen=True, slots=True)
class Share:
    """The facts for the page's head; addresses are absolute. ``listed``: whether search engines may keep the page."""

    address: str
    title: str
    summary: str
    card: str
    listed: bool
    data: dict[str, Any]


def describe(embedding: Embedding, version: Version, absolute: Callable[[str], str]) -> Share | None:
    """Return what to tell of an embedding, None for one that not everybody may see. ``absolute`` makes a path a whole address."""
    if embedding.visibility == Visibility.PRIVATE or embedding.is_hidden:
        return None
    address = absolute(embedding.get_absolute_url())
    text = " ".join(strip_tags(embedding.description_html).split())
    fallback = f"{embedding.token}: {embedding.get_kind_display()}, {embedding.get_base_display()}"
    summary = Truncator(text or fallback).chars(MAX_SUMMARY_CHARACTERS)
    card = absolute(share_card.address(embedding, version))
    data = _structured(embedding, version, address, summary, absolute)
    return Share(address, embedding.title, summary, card, embedding.visibility == Visibility.PUBLIC, data)


def _structured(
    embedding: Embedding, version: Version, address: str, summary: str, absolute: Callable[[str], str]
) -> dict[str, Any]:
    """JSON-LD in the words of schema.org."""
    data = {
        "@context": "https://schema.org",
        "@type": "CreativeWork",
        "name": embedding.title,
        "alternateName": embedding.token,
        "url": address,
        "description": summary,
        "author": {"@type": "Person", "name": embedding.owner.username, "url": address.rsplit("/", 1)[0]},
        "dateCreated": embedding.created.isoformat(),
        "dateModified": embedding.updated.isoformat(),
        "keywords": embedding.tags,
        "version": str(version.number),
        "image": [_image(preview, absolute) for preview in _shown(embedding, version)],
    }
    if text := licences.text_of(embedding.license):
        data["license"] = text
    return data


def _shown(embedding: Embedding, version: Version) -> list[Preview]:
    """The pictures that may stand on other sites: none that people here are asked about first."""
    return [version.cover] if version.cover and embedding.rating == Rating.GENERAL else []


def _image(preview: Preview, absolute: Callable[[str], str]) -> dict[str, Any]:
    """A picture; one that was drawn here says so."""
    image: dict[str, Any] = {"@type": "ImageObject", "contentUrl": absolute(preview.get_absolute_url())}
    if preview.source == Preview.Source.GENERATED:
        image |= {"digitalSourceType": _AI_MADE, "caption": preview.prompt}
    return image
