"""What the protocol answers: filters, pages, levels, licences, who may see what, and how many queries it takes."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.core.signing import TimestampSigner
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.throttling import AnonRateThrottle

from hub.accounts.models import ApiToken
from registry import services
from registry.formats import NamedFile, hashes
from registry.models import Embedding, File, Hash, Version
from registry.moderation.services import hide, take_down
from registry.protocols.civitai import addresses, words
from tests.registry.protocols.civitai.conftest import drawn
from tests.registry.samples import sd1_file

API = "/api/v1"


def names(api, **params):
    """The titles of what a list finds, in its order."""
    answer = api.get(f"{API}/models", params)
    assert answer.status_code == 200, answer.content
    return [item["name"] for item in answer.json()["items"]]


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def local(url):
    """An absolute address as the test client takes it."""
    parts = urlsplit(url)
    assert parts.scheme and parts.netloc
    return f"{parts.path}?{parts.query}"


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
        ("/images?cursor=x", 400, "cursor: "),
        ("/images?imageId=x", 400, "imageId: "),
    ],
)
def test_refusals_are_a_sentence(api, db, address, status, said):
    answer = api.get(f"{API}{address}")
    assert answer.status_code == status and list(answer.json()) == ["error"]
    assert said in answer.json()["error"]
    assert answer["Cache-Control"] == "no-store, max-age=0" and answer["Access-Control-Allow-Origin"] == "*"


def test_a_null_and_other_oddities_find_nothing(api, catalogue):
    for name in ("query", "tag", "username", "cursor", "sort", "period", "types"):
        assert api.get(f"{API}/models?{name}=%00a").status_code == 200
    for name in ("username", "type"):
        assert api.get(f"{API}/images?{name}=%00a").json()["items"] == []
    assert api.get(f"{API}/tags?query=%00zz").json()["items"] == []
    assert api.get(f"{API}/models?limit=0").json() == {"items": [], "metadata": {}}
    assert api.post(f"{API}/models").json() == {"error": "Method not allowed"}


def test_hidden_things_are_not_found_by_their_numbers(api, api_as, alice, bob, catalogue):
    for name in ("private", "unlisted"):
        embedding = catalogue[name]
        for path in (f"{API}/models/{embedding.pk}", f"{API}/model-versions/{embedding.latest.pk}"):
            assert api.get(path).status_code == api_as(bob).get(path).status_code == 404
            assert api_as(alice).get(path).status_code == 200
        download = f"/api/download/models/{embedding.latest.pk}"
        assert api.get(download).status_code == 404 and api_as(alice).get(download).status_code == 307
        assert api.get(f"{API}/images", {"modelId": embedding.pk, "nsfw": "X"}).json()["items"] == []
    answer = api_as(alice).get(f"{API}/models/{catalogue['private'].pk}")
    assert answer.json()["availability"] == "Private" and "public" not in answer["Cache-Control"]
    assert len(names(api_as(alice), username="alice")) == 4


def test_a_number_is_one_thing(api, catalogue):
    models = {embedding.pk for embedding in catalogue.values()}
    versions = set(Version.objects.values_list("pk", flat=True))
    assert not models & versions
    heart = catalogue["heart"]
    assert api.get(f"{API}/models/{heart.latest.pk}").status_code == 404
    assert api.get(f"{API}/model-versions/{heart.pk}").status_code == 404
    # A file's number is asked for with its version; one of another version, or a picture's, is no file of it.
    other = File.objects.filter(version__embedding=catalogue["big"]).first()
    assert api.get(f"/api/download/models/{heart.latest.pk}?fileId={other.pk}").status_code == 404


def test_a_token_is_taken_as_header_and_parameter_and_other_keys_are_nobodys(api, alice, catalogue):
    token, secret = ApiToken.issue(owner=alice, name="t", scopes=["read"])
    path = f"{API}/models/{catalogue['private'].pk}"
    assert api.get(path, {"token": secret}).status_code == 200
    assert api.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    for sent in ("Bearer 0123456789abcdef0123456789abcdef", "Bearer ", "Bearer", "Basic YTpi"):
        assert api.get(path, headers={"Authorization": sent}).status_code == 404
        assert api.get(f"{API}/models", headers={"Authorization": sent}).status_code == 200
    token.delete()
    answer = api.get(path, {"token": secret})
    assert answer.status_code == 401 and "revoked" in answer.json()["error"]
    _, writing = ApiToken.issue(owner=alice, name="w", scopes=["write"])
    assert api.get(f"{API}/models", {"token": writing}).status_code == 403


def test_what_was_taken_down_is_gone_with_its_mode(api, api_as, sam, alice, heart, catalogue):
    sha256 = heart.latest.blob
    version = heart.latest.pk
    pk = heart.pk
    hide(by=sam, embedding=catalogue["big"], reason="spam", text="Spam.")
    take_down(by=sam, embedding=heart, reason="spam", text="Spam.")
    assert api.get(f"{API}/models/{catalogue['big'].pk}").status_code == 404
    for path in (f"{API}/models/{pk}", f"{API}/model-versions/by-hash/{sha256.upper()}"):
        answer = api.get(path)
        assert answer.status_code == 410
        assert answer.json()["mode"] == "TakenDown" and answer.json()["tombstone"]["id"] == pk
        assert "not found" in answer.json()["error"]
    assert api.get(f"/api/download/models/{version}").status_code == 404
    take_down(by=sam, embedding=catalogue["private"], reason="spam", text="Spam.")
    gone = f"{API}/models/{catalogue['private'].pk}"
    assert api.get(gone).status_code == 404 and api_as(alice).get(gone).status_code == 410


def test_lookups_by_hash(api, alice, bob, upload, catalogue, files):
    heart = catalogue["heart"]
    own = heart.latest.blob
    for value in (
        own,
        own.upper(),
        own[:10],
        own[:12],
        hashes.autov3(files["heart"]),
        hashes.blake3_hex(files["heart"]),
        hashes.crc32(files["heart"]),
    ):
        found = api.get(f"{API}/model-versions/by-hash/{value}").json()
        assert (found["id"], found["modelId"]) == (heart.latest.pk, heart.pk)
        assert [file["primary"] for file in found["files"]] == [True, False]
    # Who has the whole hash has the file; a beginning finds what lists show.
    unlisted = catalogue["unlisted"].latest.blob
    assert api.get(f"{API}/model-versions/by-hash/{unlisted}").status_code == 200
    assert api.get(f"{API}/model-versions/by-hash/{unlisted[:12]}").status_code == 404
    assert api.get(f"{API}/model-versions/by-hash/{hashes.sha256(b'')}").status_code == 404
    # The same file uploaded again leads to who had it first; other numbers under the same beginning to nobody.
    upload(bob, "copy", title="Copy", data=files["heart"])
    assert api.get(f"{API}/model-versions/by-hash/{own}").json()["modelId"] == heart.pk
    Hash.objects.create(version=catalogue["big"].latest, kind="sha256", value=own[:10] + "0" * 54)
    assert api.get(f"{API}/model-versions/by-hash/{own[:10]}").status_code == 404


@pytest.mark.parametrize("target", ["a1111-pt", "diffusers", "diffusers-bin", "canonical"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_file_that_somebody_has_is_the_primary_one(api, heart, target, dtype):
    row = File.objects.get(version=heart.latest, target=target, dtype=dtype)
    (posted,) = api.post(f"{API}/model-versions/by-hash", [row.sha256.upper()], format="json").json()
    got = api.get(f"{API}/model-versions/by-hash/{row.sha256}").json()
    assert posted == got
    (primary,) = [file for file in got["files"] if file["primary"]]
    assert primary == got["files"][0] and primary["hashes"]["SHA256"] == row.sha256.upper()
    sent = api.get(local(api.get(local(primary["downloadUrl"]))["Location"]))
    assert hashes.sha256(body(sent)) == row.sha256


def test_many_hashes_at_once(api, catalogue):
    own = [catalogue[name].latest.blob for name in ("big", "heart", "unlisted", "private")]
    asked = [own[0].upper(), "0" * 64, *own[1:], own[0], hashes.sha256(b"")]
    found = api.post(f"{API}/model-versions/by-hash", asked, format="json").json()
    assert [item["model"]["name"] for item in found] == ["Big one", "Red heart", "Hidden"]
    ids = api.post(f"{API}/model-versions/by-hash/ids", asked, format="json").json()
    expected = {"modelVersionId": catalogue["big"].latest.pk, "modelId": catalogue["big"].pk, "hash": own[0].upper()}
    assert ids[0] == expected and len(ids) == 3
    for bad in ({}, ["abc"], [1], "x", [["0" * 64]], ["0" * 64] * 101):
        answer = api.post(f"{API}/model-versions/by-hash", bad, format="json")
        assert answer.status_code == 400 and isinstance(answer.json()["error"], str)
    assert api.post(f"{API}/model-versions/by-hash/ids", ["0" * 64] * 10_001, format="json").status_code == 400
    assert api.post(f"{API}/model-versions/by-hash", "[", content_type="application/json").status_code == 400
    large = "[" + " " * 2**20 + "]"
    assert api.post(f"{API}/model-versions/by-hash", large, content_type="application/json").status_code == 413


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


def test_caches_and_other_sites(api, api_as, alice, heart):
    answer = api.get(f"{API}/models/{heart.pk}")
    assert answer["Cache-Control"].startswith("public, s-maxage=300") and "Authorization" in answer["Vary"]
    assert answer["Access-Control-Allow-Origin"] == "*" and "Access-Control-Allow-Credentials" not in answer
    assert api_as(alice).get(f"{API}/models/{heart.pk}")["Cache-Control"] == "no-store, max-age=0"
    asked = api.options(f"{API}/models")
    assert asked.status_code == 204 and "Authorization" in asked["Access-Control-Allow-Headers"]


def test_too_many_requests_are_told_when_to_come_again(api, db, monkeypatch):
    monkeypatch.setattr(AnonRateThrottle, "THROTTLE_RATES", {"anon": "2/hour"})
    cache.clear()
    answers = [api.get(f"{API}/enums") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0 and isinstance(answers[-1].json()["error"], str)


@pytest.mark.parametrize(
    ("asked", "target", "dtype", "name"),
    [
        ("", "canonical", "float32", "red-heart.safetensors"),
        ("type=Model&format=SafeTensor&size=pruned&fp=fp16", "canonical", "float16", "red-heart.safetensors"),
        ("format=PickleTensor", "a1111-pt", "float32", "red-heart.pt"),
        ("format=Diffusers", "diffusers", "float32", "red-heart.safetensors"),
        ("format=GGUF", None, None, None),
        ("fp=bf16", None, None, None),
        ("type=VAE", None, None, None),
        ("type=Negative", None, None, None),
    ],
)
def test_a_download_leads_to_the_file_that_is_asked_for(api, heart, asked, target, dtype, name):
    answer = api.get(f"/api/download/models/{heart.latest.pk}?{asked}")
    if target is None:
        assert answer.status_code == 404 and answer.json() == {"error": "File not found"}
        return
    assert answer.status_code == 307 and answer["Cache-Control"] == "no-store, max-age=0"
    sent = api.get(local(answer["Location"]))
    assert sent["Content-Disposition"] == f'attachment; filename="{name}"'
    row = File.objects.get(version=heart.latest, target=target, dtype=dtype)
    assert hashes.sha256(body(sent)) == row.sha256


def test_a_negative_embedding_is_told_as_one_and_found_as_one(api, catalogue):
    ugly = api.get(f"{API}/models/{catalogue['ugly'].pk}").json()
    assert "negative" in ugly["tags"] and ugly["modelVersions"][0]["trainedWords"] == ["ugly"]
    assert api.get(f"/api/download/models/{catalogue['ugly'].latest.pk}?type=Negative").status_code == 307


def test_signed_addresses_are_of_one_file_one_reader_and_some_minutes(
    api, api_as, alice, bob, sam, catalogue, monkeypatch
):
    private = catalogue["private"]
    download = f"/api/download/models/{private.latest.pk}"
    address = local(api_as(alice).get(download)["Location"])
    assert api.get(address).status_code == 200
    assert Embedding.objects.get(pk=private.pk).downloads == 1
    for forged in (
        address.replace(".safetensors", ".exe"),
        address.replace("/files/", "/files/x"),
        address.replace("private-one", "ugly"),
    ):
        assert api.get(forged).status_code in (403, 404)
    # It is good for who asked, and no longer when they may not see it.
    shared = local(api_as(bob).get(f"/api/download/models/{catalogue['heart'].latest.pk}")["Location"])
    services.update_embedding(embedding=catalogue["heart"], visibility="private")
    assert api.get(shared).status_code == 404
    alice.is_active = False
    alice.save()
    assert api.get(address).status_code == 404
    late = TimestampSigner.timestamp
    monkeypatch.setattr(
        "django.core.signing.time.time", lambda: __import__("time").time_ns() / 1e9 + addresses.SECONDS + 1
    )
    answer = api.get(address)
    assert answer.status_code == 403 and "15 minutes old" in answer.json()["error"] and late
