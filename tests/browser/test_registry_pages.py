"""Open an embedding, download, upload: as a person with a browser does."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from registry.formats import Encoder, canonical
from registry.models import Embedding
from registry.pictures.previews import NewPreview, store_generated
from registry.services import upload_embedding

pytestmark = pytest.mark.django_db(transaction=True)


def share(owner, name, **fields):
    data = canonical([Encoder("emb_params", np.full((2, 768), 0.01 + len(name) / 1000, np.float32), "F32")])
    values = {
        "title": name.capitalize(), "token": f"<{name}>", "kind": "object", "base": "sd1", "license": "cc0-1.0",
        "visibility": "public", "previews": [NewPreview(picture=store_generated(Image.new("RGB", (64, 64), "teal")))],
    }  # fmt: skip
    return upload_embedding(
        owner=owner, filename=f"{name}.safetensors", data=data, name=name, **(values | fields)
    ).embedding


@pytest.fixture
def shared(transactional_db, alice):
    share(alice, "lantern", tags=["paper"])
    share(alice, "kettle", kind="style")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_an_embeddings_page_offers_its_file(open_page, shared, width, scheme):
    page = open_page(width=width, scheme=scheme)
    page.goto("/alice/lantern")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "lantern.safetensors"
    assert Embedding.objects.get(name="lantern").downloads == 1


def test_on_a_phone_the_download_comes_before_the_pictures(open_page, shared):
    page = open_page(width=360)
    page.goto("/alice/lantern")
    download = page.get_by_role("link", name="Download").bounding_box()
    assert download["y"] < page.locator(".comparison").bounding_box()["y"]


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_the_download_menu_names_the_tools_and_offers_half_the_size(open_page, shared, width, scheme):
    page = open_page(width=width, scheme=scheme)
    page.goto("/alice/lantern")
    page.locator("summary").filter(has_text="For").click()
    sizes = []
    for link in (page.locator(".actions .menu a").nth(0), page.locator(".actions .menu a", has_text="float16").first):
        expect(link).to_be_visible()
        with page.expect_download() as download:
            link.click()
        sizes.append(len(download.value.path().read_bytes()))
    assert sizes[1] < sizes[0] * 0.6
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
