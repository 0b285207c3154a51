"""Pictures that are dropped with embeddings: they find the one they show, or wait until somebody says which it is."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL.PngImagePlugin import PngInfo

from registry.models import DraftCard, DraftPicture, Embedding
from tests.registry.samples import picture, sd1_file
from tests.registry.upload_forms import look, said


@pytest.fixture
def site(as_user, alice):
    return as_user(alice)


@pytest.mark.parametrize("name", ["boat.png", "Boat.preview.png", "boat-2.png"])
def test_a_picture_with_the_name_of_an_embedding_is_its_preview_whichever_comes_first(site, name):
    files = [("Boat.safetensors", sd1_file()), ("other.safetensors", sd1_file(1)), (name, picture())]
    for order in (files, files[::-1]):
        look(site, *order)
        assert DraftPicture.objects.get().card.label == "Boat"
        site.post("/upload", {"do": "discard"})


def test_a_picture_whose_text_names_an_embedding_is_its_preview(site):
    text = PngInfo()
    text.add_text("parameters", 'a photo of a boat\nSteps: 20, TI hashes: "boat: 0123456789ab"')
    look(site, ("00012.png", picture(pnginfo=text)), ("boat.safetensors", sd1_file()))
    assert DraftPicture.objects.get().card.label == "boat"


def test_a_picture_of_nothing_known_waits_until_somebody_says_whose_it_is(site):
    page, values = look(site, ("sunset.png", picture()), ("boat.safetensors", sd1_file()))
    assert "Pictures of no embedding yet" in page.content.decode()
    card, shown = DraftCard.objects.get(), DraftPicture.objects.get()
    answer = site.post("/upload/fields", values | {f"picture-{shown.pk}-card": str(card.pk)})
    assert shown.get_absolute_url() in answer.content.decode()
    site.post("/upload", said(values, base="sd1"))
    assert Embedding.objects.get().latest.previews.count() == 1
    assert not DraftPicture.objects.exists()


@pytest.mark.parametrize("digest", ["", "%00", "0" * 12, "a"])
def test_a_picture_of_a_draft_has_one_address(site, digest):
    look(site, ("sunset.png", picture()))
    shown = DraftPicture.objects.get()
    assert site.get(shown.get_absolute_url()).status_code == 200
    assert site.get(f"/upload/pictures/{shown.pk}-{digest}.webp").status_code == 404


def test_pictures_are_kept(site):
    _, values = look(site, ("boat.safetensors", sd1_file()))
    shown = SimpleUploadedFile("p.png", picture())
    site.post("/upload", said(values, base="sd1", pictures=[shown]))
    assert Embedding.objects.get().latest.previews.count() == 1
