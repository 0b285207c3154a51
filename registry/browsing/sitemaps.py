"""What search engines are told: every public page, and which of the others to leave alone."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.contrib.sitemaps import Sitemap
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from registry.models import Embedding
from registry.querysets import EmbeddingQuerySet

#: Addresses that say nothing to a search engine; pages of the browser are found by their embeddings.
_LEFT_ALONE = (
    "/api/",
    "/admin/",
    "/accounts/",
    "/staff/",
    "/jobs$",
    "/jobs/",
    "/train$",
    "/upload$",
    "/notices$",
    "/*?",
)


class Embeddings(Sitemap):
    """The pages of public embeddings, 2,000 to a file: one is written in a moment."""

    limit = 2_000

    def items(self) -> EmbeddingQuerySet:
        listed = Embedding.objects.listed_for(AnonymousUser())
        return listed.select_related("owner").only("name", "updated", "owner__username").order_by("id")

    def lastmod(self, item: Embedding) -> datetime:
        return item.updated

    def get_latest_lastmod(self) -> None:
        """Nothing: to know it, every row would be read for the index alone."""


class Site(Sitemap):
    """The pages that every hub has."""

    def items(self) -> list[str]:
        return ["registry:browse"]

    def location(self, item: str) -> str:
        return reverse(item)


SITEMAPS = {"site": Site, "embeddings": Embeddings}


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """``/robots.txt``."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _LEFT_ALONE)]
    lines += ["", f"Sitemap: {request.build_absolute_uri(reverse('registry:sitemap'))}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
