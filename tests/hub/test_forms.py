"""What is missing is asked for, in pages and API alike."""

from __future__ import annotations

import pytest

PAGES = {
    "/train": {"Choose the images; it is missing.", "Give the name; it is missing.", "Give the initialiser words; it is missing."},
    "/upload": {"Choose the embedding file; it is missing."},
    "/accounts/tokens/new": {"Give the name; it is missing.", "Choose at least one thing that the token may do."},
    "/accounts/login/": {"Give the user name or email; it is missing.", "Give the password; it is missing."},
}


@pytest.mark.parametrize("address", PAGES)
def test_an_empty_form_is_answered_with_what_to_give(as_user, client, alice, address):
    page = (client if "login" in address else as_user(alice)).post(address, {}).content.decode()
    assert "This field is required" not in page
    assert all(sentence in page for sentence in PAGES[address])


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
