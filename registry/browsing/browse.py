"""The first page: every shared embedding as a picture, searched, narrowed and sorted; what is chosen is in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django_htmx.http import push_url, replace_url

from hub.preferences import Preferences
from registry.browsing import facets, spelling
from registry.browsing.cursors import page_after
from registry.browsing.search import FILTERS, MAX_QUERY_CHARACTERS, Sort, chosen_values, matching, search

#: Cards on a page: fills two, three, four and six columns.
PAGE_SIZE = 24
#: Cards that are in the first row of a wide screen: their pictures are fetched at once.
FIRST_ROW = 6
#: Cards up to which more come by themselves while one scrolls; then a button asks for them, and the foot can be reached.
COME_BY_THEMSELVES = 4 * PAGE_SIZE
SORT_LABELS = {
    Sort.TRENDING: _("Trending"),
    Sort.NEW: _("Newest"),
    Sort.DOWNLOADS: _("Most downloads"),
    Sort.LIKES: _("Most likes"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for."""

    q: str
    sort: str
    chosen: Mapping[str, Sequence[str]]  #: the values of each of :data:`FILTERS`

    @classmethod
    def of(cls, query: QueryDict) -> Self:
        """Read an address."""
        sort = query.get("sort", "")
        chosen = chosen_values({name: query.getlist(name) for name in FILTERS})
        q = query.get("q", "")[:MAX_QUERY_CHARACTERS].replace("\x00", " ").strip()
        return cls(q, sort if sort in list(Sort) else "", chosen)

    @property
    def anything(self) -> bool:
        """Whether something is asked for but an order."""
        return bool(self.q or any(self.chosen.values()))

    def address(self, **more: str) -> str:
        """The page that shows this: short, and the same for the same."""
        pairs = [
            ("q", self.q),
            *((name, value) for name in FILTERS for value in self.chosen[name]),
            ("sort", self.sort),
        ]
        query = urlencode([(name, value) for name, value in [*pairs, *more.items()] if value])
        return f"{reverse('registry:browse')}?{query}" if query else reverse("registry:browse")

    def without(self, name: str, value: str) -> Self:
        """The same without one value of a filter."""
        left = [item for item in self.chosen[name] if item != value]
        return replace(self, chosen={**self.chosen, name: left})


@dataclass(frozen=True, slots=True)
class Applied:
    """A filter that is in force, and the address without it."""

    title: str | Promise
    label: str | Promise
    without: str


@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    """The grid. Parts of the page are cut out of it by htmx, so that there is one answer to each address."""
    asked = Asked.of(request.GET)
    partial = request.htmx and not request.htmx.history_restore_request
    if not partial and any("" in values for _name, values in request.GET.lists()):
        return redirect(asked.address())  # a form without scripts sends its empty fields too
    response = render(request, "registry/browse.html", _context(request, asked))
    if not partial or "after" in request.GET:
        return response
    # While somebody types, the address changes in place: each pause would be a step of the way back.
    here = request.htmx.trigger == "q" or request.htmx.current_url_abs_path == asked.address()
    return (replace_url if here else push_url)(response, asked.address())


def _context(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    explicit = Preferences.of(request).explicit
    public = matching(request.user, q=asked.q, tag=asked.chosen["tag"], explicit=explicit).public()
    found = search(request.user, q=asked.q, sort=asked.sort, **asked.chosen, explicit=explicit).public()
    counted = facets.overview(public, found, asked.chosen)
    embeddings, following = page_after(found.with_cards(), request.GET.get("after", ""), PAGE_SIZE)
    shown = _shown_before(request) + len(embeddings)
    return {
        "asked": asked,
        "chosen": {"q": asked.q},  # what the search field at the top of every page shows
        "embeddings": embeddings,
        "total": counted.total,
        "shown": shown,
        "facets": counted.facets,
        "applied": _applied(asked),
        "sorts": _sorts(asked),
        "next": asked.address(after=following) if following else "",
        "append": asked.address(after=following, shown=str(shown)) if following else "",
        "by_itself": shown < COME_BY_THEMSELVES,
        "first": "" if "after" not in request.GET else asked.address(),
        "meant": _meant(request, asked) if not counted.total else None,
        "first_row": FIRST_ROW,
    }


def _shown_before(request: HttpRequest) -> int:
    """Cards that the page has already to which more are added."""
    text = request.GET.get("shown", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _applied(asked: Asked) -> list[Applied]:
    filters = [
        Applied(facets.TITLES[name], facets.label(name, value), asked.without(name, value).address())
        for name in FILTERS
        for value in asked.chosen[name]
    ]
    if asked.q and filters:
        filters.insert(0, Applied(_("Words"), asked.q, replace(asked, q="").address()))
    return filters


def _sorts(asked: Asked) -> list[tuple[str, str | Promise, bool]]:
    """(value, label, chosen) of each order; the one that needs no choosing has no value."""
    if asked.q:
        offered = [("", _("Best match")), *SORT_LABELS.items()]
    else:
        offered = [("", SORT_LABELS[Sort.NEW]), *((s, text) for s, text in SORT_LABELS.items() if s != Sort.NEW)]
    return [(str(value), text, value == asked.sort) for value, text in offered]


def _meant(request: HttpRequest, asked: Asked) -> tuple[str, str] | None:
    """(words, address) of a search that finds something where this one does not."""
    hint = spelling.hint(request.user, q=asked.q, **asked.chosen, explicit=Preferences.of(request).explicit)
    if hint is None:
        return None
    chosen = asked.chosen if hint.narrowed else dict.fromkeys(FILTERS, ())
    return hint.q, replace(asked, q=hint.q, chosen=chosen).address()
