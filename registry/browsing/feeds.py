"""New embeddings for feed readers: all of them, one person's, those with a tag."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed, Enclosure
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from hub.accounts.models import User
from hub.accounts.names import SLUG
from registry.browsing.search import Sort, search, several
from registry.models import Embedding, Rating
from registry.validation import tag_slug

#: Entries of a feed; readers ask several times a day.
ENTRIES = 30


@require_safe
def feed(request: HttpRequest, owner: str = "") -> HttpResponse:
    """``/feed.atom`` and ``/{owner}/feed.atom``."""
    return NewEmbeddings(request)(request, owner=owner)


class NewEmbeddings(Feed):
    """What everybody is shown, the newest first; ``?tag=`` narrows it, several times if need be."""

    feed_type = Atom1Feed

    def __init__(self, request: HttpRequest) -> None:
        self.request = request  # items ask for addresses with the site's name, and are told of nothing but themselves

    def get_object(self, request: HttpRequest, owner: str = "") -> tuple[str, Sequence[str]]:
        if owner and not (SLUG.fullmatch(owner) and User.objects.filter(username=owner, is_active=True).exists()):
            raise Http404
        return owner, [slug for value in several(request.GET.getlist("tag")) if (slug := tag_slug(value)).isprintable()]

    def title(self, asked: tuple[str, Sequence[str]]) -> str:
        owner, tags = asked
        names = ", ".join(tags)
        if owner:
            return _("New embeddings of %(owner)s · Starword") % {"owner": owner}
        return (
            _("New embeddings tagged %(tags)s · Starword") % {"tags": names} if tags else _("New embeddings · Starword")
        )

    def link(self, asked: tuple[str, Sequence[str]]) -> str:
        return reverse("registry:owner", args=[asked[0]]) if asked[0] else reverse("registry:browse")

    def feed_url(self) -> str:
        return self.request.get_full_path()

    def items(self, asked: tuple[str, Sequence[str]]) -> Sequence[Embedding]:
        owner, tags = asked
        found = search(AnonymousUser(), owner=owner, tag=tags, sort=Sort.NEW)
        return list(found.with_cards()[:ENTRIES])

    def item_title(self, item: Embedding) -> str:
        return item.title

    def item_description(self, item: Embedding) -> str:
        return item.description_html

    def item_author_name(self, item: Embedding) -> str:
        return item.owner.username

    def item_author_link(self, item: Embedding) -> str:
        return self.request.build_absolute_uri(reverse("registry:owner", args=[item.owner.username]))

    def item_pubdate(self, item: Embedding) -> datetime:
        return item.created

    def item_updateddate(self, item: Embedding) -> datetime:
        return item.updated

    def item_categories(self, item: Embedding) -> Sequence[str]:
        return item.tags

    def item_enclosures(self, item: Embedding) -> Sequence[Enclosure]:
        """Its picture; readers of feeds are not asked first, so none of what is asked about on the site."""
        cover = item.latest.cover if item.latest and item.rating == Rating.GENERAL else None
        if cover is None:
            return []
        return [Enclosure(self.request.build_absolute_uri(cover.get_absolute_url()), str(cover.size), "image/webp")]
