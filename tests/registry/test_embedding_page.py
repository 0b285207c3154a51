"""What an embedding's page shows: pictures in pairs, versions with what changed, files, and what it tells other sites."""

from __future__ import annotations

import io
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image, ImageDraw

from registry.formats import Encoder, NamedFile, canonical
from registry.models import Embedding, Preview
from registry.pages import changes, comparison
from registry.pages.charts import MAX_POINTS, loss_curve
from registry.pictures import lettering, share_card
from registry.pictures.previews import NewPreview, read_picture, store_generated
from registry.services import add_version
from tests.registry.samples import picture, sd1_file, sdxl_file, vectors


def drawn(seed=1, variant="learned", template="a {}", strength=None, colour="teal"):
    """A picture as a worker draws it."""
    settings = {"guidance_scale": 3.0, "sampler_steps": 16} | ({"strength": strength} if strength else {})
    word = "<x>" if variant == "learned" else "thing"
    return NewPreview(
        picture=store_generated(Image.new("RGB", (64, 64), colour)), source="generated", variant=variant,
        template=template, prompt=template.replace("{}", word), seed=seed, settings=settings,
    )  # fmt: skip


def grid():
    return [
        drawn(seed, variant, template, colour="teal" if variant == "learned" else "grey")
        for template in ("a {}", "a red {}")
        for seed in (1, 2)
        for variant in ("learned", "initialiser")
    ]


def version_with(upload, alice, previews, **fields):
    return upload(alice, previews=previews, **fields).latest


def test_pictures_are_arranged_by_prompt_and_seed(alice, upload):
    found = comparison.compare(version_with(upload, alice, grid()))
    assert [(row.prompt, [pair.learned.seed for pair in row.pairs]) for row in found.rows] == [
        ("a <x>", [1, 2]),
        ("a red <x>", [1, 2]),
    ]
    assert all(pair.initialiser.prompt == pair.learned.prompt.replace("<x>", "thing") for pair in found.pairs)
    assert [found.pair(number).number for number in ("3", "", "99", "x")] == [3, 1, 1, 1]


def test_strength_steps_stand_for_nothing_else(alice, upload):
    steps = [drawn(strength=value) for value in (1.25, 0.25)]
    own = NewPreview(picture=read_picture("own.png", picture()))
    version = version_with(upload, alice, [*steps, *grid(), own])
    found = comparison.compare(version)
    assert [item.strength for item in found.strengths] == [0.25, 1, 1.25]
    assert len(found.pairs) == 4
    assert found.gallery == [version.previews.get(source="uploaded")]
    full = version.previews.filter(source="generated", variant="learned", settings__strength__isnull=True).first()
    assert version.cover == full
    assert Embedding.objects.with_cards().get().latest.cover == full


def test_a_chosen_pair_is_on_the_stage(client, alice, upload):
    version_with(upload, alice, grid())
    page = client.get("/alice/red-heart?pair=4").content.decode()
    stage = page[page.index('class="stage') : page.index("</figure>")]
    assert "a red &lt;x&gt;" in stage
    assert "Seed 2" in stage
    assert 'id="pair-4" href="?pair=4#comparison" hx-get="?pair=4" aria-current="true"' in page


def test_queries_do_not_grow_with_versions_or_pictures(client, as_user, alice, upload):
    embedding = upload(alice, previews=grid()[:2])

    def count():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get("/alice/red-heart").status_code == 200
        return len(queries)

    few = count()
    for number in range(1, 12):
        add_version(
            embedding=embedding,
            files=[NamedFile("x.safetensors", sd1_file(number))],
            previews=[*grid(), NewPreview(picture=read_picture("own.png", picture()))],
        )
    assert count() == few == 8


def test_versions_tell_what_changed(client, alice, upload):
    first = {"steps": 100, "images": 4, "base": {"fingerprint": "aa"}}
    embedding = upload(alice, receipt=first)
    add_version(
        embedding=embedding,
        files=[NamedFile("x.safetensors", canonical([Encoder("emb_params", vectors(0, 2) * 2, "F32")]))],
        notes="Twice as long\nand <b>bold</b>",
        receipt={"steps": 300, "images": 4, "base": {"fingerprint": "bb"}, "config": {}},
    )
    add_version(embedding=embedding, files=[NamedFile("x.safetensors", sd1_file(5, rows=4))])
    newest, middle, oldest = changes.changes(list(embedding.versions.all()))
    assert (newest.vectors.before, newest.vectors.now, newest.steps) == (2, 4, None)
    assert middle.cosine == pytest.approx(1)
    assert middle.norm.now == pytest.approx(2 * middle.norm.before, abs=0.002)
    assert (middle.steps.now, middle.images, middle.other_base) == (300, None, True)
    assert oldest.before is None
    page = client.get("/alice/red-heart?version=2").content.decode()
    assert "steps 100 → 300" in page
    assert "&lt;b&gt;bold" in page
    assert "cosine 1.000 to version 1" in page
    assert "You are looking at version 2." in page
    assert client.get("/alice/red-heart?version=9").status_code == 404


def test_versions_for_other_encoders_are_not_compared(alice, upload):
    whole, half = upload(alice, base="sdxl", data=sdxl_file()), upload(alice, "other", data=sd1_file(9))
    assert changes.likeness(whole.latest.blob, half.latest.blob) is None


