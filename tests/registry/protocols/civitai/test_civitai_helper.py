"""Civitai-Helper for A1111.

Over real HTTP, in the order, with the headers and by the types of the tool; rewritten from what it is known to do.
"""

from __future__ import annotations

import hashlib
import re

import requests

from registry.models import Embedding
from tests.registry.protocols.civitai.shapes import BROWSER, URL, get_json, typed


def helper_download(url, folder):
    """As its downloader does: the name from a first request, then everything from where the file on the disk ends."""
    first = requests.get(url, stream=True, verify=False, headers={"User-Agent": BROWSER}, timeout=20)
    assert "Content-Length" in first.headers  # else it says that an API key is needed
    name = first.headers["Content-Disposition"].split("=")[1].strip('"')
    total = int(first.headers["Content-Length"])
    first.close()
    path = folder / name
    part = folder / f"{name}.downloading"
    done = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={done}-", "User-Agent": BROWSER}
    with requests.get(url, stream=True, verify=False, headers=headers, timeout=20) as second:
        assert second.status_code == 206
        with part.open("ab") as file:
            for chunk in second.iter_content(1024):
                file.write(chunk)
    assert part.stat().st_size == total
    part.rename(path)
    return path


def test_civitai_helper(hub, catalogue, files, tmp_path):
    heart = catalogue["heart"]
    sha256 = hashlib.sha256(files["heart"]).hexdigest()
    api = f"{hub}/api/v1"
    about = {"headers": {"User-Agent": BROWSER}}
    version = get_json(f"{api}/model-versions/by-hash/{sha256}", **about)
    shape = {
        "id": int,
        "modelId": int,
        "name": str,
        "downloadUrl": URL,
        "files": [{"downloadUrl": URL, "name": str, "primary": bool}],
        "images": [{"url": URL, "nsfw": str, "width": int, "type": {"image"}}],
        "trainedWords": [str],
        "model": {"name": str, "type": str},
    }
    typed(version, shape)
    assert version["images"]
    model = get_json(f"{api}/models/{version['modelId']}", **about)
    typed(
        model,
        {
            "type": {"TextualInversion"},
            "name": str,
            "description": str,
            "modelVersions": [
                {
                    "id": int,
                    "name": str,
                    "downloadUrl": URL,
                    "description": str,
                    "images": [{"url": URL, "width": int, "type": {"image"}}],
                }
            ],
        },
    )
    assert "<em>red</em>" in model["description"]
    typed(get_json(f"{api}/model-versions/{version['id']}", **about), shape)
    # Pictures: it puts a width into addresses that have one, and fetches them.
    image = version["images"][0]
    url = re.sub(r"/width=\d+/", f"/width={image['width']}/", image["url"])
    assert requests.get(url, timeout=20).headers["Content-Type"] == "image/webp"
    # It fetches every file twice; that is one download.
    path = helper_download(version["downloadUrl"], tmp_path)
    assert path.name == "red-heart.safetensors" and path.read_bytes() == files["heart"]
    assert Embedding.objects.get(pk=heart.pk).downloads == 1
    path.rename(tmp_path / "red-heart.safetensors.downloading")
    with (tmp_path / "red-heart.safetensors.downloading").open("r+b") as broken:
        broken.truncate(1000)
    assert helper_download(version["downloadUrl"], tmp_path).read_bytes() == files["heart"]
    assert Embedding.objects.get(pk=heart.pk).downloads == 1
    # What is not here is no fault: it looks at the status alone.
    assert requests.get(f"{api}/model-versions/by-hash/{'0' * 64}", timeout=20).status_code == 404
