"""What is missing is asked for, in pages and API alike."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.training.samples import picture
from training.bases import ensure_builtin_bases
from training.wizard.drafts import start_draft, touch
from training.wizard.pictures import add_images

PAGES = {
    "/train": {"Choose at least 3 images."},
    "/train/{draft}/concept": {"Give the placeholder token.", "Give the initialiser words."},
    "/train/{draft}/review": {"Say who can be recognised in the pictures.", "Give the seed."},
    "/train/{draft}/images/{image}/crop": {"Give the side."},
    "/upload": {"Choose the embedding file."},
    "/accounts/tokens/new": {"Give the name.", "Choose at least one thing that the token may do."},
    "/accounts/login/": {"Give the user name or email.", "Give the password."},
}


@pytest.fixture
def draft(alice):
    """A draft that has come to its review."""
    ensure_builtin_bases()
    made = start_draft(owner=alice)
    files = [SimpleUploadedFile(f"{number}.png", picture(number)) for number in range(3)]
    add_images(owner=alice, draft=made.pk, files=files)
    touch(made, token="<a-word>", initialiser="thing", name="a-word", vectors=2)
    return made


@pytest.mark.parametrize("address", PAGES)
def test_an_empty_form_is_answered_with_what_to_give(as_user, client, alice, draft, address):
    sentences = PAGES[address]
    address = address.format(draft=draft.pk, image=draft.images.first().pk)
    page = (client if "login" in address else as_user(alice)).post(address, {}).content.decode()
    assert "This field is required" not in page
    assert all(sentence in page for sentence in sentences)


#: How the frameworks begin what they say.
THEIRS = re.compile(
    r"This field|Ensure (this|that)|Select a valid|Enter a|Not a valid|A valid|Expected a|Invalid data|The submitted"
    r"|Null characters|is not a valid choice|String value|No file"
)
LONG = "x" * 40_000
WRONG = [
    ("/upload", {"do": "publish", "license": "x", "rating": "x", "visibility": "x"}, 3),
    ("/train", {"images": SimpleUploadedFile("a.png", b"")}, 1),
    ("/train/{draft}/concept", {"name": LONG, "token": LONG, "initialiser": LONG, "kind": "x", "vectors": 0}, 5),
    ("/train/{draft}/concept", {"name": "a\0b", "token": "a\0b", "vectors": "many"}, 5),
    ("/train/{draft}/review", {"preset": "x", "steps": "many", "seed": -1, "depicts_person": "x"}, 5),
    ("/train/{draft}/review", {"preset": "quick", "steps": 0, "seed": "1.5", "rights": "on"}, 3),
    ("/train/{draft}/images/{image}/crop", {"x": "1.5", "y": -1, "size": "9" * 2000}, 3),
    ("/accounts/tokens/new", {"name": LONG, "scopes": ["fly"]}, 2),
    ("/accounts/email/", {"action_add": "", "email": "nowhere"}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("address", "values", "wrong"), WRONG)
def test_whatever_is_wrong_in_a_form_is_told_by_what_to_do(as_user, alice, draft, address, values, wrong):
    page = as_user(alice).post(address.format(draft=draft.pk, image=draft.images.first().pk), values).content.decode()
    told = re.findall(r'<ul class="errors".*?</ul>', page, re.DOTALL)
    assert len(told) >= wrong
    assert not [line for line in told if THEIRS.search(line)]


JOB = {"base": "pocket", "token": "<x>", "kind": "object", "init": "toy", "name": "x"}
WRONG_REQUESTS = [
    ("jobs", JOB | {"vectors": "x", "steps": "1.5", "seed": "9" * 2000}, {"vectors", "steps", "seed"}),
    ("jobs", JOB | {"images": "x", "captions": "x", "name": {"a": 1}}, {"images", "captions", "name"}),
    ("jobs", [1], {"non_field_errors"}),
    ("tokens", {"name": LONG, "scopes": ["fly"]}, {"name", "scopes"}),
    ("tokens", {"name": "a\0b", "scopes": "read"}, {"name", "scopes"}),
    ("infotext", {"text": None}, {"text"}),
]


@pytest.mark.parametrize(("address", "values", "wrong"), WRONG_REQUESTS)
def test_whatever_is_wrong_in_a_request_is_told_by_what_to_do(api_as, alice, address, values, wrong):
    error = api_as(alice).post(f"/api/hub/{address}", values).json()["error"]
    assert wrong <= set(error["fields"])
    assert not THEIRS.search(str(error))


def test_files_and_ranges_are_told_by_what_to_do_too(api_as, alice):
    client = api_as(alice)
    error = client.post("/api/hub/embeddings", {"file": "text", "name": "x"}, format="multipart").json()["error"]
    assert error["fields"]["file"] == ["Send a file, as multipart/form-data."]
    error = client.get("/api/hub/embeddings/alice/x/download", {"version": "0"}).json()["error"]
    assert error["fields"]["version"] == ["Use 1 or more."]


@pytest.mark.parametrize("parameter", ["offset", "page", "ownr"])
@pytest.mark.parametrize("address", ["/api/hub/embeddings", "/api/hub/jobs", "/api/hub/base-models", "/api/hub/tokens"])
def test_a_parameter_that_there_is_not_is_told_with_those_that_there_are(api_as, alice, address, parameter):
    error = api_as(alice).get(address, {parameter: "-1"}).json()["error"]
    assert list(error["fields"]) == [parameter]
    assert "cursor, limit" in error["message"]
    assert ("owner" in error["message"]) == (address == "/api/hub/embeddings")


@pytest.mark.parametrize("parameter", ["sort", "kind", "base"])
def test_an_unknown_choice_is_told_in_the_api_and_passed_over_on_the_page(api_as, client, alice, parameter):
    answer = api_as(alice).get("/api/hub/embeddings", {parameter: "nonsense"})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [parameter])
    assert "among the choices: " in answer.json()["error"]["message"]
    assert client.get("/", {parameter: "nonsense", "page": "x"}).status_code == 200


def test_the_api_asks_for_what_is_missing(api_as, alice):
    client = api_as(alice)
    error = client.post("/api/hub/jobs", {"token": "", "images": []}, format="multipart").json()["error"]
    assert error["fields"]["kind"] == ["Give kind; it is missing or empty."]
    assert error["fields"]["token"] == ["Give token; it is missing or empty."]
    assert "required" not in str(error)


@pytest.mark.parametrize("limit", ["abc", "0", "-1", "101", "1.5", "٣", "99999999999999999999"])
@pytest.mark.parametrize("address", ["/api/hub/embeddings", "/api/hub/jobs", "/api/hub/base-models", "/api/hub/tokens"])
def test_a_limit_that_makes_no_sense_is_told(api_as, alice, address, limit):
    answer = api_as(alice).get(address, {"limit": limit})
    assert answer.status_code == 400
    assert answer.json()["error"]["fields"] == {"limit": ["Use a whole number from 1 to 100."]}


def test_a_limit_holds(api_as, alice):
    client = api_as(alice)
    for name in ("one", "two"):
        client.post("/api/hub/tokens", {"name": name, "scopes": ["read"]})
    assert len(client.get("/api/hub/tokens", {"limit": "2"}).json()["results"]) == 2
