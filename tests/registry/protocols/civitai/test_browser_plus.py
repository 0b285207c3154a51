"""sd-civitai-browser-plus for A1111 and Forge.

Over real HTTP, in the order, with the headers and by the types of the tool; rewritten from what it is known to do.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

import requests

from registry.formats import inspect
from tests.registry.protocols.civitai.shapes import BROWSER, FOREIGN_KEY, SHA256, URL, get_json, typed


def test_sd_civitai_browser_plus(hub, catalogue, files):
    session = requests.Session()
    session.headers = {"User-Agent": BROWSER, "Authorization": f"Bearer {FOREIGN_KEY}"}
    api = f"{hub}/api/v1/models"
    # It asks for a base model that there is not, and reads the names from the refusal.
    answer = session.get(f"{api}?baseModels=GetModels", timeout=20)
    options = answer.json()["error"]["issues"][0]["unionErrors"][0]["issues"][0]["options"]
    assert answer.status_code == 400
    typed(options, [str])
    assert {"SD 1.5", "SDXL 1.0", "Other"} <= set(options)
    params = {
        "limit": 2, "sort": "Most Downloaded", "period": "AllTime", "types": ["TextualInversion", "LORA"],
        "baseModels": ["SD 1.5", "SDXL 1.0"], "nsfw": "true",
    }  # fmt: skip
    pages, url = [], None
    while True:
        data = get_json(url or api, session=session, params=None if url else params)
        pages.append(data)
        assert len(pages) < 9
        if "nextPage" not in data["metadata"]:
            break
        url = data["metadata"]["nextPage"]
        typed(url, URL)
    items = [item for page in pages for item in page["items"]]
    assert len({item["id"] for item in items}) == len(items) == 5
    version = {
        "id": int,
        "name": str,
        "baseModel": set(options),
        "trainedWords": [str],
        "publishedAt": datetime,
        "availability": str,
        "description?": str,
        "downloadUrl": URL,
        "files": [
            {
                "id": int,
                "name": str,
                "sizeKB": float,
                "metadata": {"size": str, "format": str, "fp": str},
                "hashes": SHA256,
                "downloadUrl": URL,
                "primary?": bool,
            }
        ],
        "images": [{"url": URL, "type": str, "width": int, "nsfwLevel": int, "meta?": {"prompt": str}}],
    }
    model = {
        "id": int,
        "name": str,
        "type": {"TextualInversion"},
        "description": str,
        "nsfw": bool,
        "tags": [str],
        "creator": {"username": str, "image?": URL},
        "allowNoCredit": bool,
        "allowCommercialUse": [str],
        "allowDerivatives": bool,
        "allowDifferentLicense": bool,
        "modelVersions": [version],
    }
    typed(items, [model])
    for item in items:
        for one in item["modelVersions"]:
            # It keeps addresses by file name, and takes the first file where no other is primary.
            assert len({file["name"] for file in one["files"]}) == len(one["files"])
            assert [file["primary"] for file in one["files"]].index(True) == 0
            assert one["files"][0]["name"] == one["trainedWords"][0] + ".safetensors"
            # It takes words of this form for LoRAs and throws them away.
            assert not re.search(r"<[^>]*:[^>]*>", one["trainedWords"][0])
    by_id = get_json(api, session=session, params={"ids": items[0]["id"], "nsfw": "true"})
    assert [item["id"] for item in by_id["items"]] == [items[0]["id"]]
    # The first request of a download has the key and follows nothing; the second goes where it points, without the key.
    heart = next(item for item in items if item["id"] == catalogue["heart"].pk)
    for file in heart["modelVersions"][0]["files"]:
        first = session.get(file["downloadUrl"], allow_redirects=False, timeout=20)
        assert 300 <= first.status_code <= 308 and "login" not in first.headers["Location"]
        typed(first.headers["Location"], URL)
        parts = []
        for span in ("bytes=0-999", "bytes=1000-"):  # aria2 may ask for parts
            part = requests.get(first.headers["Location"], headers={"Range": span}, timeout=20)
            assert part.status_code == 206 and part.headers["Accept-Ranges"] == "bytes"
            parts.append(part.content)
        assert hashlib.sha256(b"".join(parts)).hexdigest().upper() == file["hashes"]["SHA256"]
        inspect(b"".join(parts))
