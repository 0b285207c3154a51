"""Every file that goes out may come in again, and is recognised as the version that it is."""

from __future__ import annotations

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile

from registry import lookup, services
from registry.downloads import open_download
from registry.errors import RegistryError
from registry.formats import Dtype, Encoder, NamedFile, Target, canonical, hashes, inspect
from registry.formats.encoder_names import ENCODER_WIDTHS, LAYERS
from registry.intake import choose_part, read_files
from registry.models import Embedding
from tests.registry.samples import sdxl_file, vectors
from tests.registry.upload_forms import look, said

#: Base family → widths of the vectors by text encoder.
WIDTHS = {
    "sd1": {"emb_params": 768},
    "sd2": {"emb_params": 1024},
    "pocket": {"emb_params": 128},
    "sdxl": {name: ENCODER_WIDTHS[name] for name in ("clip_l", "clip_g")},
    "sd3": {name: ENCODER_WIDTHS[name] for name in ("clip_l", "clip_g", "t5xxl")},
    "flux": {name: ENCODER_WIDTHS[name] for name in ("clip_l", "t5xxl")},
    "sana": {"gemma": ENCODER_WIDTHS["gemma"]},
    "cascade": {"clip_g": ENCODER_WIDTHS["clip_g"]},
    "anima": {"qwen3_06b": ENCODER_WIDTHS["qwen3_06b"]},
    "xti": dict.fromkeys(LAYERS, 768),
}


def made(widths, rows):
    return [Encoder(name, vectors(index, rows, width), "F32") for index, (name, width) in enumerate(widths.items())]


def downloads(version):
    """Every download of a version: what it is called, and its files, as one would choose them together again."""
    found: dict[tuple[str, str], list[NamedFile]] = {}
    for row in version.files.all():
        with open_download(version, row.target, row.filename, row.dtype).stream as stream:
            found.setdefault((row.target, row.dtype), []).append(NamedFile(row.filename, stream.read()))
    return found


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("family", WIDTHS)
def test_every_download_is_recognised_as_its_version(alice, upload, family, rows):
    encoders = made(WIDTHS[family], rows)
    base = "sd1" if family == "xti" else family
    embedding = upload(alice, data=canonical(encoders), base=base)
    version, found = embedding.latest, downloads(embedding.latest)
    expected = {target for target in Target if family == "sdxl" or target != Target.DIFFUSERS_SDXL}
    if family in ("sd3", "flux", "sana", "cascade", "anima", "xti"):
        expected = {Target.CANONICAL} if family == "xti" else {Target.CANONICAL, Target.COMFYUI}
    assert set(found) == {(target, dtype) for target in expected for dtype in Dtype}
    for (target, dtype), files in found.items():
        part = choose_part(read_files(files))
        held = [(encoder.name, encoder.vectors.tobytes()) for encoder in part.inspection.encoders]
        assert held == [
            (encoder.name, encoder.vectors.astype(dtype).astype(np.float32).tobytes()) for encoder in encoders
        ], target
        known = lookup.find_duplicates(part.inspection.encoders, versions=lookup.listed_versions(alice))
        rounded = "" if dtype == Dtype.FLOAT32 else "float16"
        assert [(one.version, one.rounded) for one in known] == [(version, rounded)], target
        with pytest.raises(RegistryError, match="These are the vectors of version 1 already") as refused:
            services.add_version(embedding=embedding, files=files)
        assert refused.value.code == "unchanged"
        for file in files:
            answer = lookup.by_hash(hashes.sha256(file.data), AnonymousUser())
            assert [match.version for match in answer.matches] == [version]


@pytest.fixture
def zipped(alice, upload):
    """The zip of both files of an SDXL embedding, as it is downloaded."""
    version = upload(alice, data=sdxl_file(), base="sdxl").latest
    (file,) = downloads(version)[Target.DIFFUSERS_SDXL, Dtype.FLOAT32]
    return file


def sent(file):
    return {"file": SimpleUploadedFile(file.name, file.data)}


def test_the_zip_for_sdxl_is_uploaded_on_the_page_as_one_embedding(as_user, bob, zipped):
    page, values = look(as_user(bob), (zipped.name, zipped.data))
    assert "alice/red-heart, version 1" in page.content.decode()
    done = as_user(bob).post("/upload", said(values, base="sdxl", name="copy", title="Copy"))
    assert done["Location"] == "/bob/copy"
    assert Embedding.objects.get(name="copy").latest.digest == inspect(sdxl_file()).digest


def test_the_zip_for_sdxl_is_uploaded_over_the_api_as_one_embedding(api_as, bob, zipped):
    told = api_as(bob).post("/api/hub/inspect", sent(zipped), format="multipart").json()
    (part,) = told["parts"]
    assert (part["container"], part["layout"], part["tokens"]) == ("zip", "diffusers-sdxl", ["<red-heart>"])
    assert part["sources"] == [zipped.name] and len(part["duplicates"]) == 1
    form = {
        "name": "copy",
        "title": "Copy",
        "token": "<copy>",
        "kind": "object",
        "license": "mit",
        "base": "sdxl",
    }
    answer = api_as(bob).post("/api/hub/embeddings", form | sent(zipped), format="multipart")
    assert answer.status_code == 201, answer.content
    version = Embedding.objects.get(name="copy").latest
    assert (version.digest, version.filename) == (inspect(sdxl_file()).digest, zipped.name)


def test_a_zip_of_anything_else_is_refused_by_name(api_as, bob, zipped):
    evil = NamedFile(
        "red-heart.zip", zipped.data.replace(b"learned_embeds_2.safetensors", b"learned_embeds_2.scr.safeten")
    )
    answer = api_as(bob).post("/api/hub/inspect", sent(evil), format="multipart")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "malformed")
    assert error["message"].startswith("red-heart.zip: ") and "learned_embeds_2.scr.safeten" in error["message"]
