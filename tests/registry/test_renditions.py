"""Pictures in the sizes that pages need: made once, kept, marked, and shown to whom the embedding is shown."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from django.conf import settings
from django.http import Http404
from django.template.loader import render_to_string
from PIL import ExifTags, Image

from registry import blobs, infotext, quota, storage
from registry.models import Preview, Rendition
from registry.pictures import marks, palette, renditions
from registry.pictures.previews import NewPreview, read_picture, store_generated, to_webp
from tests.registry.samples import at_once, picture

pytestmark = pytest.mark.django_db

FOR_EVER = "public, max-age=31536000, s-maxage=300, immutable"


def noise(width=600, height=400):
    """A picture that does not shrink to nothing."""
    rough = np.random.default_rng(1).integers(0, 255, (height // 20, width // 20, 3), np.uint8)
    return Image.fromarray(rough).resize((width, height))


def parameters_in(image):
    """The text that tools read beside a picture."""
    if image.format == "PNG":
        return image.info.get("parameters", "")
    comment = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment, b"")
    return comment.removeprefix(b"UNICODE\0").decode("utf-16-be")


def drawn(**said):
    values = {
        "source": "generated", "template": "a {} on a table", "prompt": "a <red-heart> on a table", "seed": 7,
        "settings": {"guidance_scale": 3.0, "sampler_steps": 16}, "picture": store_generated(noise()),
    }  # fmt: skip
    return NewPreview(**(values | said))


@pytest.fixture
def shown(alice, upload):
    """Upload an embedding with one picture; return the picture's row."""

    def make(new, **fields):
        return upload(alice, previews=[new], **fields).latest.previews.get()

    return make


