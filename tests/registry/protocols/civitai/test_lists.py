"""Lists: filters, orders, pages, and how many queries they take."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry import services
from registry.formats import NamedFile
from registry.models import Embedding, Version
from registry.protocols.civitai import words
from tests.registry.protocols.civitai.conftest import drawn
from tests.registry.protocols.civitai.shapes import API, local, names
from tests.registry.samples import sd1_file


def test_every_family_has_a_name_and_every_name_its_families():
    for family in words.Family:
        assert family in words.families_of(words.base_of(family))
    assert words.base_of("pocket") == "Other" and words.families_of("sd 1.4") == ["sd1"]
    assert all(words.families_of(name) for name in words.KNOWN_BASES)
    assert not words.families_of("GetModels")


@pytest.mark.parametrize("license", words.License)
def test_every_licence_has_its_switches(license):
    terms = words.terms_of(license)
    assert ("nc" in license) <= (terms.commercial == ())
    assert ("-sa" in license) <= (not terms.different_license)
    assert terms.no_credit == (license == "cc0-1.0")


def test_lists_are_narrowed_as_clients_ask(api, catalogue):
    usual = {"Red heart", "Big one", "Ugly things", "Bare"}
    assert set(names(api)) == usual
    assert set(names(api, nsfw="true")) == usual | {"Nude"}
    assert set(names(api, nsfw="false")) == usual - {"Bare"}
    assert names(api, query="heart") == ["Red heart"]
    assert names(api, tag="warm") == names(api, tagname="Warm") == ["Red heart"]
    assert names(api, tag="negative") == ["Ugly things"]
    assert set(names(api, username="Bob")) == {"Ugly things", "Bare"}
    assert names(api, baseModels=["SDXL 1.0", "SD 2.1"]) == ["Big one"]
    assert set(names(api, baseModels="SD 1.4,Pony")) == usual - {"Big one"}
    assert names(api, types=["LORA", "Checkpoint"]) == []
    assert set(names(api, types=["LORA", "TextualInversion"])) == usual
    ids = [catalogue["big"].pk, catalogue["unlisted"].pk, catalogue["private"].pk]
    assert names(api, ids=",".join(map(str, ids))) == ["Big one"]
    assert names(api, modelVersionIds=catalogue["big"].latest.pk) == ["Big one"]
    assert names(api, allowCommercialUse="Sell", allowNoCredit="false") == ["Ugly things"]
    assert names(api, allowDifferentLicenses="false") == ["Big one"]
    assert names(api, allowCommercialUse="Teleport") == []
    assert set(names(api, favorites="false", supportsGeneration="true", foo="bar", rating="5")) == usual


def test_orders_and_periods(api, catalogue):
    for number, name in enumerate(("ugly", "heart", "big", "bare")):
        changed = {"likes": number, "downloads": 10 - number, "created": timezone.now() - timedelta(days=20 * number)}
        Embedding.objects.filter(pk=catalogue[name].pk).update(**changed)
    assert names(api) == names(api, sort="Most Liked") == ["Bare", "Big one", "Red heart", "Ugly things"]
    assert names(api, sort="Most Downloaded") == ["Ugly things", "Red heart", "Big one", "Bare"]
    assert names(api, sort="Newest") == ["Ugly things", "Red heart", "Big one", "Bare"]
    assert names(api, sort="Oldest") == names(api, sort="Newest")[::-1]
    assert names(api, sort="Newest", period="Month") == ["Ugly things", "Red heart"]
    assert names(api, sort="Newest", period="AllTime") == names(api, sort="Newest")
    assert len(names(api, sort="Most Buzz")) == 4


@pytest.mark.parametrize("sort", ["Most Liked", "Newest", "Oldest", "Most Discussed"])
def test_cursors_lead_through_a_list_once(api, alice, upload, sort):
    for number in range(5):
        upload(alice, f"n-{number}", seed=number, title=f"N {number}")
    address, seen, cursors = f"{API}/models?limit=2&sort={sort}", [], []
    while address:
        answer = api.get(address).json()
        seen += [item["id"] for item in answer["items"]]
        metadata = answer["metadata"]
        assert set(metadata) <= {"nextCursor", "nextPage"}
        cursors += [metadata["nextCursor"]] if metadata else []
        address = local(metadata["nextPage"]) if metadata else ""
    assert len(seen) == len(set(seen)) == 5 and len(cursors) == 2
    assert all(type(cursor) is str for cursor in cursors)
    # Words and pages together, as Civitai's own extension sends them, are no error here.
    answer = api.get(f"{API}/models?limit=2&page=2&query=&sort={sort}").json()
    assert [item["id"] for item in answer["items"]] == seen[2:4]
    assert answer["metadata"]["currentPage"] == 2 and answer["metadata"]["pageSize"] == 2
    assert "page=1" in answer["metadata"]["prevPage"] and "page=3" in answer["metadata"]["nextPage"]


def test_creators_and_tags_are_counted(api, api_as, alice, catalogue):
    creators = api.get(f"{API}/creators").json()
    assert [(one["username"], one["modelCount"]) for one in creators["items"]] == [("alice", 2), ("bob", 2)]
    assert set(names(api, **dict([creators["items"][0]["link"].split("?")[1].split("=")]))) == {"Red heart", "Big one"}
    assert creators["metadata"] == {"totalItems": 2, "currentPage": 1, "pageSize": 20, "totalPages": 1}
    paged = api.get(f"{API}/creators?limit=1&page=2").json()["metadata"]
    assert "page=1" in paged["prevPage"] and "nextPage" not in paged and paged["totalPages"] == 2
    assert [one["username"] for one in api.get(f"{API}/creators?query=BO").json()["items"]] == ["bob"]
    assert api_as(alice).get(f"{API}/creators").json()["items"][0]["modelCount"] == 4
    services.update_embedding(embedding=catalogue["big"], tags=["warm", "huge"])
    tags = api.get(f"{API}/tags").json()
    assert [(tag["name"], tag["modelCount"]) for tag in tags["items"]] == [("warm", 2), ("huge", 1)]
    assert [tag["name"] for tag in api.get(f"{API}/tags?query=hug").json()["items"]] == ["huge"]


def test_pictures_are_listed_by_level(api, catalogue):
    def users(**params):
        return [item["nsfwLevel"] for item in api.get(f"{API}/images", params).json()["items"]]

    assert users() == ["Mature", "None", "None"] == users(nsfw="Mature")
    assert users(nsfw="X") == users(nsfw="true") == ["X", "Mature", "None", "None"]
    assert users(nsfw="None") == users(nsfw="Soft") == users(nsfw="false") == ["None", "None"]
    assert users(browsingLevel=12) == ["X", "Mature"] and users(username="alice") == ["None", "None"]
    assert users(baseModels="SDXL 1.0") == [] and users(type="video") == []
    first = api.get(f"{API}/images?limit=1").json()
    assert first["metadata"]["nextCursor"] == str(first["items"][0]["id"])
    second = api.get(local(first["metadata"]["nextPage"])).json()
    assert second["items"][0]["id"] < first["items"][0]["id"]
    assert api.get(f"{API}/images?limit=1&page=2").json()["items"] == second["items"]


def test_a_list_takes_the_same_queries_whatever_the_rows(api, alice, upload):
    cache.clear()
    counts = {}
    for rows in (1, 4):
        for number in range(rows):
            made = upload(alice, f"x-{rows}-{number}", seed=rows * 10 + number, previews=[drawn(), drawn()])
            for seed in range(rows - 1):
                file = NamedFile("v.safetensors", sd1_file(1000 + 100 * number + seed))
                services.add_version(embedding=made, files=[file], previews=[drawn()])
        owns = list(Version.objects.values_list("blob", flat=True))
        asks = [
            (path, lambda path=path: api.get(f"{API}{path}"))
            for path in ("/models", "/models?page=1", f"/models/{made.pk}", "/images", "/creators", "/tags")
        ]
        asks += [("post", lambda owns=owns: api.post(f"{API}/model-versions/by-hash", owns, format="json"))]
        for name, ask in asks:
            ask()
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert ask().status_code == 200
            counts.setdefault(name if "/models/" not in name else "one", []).append(len(queries))
    assert all(first == second for first, second in counts.values()), counts
