"""Open an embedding, download, upload: as a person with a browser does."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from registry.formats import Encoder, canonical
from registry.models import Embedding
from registry.previews import NewPreview, store_generated
from registry.services import upload_embedding
from tests.registry.test_several import pair

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


def test_an_upload_shows_what_is_inside_before_it_publishes(open_page, transactional_db, alice):
    page = open_page(user=alice)
    page.goto("/upload")
    data = canonical([Encoder("emb_params", np.full((3, 768), 0.013, np.float32), "F32")])
    page.get_by_label("Embedding file").set_input_files(
        {"name": "Paper Boat.safetensors", "mimeType": "", "buffer": data}
    )
    page.get_by_role("button", name="Look inside").click()
    assert page.get_by_text("3 × 768").is_visible()
    assert not Embedding.objects.exists()
    assert page.get_by_label("Name").input_value() == "paper-boat"
    page.get_by_label("Tags").fill("paper, boat")
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/alice/paper-boat")
    made = Embedding.objects.get()
    assert (made.token, made.tags, made.visibility) == ("<paper-boat>", ["paper", "boat"], "public")


def test_a_file_that_is_no_embedding_is_refused_by_name(open_page, transactional_db, alice):
    page = open_page(user=alice)
    page.goto("/upload")
    page.get_by_label("Embedding file").set_input_files(
        {"name": "notes.pt", "mimeType": "", "buffer": b"just some text"}
    )
    page.get_by_role("button", name="Look inside").click()
    assert "notes.pt" in page.get_by_role("alert").inner_text()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_the_download_menu_names_the_tools_and_offers_half_the_size(open_page, shared, width, scheme):
    page = open_page(width=width, scheme=scheme)
    page.goto("/alice/lantern")
    page.locator("summary").filter(has_text="For").click()
    sizes = []
    for link in (page.locator(".actions .menu a").nth(0), page.locator(".actions .menu a", has_text="float16").first):
        assert link.is_visible()
        with page.expect_download() as download:
            link.click()
        sizes.append(len(download.value.path().read_bytes()))
    assert sizes[1] < sizes[0] * 0.6
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_a_word_and_its_negative_are_named_on_one_page(open_page, transactional_db, alice, width, scheme):
    page = open_page(width=width, scheme=scheme, user=alice)
    page.goto("/upload")
    page.get_by_label("Embedding file").set_input_files(
        [{"name": file.name, "mimeType": "", "buffer": file.data} for file in pair()]
    )
    page.get_by_role("button", name="Look inside").click()
    assert page.get_by_role("heading", level=2).count() == 3
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("Name").nth(1).fill("fox-bad")
    page.get_by_label("Base family").nth(0).select_option("sd1")
    page.get_by_label("Base family").nth(1).select_option("sd1")
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/alice")
    assert set(Embedding.objects.values_list("name", flat=True)) == {"fox", "fox-bad"}
