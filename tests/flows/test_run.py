"""``make run`` as its user sees it: a hub in an empty folder, an upload that is found and downloaded, a second start, an end."""

from __future__ import annotations

import hashlib
import json
import urllib.request

import numpy as np
import psutil
import pytest

from registry.formats import Encoder, canonical, inspect
from tests.support.hub import Hub, Refused
from training.catalogue import FOLDER as CATALOGUE

FIELDS = {
    "name": "paper-boat", "token": "<paper-boat>", "title": "Paper boat", "description": "Folded *twice*.",
    "kind": "object", "base": "sd1", "tags": "paper,boat", "license": "cc0-1.0", "visibility": "public",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    # The embedded server runs as an account of its own where the suite runs as root, and must reach its folder.
    folder = tmp_path_factory.mktemp("run")
    for parent in (folder, *folder.parents[:3]):
        if parent.owner() != "root" or parent.name.startswith("pytest"):
            parent.chmod(parent.stat().st_mode | 0o055)
    return folder / "var"


def fetch(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
        return answer.status, answer.headers, answer.read()


def test_a_hub_starts_shares_keeps_and_stops(folder):
    vectors = np.linspace(0.01, 0.02, 2 * 768, dtype=np.float32).reshape(2, 768)
    data = canonical([Encoder("emb_params", vectors, "F32")])

    with Hub(folder) as hub:
        # Given a fresh hub, its catalogue is there, and the demo token works
        listed = hub.get("/api/hub/embeddings?limit=100")["results"]
        samples = len(list(CATALOGUE.glob("*/receipt.json")))
        assert samples >= 24
        assert len(listed) == samples and all("sample" in item["tags"] for item in listed)

        # When the demo person uploads a file
        made = hub.post_form("/api/hub/embeddings", FIELDS, [("file", "boat.safetensors", data)])
        assert (made["owner"], made["name"]) == ("demo", "paper-boat")

        # Then anybody finds it, opens it, and gets the same numbers back
        found = json.loads(fetch(f"{hub.url}/api/hub/embeddings?q=folded+boat")[2])["results"]
        assert [item["name"] for item in found] == ["paper-boat"]
        page = fetch(f"{hub.url}/demo/paper-boat")[2].decode()
        assert "Folded <em>twice</em>." in page and "&lt;paper-boat&gt;" in page
        address = f"{hub.url}/api/hub/embeddings/demo/paper-boat/download?format=diffusers"
        status, headers, body = fetch(address)
        assert status == 200 and headers["ETag"] == f'"{hashlib.sha256(body).hexdigest()}"'
        assert np.array_equal(inspect(body).encoders[0].vectors, vectors)
        assert fetch(address, Range="bytes=8-15")[2] == body[8:16]

        # And the hash that a tool shows leads back to it
        digest = hashlib.sha256(body).hexdigest()
        assert "paper-boat" in json.dumps(hub.get(f"/api/hub/hashes/{digest[:12]}"))

        # And a second one of that name is refused in words
        with pytest.raises(Refused) as refused:
            hub.post_form("/api/hub/embeddings", FIELDS, [("file", "boat.safetensors", data)])
        assert refused.value.error["code"] == "name_taken"
        demo = hub.demo()
        assert demo["url"] == hub.url

        # And a second hub in the same folder is refused, and does this one no harm
        second = Hub(folder)
        with pytest.raises(RuntimeError, match=r"A hub runs in .* already"):
            second.__enter__()
        # And so is one on the same port
        second = Hub(folder.parent / "other")
        second.port, second.url = hub.port, hub.url
        with pytest.raises(RuntimeError, match=rf"127\.0\.0\.1:{hub.port} cannot be listened on"):
            second.__enter__()
        assert fetch(f"{hub.url}/healthz")[0] == 200
        children = psutil.Process(hub.process.pid).children(recursive=True)
        assert len(children) >= 3

    # When it is stopped, nothing of it is left running
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]

    # And a second start keeps what was shared, and the demo account
    with Hub(folder) as hub:
        assert hub.get("/api/hub/embeddings?q=boat")["results"][0]["downloads"] == 1
        assert {**hub.demo(), "url": ""} == {**demo, "url": ""}
        assert len(hub.get("/api/hub/embeddings?limit=100")["results"]) == samples + 1