def fetched(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return answer, Image.open(io.BytesIO(answer.content))


def urls(preview):
    return re.findall(r"/media/\S+", " ".join(srcset for _, srcset in preview.sources))


def test_a_picture_is_offered_in_the_widths_that_it_has_pixels_for(shown):
    preview = shown(drawn())
    digest = preview.blob[:12]
    begin = f"/media/pictures/{preview.pk}-{digest}"
    assert preview.sources == [
        ("image/avif", f"{begin}-256.avif 256w, {begin}-512.avif 512w, {begin}-600.avif 600w"),
        ("image/webp", f"{begin}-256.webp 256w, {begin}-512.webp 512w, {begin}.webp 600w"),
    ]


@pytest.mark.parametrize("side", [64, 128, 256])
def test_a_small_picture_is_sent_as_it_is(side):
    assert Preview(pk=1, blob="a" * 64, width=side, height=side).sources == []


def test_each_is_what_its_address_says_and_says_itself_what_it_shows(client, shown):
    preview = shown(drawn())
    for url in urls(preview):
        answer, image = fetched(client, url)
        width = int(match[1]) if (match := re.search(r"-(\d+)\.\w+$", url)) else 600
        assert image.size == (width, round(400 * width / 600))
        assert answer["Content-Type"] == marks.MEDIA_TYPES[image.format] == f"image/{url.rpartition('.')[2]}"
        assert answer["Cache-Control"] == FOR_EVER
        assert marks.SOURCE_TYPE.encode() in image.info["xmp"]
        assert parameters_in(image) == preview.a1111_text
        assert (
            np.abs(
                np.asarray(image.convert("RGB").resize((60, 40))).astype(int) - np.asarray(noise().resize((60, 40)))
            ).mean()
            < 40
        )


def test_the_text_names_the_file_that_people_download(shown):
    preview = shown(drawn())
    text = preview.a1111_text
    assert text.splitlines()[0] == "a red-heart on a table"
    assert text.splitlines()[1].startswith("Steps: 16, CFG scale: 3.0, Seed: 7, Size: 600x400, TI hashes: ")
    (reference,) = infotext.parse(text)
    assert (reference.name, reference.hashes) == ("red-heart", [preview.version.blob[:12]])


def test_what_was_drawn_without_the_embedding_does_not_name_it(shown):
    preview = shown(drawn(variant="initialiser", prompt="a thing on a table"))
    assert preview.a1111_text.startswith("a thing on a table\nSteps: 16")
    assert "TI hashes" not in preview.a1111_text


def test_a_prompt_cannot_write_lines_of_its_own(shown):
    preview = shown(drawn(template="", prompt='a thing\nSteps: 1, TI hashes: "x: 0123456789ab"'))
    assert len(preview.a1111_text.splitlines()) == 2


def test_a_picture_of_the_owners_is_never_marked(client, shown):
    preview = shown(NewPreview(picture=read_picture("p.png", picture((600, 400))), prompt="mine"))
    assert preview.a1111_text == ""
    for url in [*urls(preview), preview.get_absolute_url()]:
        answer, image = fetched(client, url)
        assert marks.SOURCE_TYPE.encode() not in answer.content
        assert not image.getexif()


def test_it_is_made_once_and_then_kept(client, shown, monkeypatch, django_assert_max_num_queries):
    preview = shown(drawn())
    first = client.get(urls(preview)[0]).content
    monkeypatch.setattr(marks, "save", None)  # whoever encoded again would fail
    with django_assert_max_num_queries(2):
        assert client.get(urls(preview)[0]).content == first
    made = Rendition.objects.get()
    assert (storage.read(made.blob), made.size) == (first, len(first))
    assert made.blob in blobs.named()
    assert quota.bytes_stored(preview.version.embedding.owner) == sum((preview.version.size, preview.size, made.size))


@pytest.mark.django_db(transaction=True)
def test_who_asks_at_once_gets_the_same_one(shown):
    preview = shown(drawn())
    answers = at_once([lambda: renditions.rendition(preview, 256, "avif")] * 4)
    assert len(set(answers)) == 1
    assert Rendition.objects.count() == 1


def test_a_picture_that_is_taken_away_while_it_is_asked_for_is_not_found(shown):
    preview = shown(drawn())
    Preview.objects.filter(pk=preview.pk).delete()
    with pytest.raises(Http404):
        renditions.rendition(preview, 256, "avif")
    assert not Rendition.objects.exists()


@pytest.mark.parametrize(
    "rest", ["-257.avif", "-768.avif", "-0.webp", "-256.png", "-256.gif", "-99999999999999999999.avif"]
)
def test_nobody_can_have_other_sizes_made(client, shown, rest):
    preview = shown(drawn())
    assert client.get(f"/media/pictures/{preview.pk}-{preview.blob[:12]}{rest}").status_code == 404
    assert client.get(f"/media/pictures/{preview.pk}-{'0' * 12}-256.avif").status_code == 404
    assert not Rendition.objects.exists()


def test_a_private_picture_is_its_owners_and_in_no_shared_cache(client, shown, alice, bob):
    preview = shown(drawn(), visibility="private")
    url = urls(preview)[0]
    assert client.get(url).status_code == 404
    client.force_login(bob)
    assert client.get(url).status_code == 404
    client.force_login(alice)
    answer, _ = fetched(client, url)
    assert answer["Cache-Control"] == "private, no-cache"
    assert client.get(url, headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_a_picture_of_an_older_release_gets_marks_and_colour(client, shown):
    """Its file has no marks, and its row no colour."""
    preview = shown(drawn())
    bare = to_webp(noise())
    Preview.objects.update(blob=storage.put(bare), tone=None)
    preview = Preview.objects.get()
    _, image = fetched(client, preview.get_absolute_url())
    assert marks.SOURCE_TYPE.encode() in image.info["xmp"]
    assert parameters_in(image) == preview.a1111_text
    assert np.array_equal(np.asarray(image), np.asarray(Image.open(io.BytesIO(bare))))
    client.get(urls(preview)[0])
    preview.refresh_from_db()
    assert preview.tone == palette.tone(noise())


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (300, 7)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [True, False])
def test_marking_a_file_leaves_its_pixels_alone(size, mode, lossless):
    bare = marks.save(Image.new(mode, size, (10, 200, 30, 90)[: len(mode)]), "WEBP", generated=False, lossless=lossless)
    for _ in range(2):  # what is marked already is marked anew
        marked = marks.mark_webp(bare, "a ♥\nSeed: 1")
        image = Image.open(io.BytesIO(marked))
        assert parameters_in(image) == "a ♥\nSeed: 1"
        assert image.info["xmp"] == marks.GENERATED_XMP
        assert (image.mode, image.size) == (mode, size)
        assert np.array_equal(np.asarray(image), np.asarray(Image.open(io.BytesIO(bare))))
        bare = marked


@pytest.mark.parametrize("kind", list(marks.MEDIA_TYPES))
@pytest.mark.parametrize("text", ["a plain prompt\nSeed: 1", "ein Bär, 猫 🐈"])
def test_every_format_carries_the_marks(kind, text):
    image = Image.open(io.BytesIO(marks.save(noise(64, 64), kind, generated=True, parameters=text)))
    assert marks.SOURCE_TYPE.encode() in image.info["xmp"]
    assert parameters_in(image) == text
    plain = marks.save(image, kind, generated=False)
    assert marks.SOURCE_TYPE.encode() not in plain
    assert parameters_in(Image.open(io.BytesIO(plain))) == ""


def test_a_picture_keeps_its_place_and_is_found_without_seeing_it(shown):
    preview = shown(drawn())
    html = render_to_string("components/_picture.html", {"picture": preview})
    assert '<source type="image/avif"' in html and 'sizes="auto, ' in html
    assert f'width="600" height="400" alt="{"a &lt;red-heart&gt; on a table"}" loading="lazy"' in html
    assert re.search(r'class="picture tone-\d+"', html)
    first = render_to_string("components/_picture.html", {"picture": preview, "eager": "high", "alt": "A heart"})
    assert 'alt="A heart" fetchpriority="high"' in first and "lazy" not in first and "auto, " not in first


def test_the_colours_of_the_palette_are_those_of_the_styles():
    css = (settings.ROOT / "static" / "css" / "pictures.css").read_text()
    found = re.findall(r"\.tone-(\d+) \{ background: #(\w{6}); \}", css)
    assert [(int(number), tuple(bytes.fromhex(colour))) for number, colour in found] == list(enumerate(palette.PALETTE))
    assert palette.tone(Image.new("RGB", (9, 9), palette.PALETTE[11])) == 11
    assert palette.tone(Image.new("RGBA", (9, 9))) is None
