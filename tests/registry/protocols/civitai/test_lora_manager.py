"""ComfyUI-Lora-Manager.

Over real HTTP, in the order, with the headers and by the types of the tool; rewritten from what it is known to do.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

import requests

from registry.models import File
from tests.registry.protocols.civitai.shapes import FOREIGN_KEY, URL, WHOLE, get_json, typed


def test_comfyui_lora_manager(hub, catalogue, files, alice):
    api = f"{hub}/api/v1"
    session = requests.Session()
    session.headers = {"User-Agent": "ComfyUI-LoRA-Manager/1.0", "Authorization": f"Bearer {FOREIGN_KEY}"}
    sha256 = hashlib.sha256(files["heart"]).hexdigest()
    file_shape = {
        "id": int,
        "name": str,
        "type": {"Model"},
        "primary": bool,
        "sizeKB": float,
        "hashes": {"SHA256": WHOLE, "AutoV2": re.compile("[0-9A-F]{10}"), "AutoV3?": re.compile("[0-9A-F]{12}")},
        "downloadUrl": URL,
        "metadata": {"format": str},
    }
    version_shape = {
        "id": int,
        "modelId": int,
        "name": str,
        "baseModel": str,
        "trainedWords": [str],
        "createdAt": datetime,
        "publishedAt": datetime,
        "downloadUrl": URL,
        "model": {"name": str, "type": {"TextualInversion"}, "nsfw": bool, "poi": bool},
        "files": [file_shape],
        "images": [
            {"url": URL, "type": str, "nsfwLevel": int, "width": int, "height": int, "hasMeta": bool, "meta?": dict}
        ],
    }
    version = get_json(f"{api}/model-versions/by-hash/{sha256}", session=session)
    typed(version, version_shape)
    assert len([file for file in version["files"] if file["type"] == "Model" and file["primary"]]) == 1
    # It knows the answers to many hashes by the primary file's, so a .pt has to be that.
    own = [File.objects.get(version=catalogue["heart"].latest, target="a1111-pt", dtype="float32").sha256, sha256]
    found = session.post(f"{api}/model-versions/by-hash", json=own, timeout=20).json()
    typed(found, [version_shape])
    by_hash = {
        file["hashes"]["SHA256"].lower(): one
        for one in found
        for file in one["files"]
        if file["type"] == "Model" and file["primary"] and file["hashes"]["SHA256"]
    }
    assert set(by_hash) == set(own)
    model_shape = {
        "id": int,
        "name": str,
        "type": str,
        "description": str,
        "tags": [str],
        "creator": {"username": str},
        "allowNoCredit": bool,
        "allowCommercialUse": [str],
        "allowDerivatives": bool,
        "allowDifferentLicense": bool,
        "modelVersions": [{"id": int, "index": int, "name": str, "files": [file_shape], "publishedAt": datetime}],
    }
    model = get_json(f"{api}/models/{version['modelId']}", session=session)
    typed(model, model_shape)
    several = get_json(f"{api}/models", session=session, params={"ids": f"{model['id']},{catalogue['big'].pk}"})
    typed(several["items"], [model_shape])
    assert len(several["items"]) == 2
    params = {"username": "alice", "limit": 1, "sort": "Newest", "period": "AllTime", "nsfw": "true"}
    seen = []
    while True:
        page = get_json(f"{api}/models", session=session, params=params)
        seen += [item["id"] for item in page["items"]]
        if not page["metadata"].get("nextCursor"):
            break
        params["cursor"] = page["metadata"]["nextCursor"]
        typed(params["cursor"], str)
        assert len(seen) < 9
    assert seen == [catalogue["big"].pk, model["id"]]
    image = version["images"][0]
    images = get_json(f"{api}/images?imageId={image['id']}&nsfw=X&withMeta=true", session=session)
    typed(
        images["items"],
        [
            {
                "id": int,
                "url": URL,
                "nsfwLevel": {"None", "Soft", "Mature", "X"},
                "browsingLevel": int,
                "createdAt": datetime,
                "postId": int,
                "username": str,
                "modelVersionIds": [int],
                "stats": dict.fromkeys(("cryCount", "laughCount", "likeCount", "heartCount", "commentCount"), int),
                "meta": {
                    "prompt": str,
                    "seed": int,
                    "steps": int,
                    "cfgScale": float,
                    "Size": str,
                    "civitaiResources": [{"type": str, "modelVersionId": int, "weight": float}],
                },
            }
        ],
    )
    assert [item["url"] for item in images["items"]] == [image["url"]]
    assert "red-heart" in images["items"][0]["meta"]["prompt"]
    creators = get_json(f"{api}/creators", session=session, params={"query": "alice", "limit": 5})
    typed(creators["items"], [{"username": str, "modelCount": int, "link": URL}])
    typed(get_json(f"{api}/enums", session=session)["ActiveBaseModel"], [str])
    # That something is gone it reads from the text.
    for path in ("models/1999999", "model-versions/by-hash/" + "0" * 64):
        answer = session.get(f"{api}/{path}", timeout=20)
        assert answer.status_code == 404 and "not found" in answer.json()["error"].lower()
