"""Which file a download is, and how its bytes come."""

from __future__ import annotations

import pytest
import requests

from registry.formats import hashes
from registry.models import Embedding, File
from tests.registry.protocols.civitai.shapes import API, body, local


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


def test_ranges_of_a_signed_address(hub, catalogue, files):
    heart, data = catalogue["heart"], files["heart"]
    first = requests.head(f"{hub}/api/download/models/{heart.latest.pk}", allow_redirects=False, timeout=20)
    assert first.status_code == 307 and first.headers["Cache-Control"] == "no-store, max-age=0"
    url = first.headers["Location"]
    size = len(data)

    def ask(method="GET", **headers):
        answer = requests.request(method, url, headers=headers, timeout=20)
        return answer.status_code, answer.headers, answer.content

    status, headers, sent = ask("HEAD")
    assert (status, headers["Content-Length"], headers["Accept-Ranges"], sent) == (200, str(size), "bytes", b"")
    assert headers["Content-Disposition"] == 'attachment; filename="red-heart.safetensors"'
    assert headers["Cache-Control"] == "no-store, max-age=0" and headers["Access-Control-Allow-Origin"] == "*"
    status, headers, sent = ask(Range="bytes=10-19")
    assert (status, headers["Content-Range"], sent) == (206, f"bytes 10-19/{size}", data[10:20])
    assert ask(Range="bytes=-4")[2] == data[-4:]
    status, headers, sent = ask(Range=f"bytes={size}-")
    assert (status, headers["Content-Range"]) == (416, f"bytes */{size}")
    etag = ask("HEAD")[1]["ETag"]
    assert ask(**{"Range": "bytes=5-", "If-Range": etag})[2] == data[5:]
    assert ask(**{"Range": "bytes=5-", "If-Range": '"other"'})[:1] == (200,)
    assert Embedding.objects.get(pk=heart.pk).downloads == 1
    # The other format is another download.
    requests.get(f"{hub}/api/download/models/{heart.latest.pk}?format=PickleTensor", timeout=20)
    assert Embedding.objects.get(pk=heart.pk).downloads == 2
