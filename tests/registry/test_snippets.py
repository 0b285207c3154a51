"""What people copy and run does what it says, whatever a token holds."""

from __future__ import annotations

import ast
import shlex

import pytest

from registry import services
from registry.errors import RegistryError
from registry.formats import Encoder, Family, canonical
from registry.formats.encoder_names import LAYERS
from registry.models import Embedding
from registry.pages.snippets import for_version
from tests.registry.samples import sdxl_file, vectors

HOSTILE = ['");__import__("os").system("id");("', "'+x+'", "\\", 'a"""b', '\\"', "{}", "{0.name}", "%s", "<x>\u2028y"]


def code_of(embedding, tool="diffusers"):
    return next(item.code for item in for_version(embedding, embedding.latest, "http://hub") if item.tool == tool)


@pytest.mark.parametrize("token", HOSTILE)
@pytest.mark.parametrize("kind", ["object", "negative"])
@pytest.mark.parametrize(("base", "data"), [("sd1", None), ("sdxl", sdxl_file())])
def test_no_token_gets_out_of_its_string(alice, upload, token, kind, base, data):
    embedding = upload(alice, kind=kind, base=base, **({"data": data} if data else {}))
    Embedding.objects.update(token=token)  # as an older release took it
    embedding.refresh_from_db()
    tree = ast.parse(code_of(embedding))
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert token in strings
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert names <= {
        "urlretrieve",
        "StableDiffusionPipeline",
        "StableDiffusionXLPipeline",
        "base",
        "pipe",
        "state",
        "load_file",
    }


@pytest.mark.parametrize("token", ['a"b', "a'b", "a`b", "a\\b"])
def test_a_token_with_a_quote_is_refused(alice, upload, token):
    with pytest.raises(RegistryError, match="quote") as refused:
        upload(alice, token=token)
    assert refused.value.field == "token"


def test_a_token_that_is_a_word_of_the_prompt_stays_one_word(alice, upload):
    embedding = upload(alice, "photo-one", token="photo")
    assert code_of(embedding, "A1111, Forge") == "a photo of photo-one"
    assert code_of(embedding, "ComfyUI") == "a photo of embedding:photo-one"
    assert 'pipe("a photo of photo")' in code_of(embedding)


def test_what_staff_hid_is_fetched_with_a_token_too(alice, upload):
    embedding = upload(alice, visibility="public")
    assert "STARWORD_TOKEN" not in code_of(embedding)
    embedding.moderation = "hidden"
    assert "STARWORD_TOKEN" in code_of(embedding) and "STARWORD_TOKEN" in code_of(embedding, "curl")


def test_a_private_file_is_fetched_with_a_token_and_a_public_one_without(alice, upload):
    embedding = upload(alice, visibility="private")
    assert 'os.environ["STARWORD_TOKEN"]' in code_of(embedding)
    assert "Authorization: Bearer $STARWORD_TOKEN" in code_of(embedding, "curl")
    assert "http://hub/api/hub/embeddings/alice/red-heart/download" in code_of(embedding, "curl")
    services.publish(embedding=embedding)
    assert "STARWORD_TOKEN" not in code_of(embedding) + code_of(embedding, "curl")
    assert "http://hub/alice/red-heart/v1/canonical" in code_of(embedding)


def test_the_hugging_face_client_is_told_that_the_hub_is_one(alice, upload):
    embedding = upload(alice, visibility="private")
    code = code_of(embedding, "Hugging Face")
    assert ast.parse(code)
    assert code.index('os.environ["HF_ENDPOINT"] = "http://hub"') < code.index("from huggingface_hub import")
    assert 'hf_hub_download("alice/red-heart", "learned_embeds.safetensors", revision="v1", token=os.environ' in code


def test_kohya_is_told_the_family_and_where_a_negative_word_goes(alice, upload):
    plain, double = upload(alice), upload(alice, "xl-heart", base="sdxl", data=sdxl_file(), kind="negative")
    assert shlex.split(code_of(plain, "kohya"))[-1] == "a photo of red-heart"
    words = shlex.split(code_of(double, "kohya"))
    assert "--sdxl" in words
    assert words[-1].endswith("--n xl-heart")


@pytest.mark.parametrize("family", list(Family))
def test_every_family_has_a_snippet_that_can_be_used(alice, upload, family):
    embedding = upload(alice)
    embedding.base = family
    tools = {item.tool: item.code for item in for_version(embedding, embedding.latest, "http://hub")}
    assert tools["ComfyUI"] == "a photo of embedding:red-heart"
    if "diffusers" in tools:
        assert "from_pretrained" in ast.unparse(ast.parse(tools["diffusers"]))


def test_only_tools_that_read_one_of_its_files_are_shown(alice, upload):
    flux = upload(alice, "wide-one", base="flux", data=canonical([Encoder("emb_params", vectors(0, 2, 4096), "F32")]))
    assert [one["name"] for one in flux.latest.encoders] == ["t5xxl"]
    half = upload(alice, "half-one", base="sdxl", data=canonical([Encoder("clip_l", vectors(1), "F32")]))
    layers = upload(alice, "layers", data=canonical([Encoder(name, vectors(2), "F32") for name in LAYERS]))
    told = [[item.tool for item in for_version(one, one.latest, "http://hub")] for one in (flux, half, layers)]
    assert told == [["ComfyUI", "curl"], ["ComfyUI", "curl"], ["curl"]]
