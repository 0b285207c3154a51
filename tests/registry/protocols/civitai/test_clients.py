"""What the real tools do, rewritten from what they are known to send and read: their headers, their order of requests.

Everything goes over real HTTP to a live server; what a tool reads is asserted by the type that it takes it for.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from urllib.parse import urlsplit

import pytest
import requests

from hub.accounts.models import ApiToken
from registry.formats import inspect
from registry.models import Embedding, File

INT32 = 2**31
#: Keys that people have for Civitai, which their tools send wherever they are pointed.
FOREIGN_KEY = "0123456789abcdef0123456789abcdef"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"


@pytest.fixture
def hub(live_server, catalogue):
    """The address of a live hub with a catalogue."""
    return live_server.url


@pytest.fixture
def secret(alice):
    return ApiToken.issue(owner=alice, name="tool", scopes=["read"])[1]


def get_json(url, *, session=requests, **options):
    answer = session.get(url, timeout=20, **options)
    assert answer.status_code == 200, (url, answer.status_code, answer.text)
    return answer.json()


def typed(value, shape, where="answer"):
    """Assert that ``value`` is as ``shape`` says: a type, a tuple of them, a list of one shape, or a dictionary of some."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), where
        for name, inner in shape.items():
            if name.endswith("?"):
                if value.get(name[:-1]) is not None:
                    typed(value[name[:-1]], inner, f"{where}.{name}")
            else:
                assert name in value, f"{where}.{name} is missing"
                typed(value[name], inner, f"{where}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        for index, item in enumerate(value):
            typed(item, shape[0], f"{where}[{index}]")
    elif shape is int:
        assert type(value) is int and 0 <= value < INT32, f"{where}: {value!r}"
    elif shape is float:
        assert type(value) in (int, float), f"{where}: {value!r}"
    elif shape is datetime:
        datetime.fromisoformat(value)
    elif isinstance(shape, re.Pattern):
        assert isinstance(value, str) and shape.fullmatch(value), f"{where}: {value!r}"
    elif isinstance(shape, (set, frozenset)):
        assert value in shape, f"{where}: {value!r}"
    else:
        assert isinstance(value, shape) and (shape is bool or type(value) is not bool), f"{where}: {value!r}"


URL = re.compile(r"http://[^/]+/.+")
WHOLE = re.compile(r"[0-9A-F]{64}")
SHA256 = {"SHA256": WHOLE}


# Civitai-Helper


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


# sd-civitai-browser-plus


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


# ComfyUI-Lora-Manager


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


# StabilityMatrix


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


# The official command line


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


# sd_civitai_extension, with --civitai-endpoint


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


# What they all rely on


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
