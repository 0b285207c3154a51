"""Refusals, caches, limits, and that nothing is null where clients want more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.urls import get_resolver

from tests.registry.protocols.civitai.shapes import API

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/models?page=11&limit=100", 429, "use cursors instead"),
        ("/models?limit=many", 400, "limit: "),
        ("/models?page=0", 400, "page: "),
        ("/models?ids=1,x", 400, "ids: "),
        ("/models?favorites=true", 401, "Unauthorized"),
        ("/models?hidden=true", 401, "Unauthorized"),
        ("/models/9", 404, "Model not found: No model with id 9"),
        ("/models/x", 400, "whole number"),
        ("/models/99999999999999999999", 400, "whole number"),
        ("/models/2147483648", 400, "whole number"),
        ("/model-versions/9", 404, "Model not found"),
        ("/model-versions/0", 400, "whole number"),
        ("/model-versions/by-hash/nonsense", 404, "Model not found"),
        ("/model-versions/by-hash/%00%00%00%00%00%00%00%00", 404, "Model not found"),
        ("/models/١", 400, "whole number"),
        ("/models?limit=-1", 400, "limit: "),
        ("/models?limit=١", 400, "limit: "),
        ("/models?page=99999999999999999999", 429, "use cursors instead"),
        ("/images?cursor=x", 400, "cursor: "),
        ("/models?cursor=x", 400, "cursor: "),
        ("/models?cursor=%00a", 400, "cursor: "),
        ("/images?browsingLevel=x", 400, "browsingLevel: "),
        ("/creators?page=x", 400, "page: "),
        ("/images?imageId=x", 400, "imageId: "),
    ],
)
def test_refusals_are_a_sentence(api, db, address, status, said):
    answer = api.get(f"{API}{address}")
    assert answer.status_code == status and list(answer.json()) == ["error"]
    assert said in answer.json()["error"]
    assert answer["Cache-Control"] == "no-store, max-age=0" and answer["Access-Control-Allow-Origin"] == "*"


def test_a_null_and_other_oddities_find_nothing(api, catalogue):
    for name in ("query", "tag", "username", "sort", "period", "types"):
        assert api.get(f"{API}/models?{name}=%00a").status_code == 200
    for name in ("username", "type"):
        assert api.get(f"{API}/images?{name}=%00a").json()["items"] == []
    assert api.get(f"{API}/tags?query=%00zz").json()["items"] == []
    assert api.get(f"{API}/models?limit=0").json() == {"items": [], "metadata": {}}
    assert api.post(f"{API}/models").json() == {"error": "Method not allowed"}


def test_caches_and_other_sites(api, api_as, alice, heart):
    answer = api.get(f"{API}/models/{heart.pk}")
    assert answer["Cache-Control"].startswith("public, s-maxage=300") and "Authorization" in answer["Vary"]
    assert answer["Access-Control-Allow-Origin"] == "*" and "Access-Control-Allow-Credentials" not in answer
    assert api_as(alice).get(f"{API}/models/{heart.pk}")["Cache-Control"] == "no-store, max-age=0"
    asked = api.options(f"{API}/models")
    assert asked.status_code == 204 and "Authorization" in asked["Access-Control-Allow-Headers"]


def test_too_many_requests_are_told_when_to_come_again(api, db, settings):
    settings.HUB_API_ANONYMOUS_REQUESTS = 2
    answers = [api.get(f"{API}/enums") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0 and isinstance(answers[-1].json()["error"], str)


#: Where Civitai has nulls too, and clients expect them.
MAY_BE_NULL = {"image", "cosmetic", "trainingStatus", "trainingDetails", "meta"}


def nulls(value, name=""):
    """The names of what is null."""
    if isinstance(value, dict):
        return {found for key, inner in value.items() for found in nulls(inner, key)}
    if isinstance(value, list):
        return {found for inner in value for found in nulls(inner, name)}
    return {name} if value is None else set()


def test_nothing_is_null_that_clients_count_on(api, catalogue):
    version = catalogue["heart"].latest
    paths = [
        *(
            "/models?nsfw=true",
            "/models?page=1&limit=1",
            "/models?limit=1",
            "/images?nsfw=X",
            "/creators",
            "/tags",
            "/enums",
        ),
        *(
            f"/models/{catalogue['heart'].pk}",
            f"/model-versions/{version.pk}",
            f"/model-versions/by-hash/{version.blob}",
        ),
    ]
    assert nulls([api.get(f"{API}{path}").json() for path in paths]) <= MAY_BE_NULL


def test_every_route_is_documented():
    text = (ROOT / "docs" / "civitai.md").read_text()
    (patterns,) = [entry for entry in get_resolver().url_patterns if getattr(entry, "app_name", "") == "civitai"]
    routes = ["/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(entry.pattern)) for entry in patterns.url_patterns]
    assert routes and not [route for route in routes if f"`{route}`" not in text]
