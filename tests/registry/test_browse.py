"""The first page: what it shows, how it is narrowed, counted and paged, and what it costs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.browsing import spelling
from registry.browsing.browse import PAGE_SIZE
from registry.browsing.spelling import suggest
from registry.models import Embedding, Visibility
from registry.pictures.previews import NewPreview, Picture
from tests.registry.samples import sd1_file, sdxl_file

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def shelf(alice, bob, upload):
    """Six embeddings that differ in everything that can be filtered by."""
    rows = [
        ("teapot", "object", "sd1", "cc0-1.0", 1, ["kitchen", "blue"]),
        ("kettle", "object", "sd1", "mit", 2, ["kitchen"]),
        ("spoon", "object", "sd1", "mit", 4, ["kitchen"]),
        ("watercolour", "style", "sd1", "cc0-1.0", 12, ["blue", "painting"]),
        ("bad-hands", "negative", "sd1", "cc0-1.0", 8, []),
    ]
    for seed, (name, kind, base, license, vectors, tags) in enumerate(rows):
        said = {"kind": kind, "base": base, "license": license, "tags": tags, "title": name.capitalize()}
        upload(alice, name, data=sd1_file(seed, vectors), **said)
    upload(
        bob, "poster", data=sdxl_file(9), base="sdxl", kind="style", license="mit", title="Poster", tags=["painting"]
    )


def cards(html):
    return re.findall(r'<li class="card[^"]*">\s*<a href="/\w+/([\w-]+)"', html)


def numbers(html):
    """{filter: {value: count}} of a page."""
    found = re.findall(
        r'name="(\w+)" value="([^"]*)"[^>]*>\s*<span class="facet-label">[^<]*</span> <span class="facet-number">([\d,]+)', html
    )  # fmt: skip
    return {name: {value: int(count) for other, value, count in found if other == name} for name, _, _ in found}


def page(client, query="", **options):
    answer = client.get(f"/{query}", **options)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?base=sdxl", {"poster"}),
        ("?base=sdxl&base=sd1&kind=style", {"poster", "watercolour"}),
        ("?kind=negative&kind=style", {"bad-hands", "watercolour", "poster"}),
        ("?tag=blue", {"teapot", "watercolour"}),
        ("?tag=blue&tag=kitchen", {"teapot"}),
        ("?license=mit", {"kettle", "spoon", "poster"}),
        ("?vectors=1", {"teapot"}),
        ("?vectors=3-4&vectors=9-", {"spoon", "watercolour"}),
        ("?vectors=0", set()),
        ("?vectors=many", set()),
        ("?base=sd9", set()),
        ("?q=pot&license=mit", set()),
        ("?q=p&kind=style", {"poster", "watercolour"}),
    ],
)
def test_filters_narrow_and_their_counts_agree(client, shelf, query, found):
    html = page(client, query)
    assert set(cards(html)) == found
    assert re.search(r'role="status">([\d,]+) embedding', html)[1] == str(len(found))


def test_each_facet_counts_what_the_other_filters_leave(client, shelf):
    assert numbers(page(client)) == {
        "base": {"sd1": 5, "sdxl": 1},
        "kind": {"object": 3, "style": 2, "negative": 1},
        "tag": {"kitchen": 3, "blue": 2, "painting": 2},
        "license": {"cc0-1.0": 3, "mit": 3},
        "vectors": {"1": 1, "2": 2, "3-4": 1, "5-8": 1, "9-": 1},
    }
    assert numbers(page(client, "?kind=style&license=mit")) == {
        "base": {"sdxl": 1},
        "kind": {"object": 2, "style": 1},
        "tag": {"painting": 1},
        "license": {"cc0-1.0": 1, "mit": 1},
        "vectors": {"2": 1},
    }
    assert numbers(page(client, "?tag=blue"))["tag"] == {"blue": 2, "kitchen": 1, "painting": 1}
    assert numbers(page(client, "?tag=blue&base=sdxl"))["base"] == {"sd1": 2, "sdxl": 0}  # what is chosen stays


def test_every_count_is_what_one_then_gets(client, shelf):
    for name, values in numbers(page(client, "?tag=kitchen")).items():
        for value, count in values.items():
            query = f"?tag=kitchen&{name}={value}" if (name, value) != ("tag", "kitchen") else "?tag=kitchen"
            assert len(cards(page(client, query))) == count


def test_only_what_is_public_is_shown_and_counted(client, shelf, alice):
    Embedding.objects.filter(name="kettle").update(visibility=Visibility.UNLISTED)
    Embedding.objects.filter(name="spoon").update(visibility=Visibility.PRIVATE)
    client.force_login(alice)
    html = page(client)
    assert set(cards(html)) == {"teapot", "watercolour", "bad-hands", "poster"}
    assert numbers(html)["kind"]["object"] == 1
    assert numbers(html)["tag"]["kitchen"] == 1
    assert "kettle" not in page(client, "?q=ketle")


def test_a_filter_in_force_can_be_taken_back(client, shelf):
    html = page(client, "?q=p&tag=painting&tag=blue&base=sd1&sort=likes")
    removing = [link.replace("&amp;", "&") for link in re.findall(r'class="chip" href="([^"]+)"', html)]
    assert removing == [
        "/?base=sd1&tag=painting&tag=blue&sort=likes",
        "/?q=p&tag=painting&tag=blue&sort=likes",
        "/?q=p&base=sd1&tag=blue&sort=likes",
        "/?q=p&base=sd1&tag=painting&sort=likes",
    ]


def test_where_nothing_is_found_there_is_a_way_on(client, shelf):
    html = page(client, "?q=watercolor&base=sdxl")
    assert 'Did you mean <a href="/?q=watercolour">watercolour</a>?' in html
    assert 'href="/?q=watercolor"' in html and 'href="/?base=sdxl"' in html
    assert "Did you mean" not in page(client, "?q=zzzzzzz")
    assert "Nothing is shared yet" not in html


def test_an_empty_hub_says_so(client, db):
    html = page(client)
    assert "Nothing is shared yet" in html and "/upload" in html


@pytest.mark.parametrize(
    ("q", "meant"),
    [
        ("teapto", "teapot"),
        ("taepot", "teapot"),
        ("teepot", "teapot"),
        ("tepot", "teapot"),
        ("teappot", "teapot"),
        ("kitchne", "kitchen"),
        ("watercolor", "watercolour"),
        ("wetercolour kitchn", "watercolour kitchen"),
        ("pte", ""),
        ("blue teapto", "blue teapot"),
        ("teapot", ""),
        ("te", ""),
        ("x" * 200, ""),
        ("' | ! & (", ""),
    ],
)
def test_a_slip_of_the_keyboard_is_understood(shelf, q, meant):
    assert suggest(Embedding.objects.listed_for(AnonymousUser()), q) == meant


def test_a_spelling_that_takes_too_long_to_find_is_no_hint_and_no_fault(client, shelf, monkeypatch):
    assert "q=teapot" in page(client, "?q=teapoot")

    class Slow(SearchQuery):
        """As long as the words of a large hub."""

        def as_sql(self, *args, **options):
            sql, values = super().as_sql(*args, **options)
            return f"(SELECT {sql} FROM pg_sleep(0.5))", values

    monkeypatch.setattr(spelling, "SearchQuery", Slow)
    assert "q=teapot" not in page(client, "?q=teapoot")


@pytest.fixture
def many(alice, upload):
    """One page and a half, some of them equal in everything an order looks at."""
    first = upload(alice, "word-0")
    now = timezone.now()
    rows = [
        Embedding(
            owner=alice, name=f"word-{number}", title="A word", token=f"<w{number}>", kind="object", base="sd1",
            license="mit", visibility="public", likes=number // 5, downloads=number % 3,
        )
        for number in range(1, PAGE_SIZE * 2 + 9)
    ]  # fmt: skip
    Embedding.objects.bulk_create(rows)
    for number, embedding in enumerate(Embedding.objects.exclude(pk=first.pk)):
        Embedding.objects.filter(pk=embedding.pk).update(created=now - timedelta(minutes=number // 3))


def all_pages(client, query, between=lambda: None):
    """Names in the order in which one sees them who follows the links."""
    seen, link = [], f"/{query}"
    while link:
        html = client.get(link).content.decode()
        seen += cards(html)
        found = re.search(r'rel="next" id="next" href="([^"]+)"', html)
        link = found[1].replace("&amp;", "&") if found else None
        between()
    return seen


@pytest.mark.parametrize(
    "query", ["", "?sort=likes", "?sort=downloads", "?sort=trending", "?q=word", "?q=wo&sort=likes"]
)
def test_the_links_lead_through_all_of_them_once(client, many, query):
    seen = all_pages(client, query)
    assert len(seen) == len(set(seen)) == Embedding.objects.count()


def test_what_is_added_meanwhile_moves_nothing(client, many, alice):
    names = iter(range(1000, 2000))

    def add():
        said = {
            "title": "New",
            "token": "<n>",
            "kind": "object",
            "base": "sd1",
            "license": "mit",
            "visibility": "public",
        }
        Embedding.objects.create(owner=alice, name=f"new-{next(names)}", **said)

    before = set(Embedding.objects.values_list("name", flat=True))
    seen = all_pages(client, "", between=add)
    assert len(seen) == len(set(seen))
    assert set(seen) == before


@pytest.mark.parametrize("cursor", ["x", "1", "1-", "-1-2", "9" * 18 + "-1", "1-" + "9" * 9, "9" * 40, "0-0", "\x00"])
@pytest.mark.parametrize("sort", ["", "likes", "trending"])
def test_a_cursor_that_somebody_made_up_does_no_harm(client, shelf, cursor, sort):
    assert client.get("/", {"after": cursor, "sort": sort} if sort else {"after": cursor}).status_code == 200


def test_more_cards_come_by_themselves_a_few_times_only(client, many):
    first = page(client)
    link = re.search(r'hx-get="([^"]+shown=24)"', first)[1].replace("&amp;", "&")
    assert 'hx-trigger="click, intersect once"' in first
    more = page(client, link.removeprefix("/"), headers=HTMX)
    assert f'role="status">48 of {PAGE_SIZE * 2 + 9} embeddings' in more
    assert 'hx-trigger="click"' in page(client, link.removeprefix("/").replace("shown=24", "shown=96"), headers=HTMX)


def test_an_address_is_short_and_goes_into_the_history_when_it_should(client, shelf):
    assert client.get("/?q=pot&base=&tag=&sort=")["Location"] == "/?q=pot"
    answer = client.get("/?q=pot&sort=", headers=HTMX | {"HX-Trigger": "q"})
    assert (answer["HX-Replace-Url"], "HX-Push-Url" in answer) == ("/?q=pot", False)
    answer = client.get("/?q=pot&kind=object&sort=", headers=HTMX | {"HX-Trigger": "filters"})
    assert (answer["HX-Push-Url"], "HX-Replace-Url" in answer) == ("/?q=pot&kind=object", False)
    here = {"HX-Trigger": "filters", "HX-Current-URL": "http://testserver/?q=pot"}
    assert client.get("/?q=pot&sort=", headers=HTMX | here)["HX-Replace-Url"] == "/?q=pot"
    restored = client.get("/?q=pot", headers=HTMX | {"HX-History-Restore-Request": "true"})
    assert "<!doctype html>" in restored.content.decode()
    assert "HX-Push-Url" not in restored
    appended = client.get("/?after=1-1&shown=24", headers=HTMX)
    assert not {"HX-Push-Url", "HX-Replace-Url"} & set(appended.headers)


@pytest.mark.parametrize("rows", [1, 60])
@pytest.mark.parametrize(
    "query", ["", "?q=word&tag=a&tag=b&base=sd1&kind=object&vectors=2&license=cc0-1.0&sort=trending"]
)
def test_the_page_costs_five_queries_whatever_the_rows(client, alice, upload, rows, query):
    previews = [NewPreview(picture=Picture("0" * 64, 600, 400, 1))]
    for number in range(min(rows, 3)):
        upload(alice, f"word-{number}", seed=number, previews=previews, tags=["a", "b", "c"])
    # Those that have pictures come first.
    Embedding.objects.update(created=timezone.now() + timedelta(days=1))
    spare = Embedding.objects.first()
    for number in range(3, rows):
        spare.pk, spare.name = None, f"word-{number}"
        spare.save(force_insert=True)
    with CaptureQueriesContext(connection) as queries:
        html = page(client, query)
    assert len(cards(html)) == min(rows, PAGE_SIZE)
    assert len(queries) == 5


def test_the_first_page_is_light(client, many):
    assert len(page(client)) < 60_000


def test_pictures_below_the_first_row_wait(client, alice, upload):
    previews = [NewPreview(picture=Picture("0" * 64, 600, 400, 1))]
    for number in range(8):
        upload(alice, f"word-{number}", seed=number, previews=previews)
    html = page(client)
    assert html.count('fetchpriority="high"') == 1
    assert html.count('loading="lazy"') == 2
    assert html.count("<source") == 16


def test_hostile_words_stay_words(client, shelf):
    html = page(client, "?q=%3Cscript%3Ealert(1)%3C/script%3E&tag=%22%3E%3Cb%3E&base=%27%00&vectors=1%2B&after=%3Cx%3E")
    assert "<script>alert" not in html and '"><b>' not in html
