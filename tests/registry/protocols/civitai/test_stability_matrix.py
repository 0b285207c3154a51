"""StabilityMatrix.

Over real HTTP, in the order, with the headers and by the types of the tool; rewritten from what it is known to do.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

import requests

from tests.registry.protocols.civitai.shapes import URL, WHOLE, get_json, typed


def test_stability_matrix(hub, catalogue, files):
    session = requests.Session()
    session.headers = {"User-Agent": "StabilityMatrix/2.15 (https://lykos.ai)", "Accept": "application/json"}
    api = f"{hub}/api/v1"
    answer = session.get(f"{api}/models?baseModels=gimmethelist", timeout=20)
    assert answer.status_code == 400
    typed(answer.json()["error"]["issues"][0]["unionErrors"][0]["issues"][0]["options"], [str])
    enums = get_json(f"{api}/enums", session=session)
    typed(enums, {name: [str] for name in ("ModelType", "ActiveBaseModel", "BaseModel", "BaseModelType")})
    # .NET takes no null for a number, no number for a text, and no unknown name for an enumeration.
    stats = dict.fromkeys(("downloadCount", "favoriteCount", "commentCount", "thumbsUpCount"), int)
    file = {
        "id": int,
        "sizeKB": float,
        "pickleScanResult": str,
        "virusScanResult": str,
        "scannedAt": datetime,
        "metadata": {"fp": {"bf16", "fp16", "fp32", "tf32"}, "size": {"full", "pruned"}, "format": {"SafeTensor", "PickleTensor", "Other"}},
        "name": str,
        "downloadUrl": URL,
        "hashes": {"SHA256": WHOLE, "CRC32": re.compile("[0-9A-F]{8}"), "BLAKE3": WHOLE},
        "type": {"Model"},
        "primary": bool,
    }  # fmt: skip
    image = {
        "url": URL,
        "nsfwLevel": int,
        "width": int,
        "height": int,
        "hash": re.compile(r"\S{6,}"),
        "type": {"image"},
    }
    version = {
        "id": int,
        "name": str,
        "description": str,
        "createdAt": datetime,
        "publishedAt": datetime,
        "downloadUrl": URL,
        "trainedWords": [str],
        "baseModel": set(enums["BaseModel"]),
        "files": [file],
        "images": [image],
        "stats": stats,
    }
    model = {
        "id": int,
        "name": str,
        "description": str,
        "type": {"TextualInversion"},
        "nsfw": bool,
        "tags": [str],
        "mode?": {"Archived", "TakenDown"},
        "creator": {"username": str, "image?": URL},
        "stats": stats,
        "modelVersions": [version],
    }
    params = {
        "limit": 3, "types": "TextualInversion", "sort": "Highest Rated", "period": "AllTime", "nsfw": "true",
        "favorites": "false", "primaryFileOnly": "false", "baseModels": "SD 1.5",
    }  # fmt: skip
    page = get_json(f"{api}/models", session=session, params=params)
    typed(page, {"items": [model], "metadata": {"nextCursor": str, "nextPage": URL}})
    rest = get_json(f"{api}/models", session=session, params=params | {"cursor": page["metadata"]["nextCursor"]})
    typed(rest, {"items": [model]})
    assert {item["id"] for item in page["items"]}.isdisjoint(item["id"] for item in rest["items"])
    paged = get_json(
        f"{api}/models", session=session, params=params | {"page": 1, "limit": 1, "primaryFileOnly": "true"}
    )
    typed(paged["metadata"], {"currentPage": int, "pageSize": int, "nextPage": URL})
    assert [file["primary"] for file in paged["items"][0]["modelVersions"][0]["files"]] == [True]
    found = get_json(f"{api}/model-versions/by-hash/{hashlib.sha256(files['heart']).hexdigest()}", session=session)
    typed(
        found,
        {
            "id": int,
            "modelId": int,
            "name": str,
            "baseModel": str,
            "files": [file],
            "images": [image],
            "downloadUrl": URL,
        },
    )
    typed(get_json(f"{api}/models/{found['modelId']}", session=session), model)
    # It learns the size from a first request and begins with a range that is everything.
    url = found["files"][0]["downloadUrl"]
    head = session.head(url, allow_redirects=True, timeout=20)
    whole = session.get(url, headers={"Range": "bytes=0-"}, timeout=20)
    assert whole.status_code in (200, 206) and head.headers["Content-Length"] == str(len(whole.content))
    assert whole.headers["Content-Type"] == "application/octet-stream"
    assert hashlib.sha256(whole.content).hexdigest().upper() == found["files"][0]["hashes"]["SHA256"]
