"""Civitai's own command line, and its extension for A1111.

Over real HTTP, in the order, with the headers and by the types of the tool; rewritten from what it is known to do.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

import requests

from tests.registry.protocols.civitai.shapes import SHA256, URL, WHOLE, get_json, typed


def test_civitai_cli(hub, catalogue, secret, files):
    session = requests.Session()
    session.headers = {"User-Agent": "civitai-cli/0.4.0", "Authorization": f"Bearer {secret}"}
    api = f"{hub}/api/v1"
    hashes = {"AutoV1?": str, "AutoV2": str, "SHA256": WHOLE, "CRC32": str, "BLAKE3": WHOLE}
    file = {"id": int, "name": str, "type": str, "sizeKB": float, "primary": bool, "hashes": hashes, "downloadUrl": URL}
    version = {"id": int, "name": str, "baseModel": str, "trainedWords": [str], "files": [file], "downloadUrl": URL}
    model = {
        "id": int,
        "name": str,
        "type": str,
        "nsfw": bool,
        "tags": [str],
        "modelVersions": [version],
        "stats": {"downloadCount": int},
    }
    found = get_json(
        f"{api}/models", session=session, params={"query": "heart", "limit": 10, "types": "TextualInversion"}
    )
    typed(found["items"], [model])
    # A number that is both a model and a version it refuses.
    number = found["items"][0]["id"]
    typed(get_json(f"{api}/models/{number}", session=session), model)
    assert session.get(f"{api}/model-versions/{number}", timeout=20).status_code == 404
    one = get_json(f"{api}/model-versions/{found['items'][0]['modelVersions'][0]['id']}", session=session)
    typed(one, version | {"modelId": int, "air": re.compile(r"urn:air:sd1:embedding:starword:\d+@\d+")})
    typed(
        get_json(f"{api}/creators", session=session),
        {"items": [{"username": str}], "metadata": {"totalItems": int, "totalPages": int}},
    )
    typed(get_json(f"{api}/tags", session=session), {"items": [{"name": str, "link": URL}]})
    typed(
        get_json(f"{api}/images?limit=1", session=session),
        {"items": [{"id": int, "url": URL, "width": int, "height": int}]},
    )
    # It sends its token to the host that it knows, for what only its owner may see too, and verifies what came.
    private = get_json(f"{api}/models/{catalogue['private'].pk}", session=session)
    typed(private, model)
    (chosen,) = [file for file in private["modelVersions"][0]["files"] if file["primary"]]
    assert urlsplit(chosen["downloadUrl"]).netloc == urlsplit(hub).netloc
    sent = session.get(chosen["downloadUrl"], timeout=20)
    assert hashlib.sha256(sent.content).hexdigest().upper() == chosen["hashes"]["SHA256"]
    assert sent.headers["Content-Disposition"] == 'attachment; filename="private-one.safetensors"'
    # Pictures are fetched without a token; those of a private embedding have addresses that need none.
    shown = requests.get(private["modelVersions"][0]["images"][0]["url"], timeout=20)
    assert shown.status_code == 200 and shown.headers["Content-Type"] == "image/webp"
    assert "public" not in shown.headers["Cache-Control"]


def test_sd_civitai_extension(hub, catalogue, files, tmp_path):
    endpoint = f"{hub}/api/v1"
    headers = {"User-Agent": "CivitaiLink:Automatic1111", "Authorization": "Bearer "}
    hashes = [hashlib.sha256(files[name]).hexdigest() for name in ("heart", "big")]
    answer = requests.post(f"{endpoint}/model-versions/by-hash", json=[*hashes, "0" * 64], headers=headers, timeout=20)
    assert answer.status_code == 200
    typed(
        answer.json(),
        [
            {
                "id": int,
                "modelId": int,
                "name": str,
                "baseModel": str,
                "trainedWords": [str],
                "images": [{"url": URL}],
                "model": {"name": str, "type": str, "nsfw": bool},
                "files": [{"name": str, "hashes": SHA256}],
            }
        ],
    )
    for asked, version in zip(hashes, answer.json(), strict=True):
        assert asked.upper() in [file["hashes"]["SHA256"] for file in version["files"]]
    version = get_json(f"{endpoint}/model-versions/by-hash/{hashes[0]}", headers=headers)
    file = next(file for file in version["files"] if file["primary"] == True)  # noqa: E712 - as it compares
    typed(file, {"name": str, "hashes": SHA256, "downloadUrl": URL})
    # It asks for words and pages at once, with a page size by another name and empty parameters.
    params = {
        "query": "heart",
        "username": "",
        "tag": "",
        "type": "TextualInversion",
        "sort": "Most Downloaded",
        "period": "AllTime",
        "page": 1,
        "pageSize": 20,
    }
    found = get_json(f"{endpoint}/models", params=params, headers=headers)
    assert [item["name"] for item in found["items"]] == ["Red heart"]
    typed(
        get_json(f"{endpoint}/creators", params={"query": "ali", "page": 1, "pageSize": 20}, headers=headers)["items"],
        [{"username": str}],
    )
    typed(get_json(f"{endpoint}/tags", params={"query": "", "page": 1}, headers=headers)["items"], [{"name": str}])
    sent = requests.get(file["downloadUrl"], stream=True, headers={"User-Agent": headers["User-Agent"]}, timeout=20)
    assert int(sent.headers.get("content-length", 0)) == len(files["heart"])
    (tmp_path / file["name"]).write_bytes(sent.content)
    assert (tmp_path / "red-heart.safetensors").read_bytes() == files["heart"]
