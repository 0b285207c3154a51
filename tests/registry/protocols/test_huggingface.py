"""What the clients rely on without saying so: headers, ids that last, the same bytes each time, and who may know of what."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from registry import services, storage
from registry.formats import NamedFile
from registry.moderation.services import hide, take_down
from registry.pictures.previews import NewPreview, read_picture
from tests.registry.protocols.commits import commit
from tests.registry.samples import picture, sd1_file

ROOT = Path(__file__).resolve().parents[3]
MODEL = "/api/models/alice/red-heart"
FILES = "/alice/red-heart/resolve/main/"


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_head_and_get_agree_for_every_file_and_bytes_are_the_same_each_time(api, heart):
    info = api.get(MODEL).json()
    sizes = {entry["path"]: entry for entry in api.get(f"{MODEL}/tree/main").json()}
    assert [sibling["rfilename"] for sibling in info["siblings"]] == sorted(sizes)
    for path, entry in sizes.items():
        first, second, head = api.get(FILES + path), api.get(FILES + path), api.head(FILES + path)
        data = body(first)
        assert data == body(second), path
        told = [
            {name: value for name, value in answer.headers.items() if name != "RateLimit"} for answer in (head, first)
        ]
        assert told[0] == told[1]
        assert body(head) == b""
        assert first["Content-Length"] == str(len(data)) == str(entry["size"])
        assert first["ETag"] == f'"{hashlib.sha256(data).hexdigest()}"'
        assert entry["oid"] == hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        assert first["X-Repo-Commit"] == info["sha"]
        assert not [name for name in first.headers if "xet" in name.lower()]
        assert body(api.get(FILES.replace("resolve", "raw") + path)) == data


def test_a_drawn_picture_keeps_its_mark_as_png(api, heart):
    data = body(api.get(FILES + "preview.png"))
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and b"trainedAlgorithmicMedia" in data


def test_parts_of_a_file_arrive_and_every_answer_names_the_commit(api, heart):
    address = FILES + "red-heart.safetensors"
    whole = body(api.get(address))
    part = api.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, body(part)) == (206, whole[10:20])
    beyond = api.get(address, headers={"Range": "bytes=9999999-"})
    same = api.get(address, headers={"If-None-Match": part["ETag"]})
    absent = api.head(FILES + "config.json")
    assert [answer.status_code for answer in (beyond, same, absent)] == [416, 304, 404]
    assert absent["X-Error-Code"] == "EntryNotFound"
    assert {answer["X-Repo-Commit"] for answer in (part, beyond, same, absent)} == {api.get(MODEL).json()["sha"]}


def test_reading_about_an_embedding_is_no_download_of_it(api, heart):
    for path in ("README.md", "preview.png", "training.json", "red-heart.pt"):
        body(api.get(FILES + path))
    heart.refresh_from_db()
    assert heart.downloads == 1


def test_a_commit_id_lasts_and_changes_with_what_is_said(api, heart):
    first = api.get(MODEL).json()["sha"]
    services.update_embedding(embedding=heart, description="Redder.")
    second = api.get(MODEL).json()["sha"]
    services.add_version(embedding=heart, files=[NamedFile("b.safetensors", sd1_file(9))])
    third = api.get(MODEL).json()["sha"]
    assert len({first, second, third}) == 3 and first[:24] == second[:24] != third[:24]
    for sha in (first, second):
        answer = api.get(f"/alice/red-heart/resolve/{sha}/red-heart.safetensors")
        assert (body(answer), answer["X-Repo-Commit"]) == (sd1_file(), sha)
    for revision in ("v3", "v0", "v01", "0" * 40, first[:24], first.upper(), "refs", "main%00", "v" + "9" * 30):
        answer = api.get(f"{MODEL}/revision/{revision}")
        assert (answer.status_code, answer["X-Error-Code"]) == (404, "RevisionNotFound"), revision


def queries(client, address):
    with CaptureQueriesContext(
        connection,
    ) as seen:
        body(client.get(address))
    return len([query for query in seen if "hub_cache" not in query["sql"]])


def test_the_number_of_queries_does_not_grow(api, alice, upload):
    addresses = ["/api/models", "/api/models?full=true", MODEL, f"{MODEL}/tree/main", FILES + "README.md"]
    embedding = upload(alice)
    few = [queries(api, address) for address in addresses]
    for number in range(3):
        upload(
            alice, f"another-{number}", seed=number + 1, previews=[NewPreview(picture=read_picture("p.png", picture()))]
        )
        services.add_version(embedding=embedding, files=[NamedFile("b.safetensors", sd1_file(20 + number))])
    assert [queries(api, address) for address in addresses] == few


def test_a_token_decides_and_no_cookie(client, api_as, alice, bob, upload):
    upload(alice, visibility="private")
    client.force_login(alice)
    assert client.get(MODEL).status_code == 404
    assert api_as(alice, ["read"]).get(MODEL).status_code == 200
    assert api_as(alice, ["train"]).get(MODEL).status_code == 403
    assert api_as(bob).get(MODEL)["X-Error-Code"] == "RepoNotFound"
    told = api_as(alice, ["read"]).get("/api/whoami-v2").json()
    assert told["auth"]["accessToken"]["role"] == "read"
    refused = commit(api_as(alice, ["read"]), {"a.safetensors": sd1_file(1)})
    assert refused.status_code == 403 and "write" in refused.json()["error"]
    client.logout()
    forged = client.get(FILES + "README.md", headers={"Authorization": "Bearer sw_forged"})
    assert forged.status_code == 401 and "unknown" in forged["X-Error-Message"]


def test_caches_keep_nothing_for_others_but_files_that_are_public(api, heart):
    for path in ("/api/models", "/api/models/alice/red-heart", "/api/models/alice/nothing"):
        answer = api.get(path)
        assert answer["Cache-Control"] == "private, no-cache" and "Authorization" in answer["Vary"]
    assert api.get("/alice/red-heart/resolve/main/README.md")["Cache-Control"] == "public, no-cache"


def test_what_was_taken_down_is_known_as_such_and_what_is_hidden_is_not_found(api, writer, sam, heart):
    hide(embedding=heart, by=sam, reason="rights", text="Look at it.")
    assert api.get(MODEL)["X-Error-Code"] == "RepoNotFound"
    assert writer.get(MODEL).json()["disabled"] is True
    take_down(embedding=heart, by=sam, reason="rights", text="No.")
    for address in (MODEL, FILES + "README.md"):
        answer = api.get(address)
        assert answer.status_code == 403
        assert answer["X-Error-Message"] == "Access to this resource is disabled."
    again = writer.post("/api/repos/create", {"name": "red-heart"})
    assert (again.status_code, again["X-Error-Message"]) == (403, "Access to this resource is disabled.")


def test_too_many_requests_tell_the_client_when_to_come_again(api, heart, settings):
    settings.HUB_API_ANONYMOUS_REQUESTS = 1
    api.get(MODEL)
    answer = api.get(MODEL)
    assert answer.status_code == 429
    assert re.fullmatch(r'"api";r=0;t=\d+', answer["RateLimit"]) and int(answer["Retry-After"]) > 0


@pytest.mark.parametrize(
    "query", ["sort=random", "cursor=x", "cursor=cD14", "filter=" + "a," * 30, "sort=lastModified&cursor=cD14"]
)
def test_a_list_that_makes_no_sense_is_refused_in_words(api, heart, query):
    answer = api.get(f"/api/models?{query}")
    assert answer.status_code in (400, 404) and isinstance(answer.json()["error"], str)


@pytest.mark.parametrize(
    "query",
    [
        "filter=license:%00",
        "filter=base:nothing",
        "filter=%00",
        "author=%00",
        "filter=a:b",
        "pipeline_tag=asr",
    ],
)
def test_a_list_of_what_there_is_not_is_empty(api, heart, query):
    assert api.get(f"/api/models?{query}&limit=0&limit=x").json() == []


@pytest.mark.parametrize("route", ["", "/preupload/main", "/commit/main", "/settings"])
def test_there_are_no_data_sets_whatever_is_done_to_them(writer, route):
    for method in (writer.get, writer.post, writer.put, writer.delete):
        answer = method(f"/api/datasets/alice/pictures{route}")
        assert (answer.status_code, answer["X-Error-Code"]) == (404, "RepoNotFound")
        assert "leave repo_type out" in answer.json()["error"]


def test_every_route_is_documented():
    text = (ROOT / "docs" / "huggingface.md").read_text()
    patterns = next(entry for entry in get_resolver().url_patterns if getattr(entry, "app_name", "") == "huggingface")
    routes = ["/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(entry.pattern)) for entry in patterns.url_patterns]
    assert routes and not [route for route in routes if f"`{route}`" not in text]


def test_a_file_that_the_storage_lost_is_no_entry(api, heart):
    for blob in (heart.latest.blob, heart.latest.previews.get().blob):
        storage.default_storage.delete(storage.path_of(blob))
    for path in ("red-heart.pt", "preview.png"):
        answer = api.get(FILES + path)
        assert (answer.status_code, answer["X-Error-Code"]) == (404, "EntryNotFound")
