"""What a search can be narrowed to, over the API: its numbers are those of the list."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.registry.samples import sd1_file, sdxl_file

pytestmark = pytest.mark.django_db

LIST, FACETS = "/api/hub/embeddings", "/api/hub/embeddings/facets"


@pytest.fixture
def shelf(alice, bob, upload):
    """Embeddings that differ in everything that can be filtered by."""
    rows = [
        ("teapot", "object", "cc0-1.0", 1, ["kitchen", "blue"], "public"),
        ("kettle", "object", "mit", 2, ["kitchen"], "public"),
        ("watercolour", "style", "cc0-1.0", 12, ["blue", "painting"], "public"),
        ("secret", "object", "mit", 4, ["kitchen"], "private"),
    ]
    for seed, (name, kind, license, vectors, tags, visibility) in enumerate(rows):
        said = {"kind": kind, "license": license, "tags": tags, "title": name, "visibility": visibility}
        upload(alice, name, data=sd1_file(seed, vectors), **said)
    upload(bob, "poster", data=sdxl_file(9), base="sdxl", kind="style", license="mit", title="Poster", tags=["blue"])


def names(client, **asked):
    return {item["name"] for item in client.get(LIST, asked).json()["results"]}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"kind": ["style", "negative"]}, {"watercolour", "poster"}),
        ({"tag": ["blue", "kitchen"]}, {"teapot"}),
        ({"base": ["sd1", "sdxl"], "license": "mit"}, {"kettle", "poster"}),
        ({"vectors": ["2", "9-"], "base": "sd1"}, {"kettle", "watercolour"}),
        ({"kind": "", "base": "", "tag": ""}, {"teapot", "kettle", "watercolour", "poster"}),
    ],
)
def test_a_filter_takes_several_values(api, shelf, asked, found):
    assert names(api, **asked) == found
    assert api.get(FACETS, asked).json()["count"] == len(found)


def test_further_pages_are_narrowed_alike(api, shelf):
    first = api.get(LIST, {"tag": ["blue", "painting"], "kind": ["style", "object"], "limit": 1}).json()
    assert [item["name"] for item in first["results"]] == ["watercolour"] and first["next"] is None
    first = api.get(LIST, {"kind": ["style", "negative"], "limit": 1}).json()
    assert api.get(first["next"]).json()["results"][0]["name"] == "watercolour"


@pytest.mark.parametrize(
    "asked", [{}, {"q": "e", "owner": "alice"}, {"tag": "blue"}, {"kind": "object", "license": "mit"}]
)
def test_each_number_is_that_of_the_list(api, api_as, alice, shelf, asked):
    for client in (api, api_as(alice)):
        told = client.get(FACETS, asked).json()
        assert told["count"] == len(names(client, **asked))
        for name in ("base", "kind", "license", "vectors", "tag"):
            assert told[name] or not told["count"]
            for choice in told[name]:
                chosen = [asked[name]] if name == "tag" and name in asked else []
                assert choice["count"] == len(names(client, **asked | {name: [*chosen, choice["value"]]})), choice


def test_one_s_own_are_counted_for_oneself_alone(api, api_as, alice, shelf):
    assert (api.get(FACETS).json()["count"], api_as(alice).get(FACETS).json()["count"]) == (4, 5)


def test_where_nothing_is_found_another_spelling_is_told(api, shelf):
    assert api.get(FACETS, {"q": "teapto"}).json()["meant"] == {"q": "teapot", "narrowed": True}
    assert api.get(FACETS, {"q": "teapto", "base": "sdxl"}).json()["meant"] == {"q": "teapot", "narrowed": False}
    assert api.get(FACETS, {"q": "xylophone"}).json()["meant"] is None
    assert api.get(FACETS, {"q": "teapot"}).json()["meant"] is None


@pytest.mark.parametrize("query", ["sort=new", "cursor=x", "base=sd9", "vectors=many", "&".join(["tag=a"] * 21)])
def test_what_makes_no_sense_is_refused_by_name(api, db, query):
    answer = api.get(f"{FACETS}?{query}")
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [query.partition("=")[0]])


def test_it_costs_two_statements_whatever_there_is(api, alice, shelf, upload):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            api.get(FACETS, {"tag": "kitchen", "kind": "object"})
        return len(queries)

    few = cost()
    for number in range(10):
        upload(alice, f"spoon-{number}", data=sd1_file(100 + number), tags=["kitchen", f"tag-{number}"])
    assert cost() == few == 3  # and the throttle's
