"""Versions and their pictures by the API."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from registry.models import Preview
from tests.registry import samples

pytestmark = pytest.mark.django_db


def picture(colour, name="x.png"):
    return SimpleUploadedFile(name, samples.picture(colour=colour))


def test_the_owner_adds_orders_and_takes_away_pictures_of_any_version(api_as, api, alice, upload):
    upload(alice, "koi")
    client, address = api_as(alice), "/api/hub/embeddings/alice/koi/versions"
    added = client.post(
        f"{address}/1/previews", {"previews": [picture((1, 2, 3)), picture((9, 9, 9))]}, format="multipart"
    )
    assert added.status_code == 201
    first, second = (shown["id"] for shown in added.json()["previews"])
    client.post(address, {"file": SimpleUploadedFile("x.pt", samples.sd1_file(5)), "notes": "b"}, format="multipart")
    listed = api.get(address).json()
    assert [(entry["number"], len(entry["previews"])) for entry in listed["results"]] == [(2, 0), (1, 2)]
    covered = client.post(f"{address}/1/previews/{second}/cover")
    assert [shown["id"] for shown in covered.json()["previews"]] == [second, first]
    assert client.delete(f"{address}/1/previews/{second}").status_code == 204
    assert [shown["id"] for shown in api.get(f"{address}/1").json()["previews"]] == [first]
    assert client.post(f"{address}/2/previews/{first}/cover").status_code == 404
    assert api.get(f"{address}/3").status_code == 404


def test_a_file_that_is_no_picture_is_refused_and_nothing_is_added(api_as, alice, upload):
    upload(alice, "koi")
    given = {"previews": [picture((1, 2, 3)), SimpleUploadedFile("x.png", b"no")]}
    answer = api_as(alice).post("/api/hub/embeddings/alice/koi/versions/1/previews", given, format="multipart")
    assert answer.status_code == 400 and "x.png" in answer.json()["error"]["message"]
    assert not Preview.objects.exists()