def test_a_receipt_is_shown_and_handed_out(client, alice, upload):
    receipt = {
        "config": {"initialiser": "koi", "seed": 7}, "base": {"name": "pocket", "fingerprint": "f00d" * 16}, "images": 8,
        "steps": 300, "best_step": 200, "seconds": 12.3, "fixed_loss_curve": [[20, 0.5], [200, 0.25], [300, 0.3]],
    }  # fmt: skip
    upload(alice, receipt=receipt)
    page = client.get("/alice/red-heart").content.decode()
    assert "40 % lower after 300 steps than at first (0.500 → 0.300)" in page
    assert "is lowest with 0.250 at step 200" in page
    assert "the vectors are those of step 200" in page
    assert client.get("/alice/red-heart/v1/training.json").json() == receipt


def test_a_long_curve_keeps_its_ends_and_peaks():
    values = [[step, 0.5 + (0.4 if step == 777 else 0)] for step in range(1, 3001)]
    curve = loss_curve(values)
    heights = [float(point.split(",")[1]) for point in curve.points.split()]
    assert len(heights) <= MAX_POINTS
    assert min(heights) == 8.0
    assert (curve.rows[0][0], curve.rows[-1][0], curve.steps) == (1, 3000, 3000)
    assert loss_curve([[1, 0.5]]) is None
    assert loss_curve([[1, 0.5], [2, 0.6]]).percent_higher == 20


def test_what_other_sites_are_told(client, alice, upload):
    upload(alice, title='</script><b>"Red" & heart', previews=grid(), description="All *red*.")
    page = client.get("/alice/red-heart?pair=2").content.decode()
    assert '<link rel="canonical" href="http://testserver/alice/red-heart">' in page
    assert '<meta property="og:title" content="&lt;/script&gt;&lt;b&gt;&quot;Red&quot; &amp; heart">' in page
    assert '<meta name="description" content="All red.">' in page
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    told = json.loads(block)
    assert told["name"] == '</script><b>"Red" & heart'
    assert told["image"][0]["digitalSourceType"] == "https://schema.org/TrainedAlgorithmicMediaDigitalSource"
    assert 'name="robots"' not in page


def test_a_private_page_tells_other_sites_nothing(as_user, alice, upload):
    upload(alice, visibility="private")
    page = as_user(alice).get("/alice/red-heart").content.decode()
    assert "og:" not in page
    assert "ld+json" not in page
    assert '<meta name="robots" content="noindex">' in page


@pytest.mark.parametrize("title", ["Red heart", "鯉のぼり " * 12, "A title " * 15, "Überraschung"])
def test_a_share_card_is_drawn_and_marked(client, alice, upload, title):
    version = version_with(upload, alice, [drawn()], title=title.strip()[:120])
    answer = client.get(share_card.address(version.embedding, version))
    assert answer["Content-Type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.content)) as card:
        assert card.size == (1200, 630)
        assert b"trainedAlgorithmicMedia" in card.info["xmp"]
        assert card.getpixel((300, 300)) == pytest.approx((0, 128, 128), abs=4)
    assert client.get(answer.request["PATH_INFO"], headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_a_card_without_a_drawn_picture_is_not_marked(client, alice, upload):
    version = version_with(upload, alice, [NewPreview(picture=read_picture("own.png", picture()))])
    content = client.get(share_card.address(version.embedding, version)).content
    assert b"trainedAlgorithmicMedia" not in content


def test_the_address_of_an_earlier_card_leads_to_that_of_now(client, alice, upload):
    embedding = upload(alice)
    former = share_card.address(embedding, embedding.latest)
    Embedding.objects.update(title="Another")
    answer = client.get(former)
    assert answer.status_code == 302
    assert answer["Location"] != former
    assert client.get(answer["Location"]).status_code == 200


def test_an_uploaded_picture_is_not_called_ai(client, alice, upload):
    version_with(upload, alice, [NewPreview(picture=read_picture("own.png", picture()))])
    page = client.get("/alice/red-heart").content.decode()
    assert "ai-mark" not in page
    assert "Pictures from the owner" in page
    assert Preview.objects.get().get_absolute_url() in page


def test_what_people_are_asked_about_first_does_not_stand_on_other_sites(client, alice, upload):
    version = version_with(upload, alice, [drawn()], rating="explicit")
    page = client.get("/alice/red-heart").content.decode()
    assert '<meta name="rating" content="adult">' in page
    assert 'class="embedding blurred"' in page
    assert "digitalSourceType" not in page
    with Image.open(io.BytesIO(client.get(share_card.address(version.embedding, version)).content)) as card:
        assert card.getpixel((60, 60)) != pytest.approx((0, 128, 128), abs=20)


def test_what_staff_hide_has_no_card(client, as_user, alice, upload):
    version = version_with(upload, alice, [drawn()])
    address = share_card.address(version.embedding, version)
    Embedding.objects.update(moderation="hidden", moderation_reason="other")
    assert client.get(address).status_code == 404
    assert "og:" not in as_user(alice).get("/alice/red-heart").content.decode()


def test_a_machine_without_fonts_writes_the_path_where_it_cannot_write_the_title(client, alice, upload, monkeypatch):
    monkeypatch.setattr(lettering, "_FONTS", ())
    for cached in (lettering._fonts, lettering._font_of, share_card._drawn):
        cached.cache_clear()
    version = version_with(upload, alice, [], title="鯉のぼり")
    with_path = share_card.draw(version.embedding, version)
    assert Image.open(io.BytesIO(with_path)).size == (1200, 630)
    assert not lettering.Pen(ImageDraw.Draw(Image.new("RGB", (9, 9))), 46).can_write("鯉のぼり")
    for cached in (lettering._fonts, lettering._font_of, share_card._drawn):
        cached.cache_clear()
