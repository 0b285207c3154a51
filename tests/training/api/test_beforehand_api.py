"""What can be known of a job before it is submitted."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.training.samples import picture
from training.models import BaseModel, Job, JobImage

CHECK, WORDS = "/api/hub/jobs/check", "/api/hub/base-models/pocket/words"


@pytest.fixture
def form(pocket):
    """A right form, with the changes given."""

    def make(**changes):
        images = [SimpleUploadedFile(f"{index}.png", picture(index)) for index in range(3)]
        fields = {"images": images, "base": "pocket", "token": "<cobalt-heart>", "kind": "object", "init": "thing"}
        return fields | {"name": "cobalt-heart"} | changes

    return make


def test_a_check_tells_what_submitting_would_and_stores_nothing(alice, api_as, form):
    client = api_as(alice, ["train", "read"])
    answer = client.post(CHECK, form(preset="quick"), format="multipart")
    assert answer.status_code == 200, answer.json()
    told = answer.json()
    assert (told["total_steps"], told["vectors"], told["queue_position"], told["held"]) == (150, 2, 1, "")
    assert told["seconds"] > 0 and told["findings"][-1]["code"] == "few_images"
    assert not Job.objects.exists() and not JobImage.objects.exists()
    made = client.post("/api/hub/jobs", form(preset="quick"), format="multipart").json()
    assert {name: made[name] for name in ("total_steps", "vectors", "queue_position", "held", "findings")} == {
        name: told[name] for name in ("total_steps", "vectors", "queue_position", "held", "findings")
    }


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"images": []}, 400, "bad_image", "images"),
        ({"base": "nothing"}, 400, "base_unknown", "base"),
        ({"init": ""}, 400, "invalid", "init"),
        ({"steps": 0}, 400, "bad_setting", "steps"),
    ],
)
def test_a_check_refuses_what_submitting_refuses(alice, api_as, form, changes, status, code, field):
    for address in (CHECK, "/api/hub/jobs"):
        answer = api_as(alice).post(address, form(**changes), format="multipart")
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert list(answer.json()["error"]["fields"]) == [field]


def test_a_check_knows_of_names_that_are_taken_and_needs_the_scope(alice, api, api_as, form, db):
    client = api_as(alice)
    client.post("/api/hub/jobs", form(), format="multipart")
    assert client.post(CHECK, form(), format="multipart").status_code == 409
    assert api_as(alice, ["read"]).post(CHECK, form(name="other"), format="multipart").status_code == 403
    assert api.post(CHECK, form(), format="multipart").status_code == 401


def test_words_are_read_as_the_wizard_reads_them(alice, api, api_as, pocket):
    client = api_as(alice, ["read"])
    told = client.get(WORDS, {"token": "<red-heart>", "init": "red xyzzy"}).json()
    assert told["known"] and told["meanings"]
    assert (told["token"]["plain"], told["token"]["problem"]) == ("red-heart", "") and len(told["token"]["pieces"]) > 1
    red, nonsense = told["words"]
    assert red["known"] and red["pieces"] == ["red"] and red["nearest"]
    assert all(-1 <= near["cosine"] <= 1 and near["word"] != "red" for near in red["nearest"])
    assert not nonsense["known"] and len(nonsense["pieces"]) > 1 and nonsense["nearest"] == []
    assert "problem" in client.get(WORDS, {"token": "red"}).json()["token"]
    assert client.get(WORDS).json()["token"] is None
    assert client.get(WORDS, {"token": "x" * 81}).status_code == 400
    assert client.get("/api/hub/base-models/nothing/words").status_code == 404
    assert api.get(WORDS).status_code == 401
    BaseModel.objects.filter(slug="pocket").update(enabled=False)
    assert client.get(WORDS).status_code == 404


def test_both_cost_as_many_statements_whatever_there_is(alice, bob, api_as, form, submit):
    client = api_as(alice)

    def cost(name):
        with CaptureQueriesContext(connection) as queries:
            assert client.post(CHECK, form(name=name), format="multipart").status_code == 200
            assert client.get(WORDS, {"token": "<red>", "init": "red blue"}).status_code == 200
        return len(queries)

    cost("first")  # a token's first use is written down
    few = cost("one")
    for number in range(3):
        submit(bob, name=f"his-{number}")
    assert cost("two") == few
