"""The pictures of a draft: order, cutting, what is said of each, and who may see them."""

from __future__ import annotations

import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from PIL import Image, ImageFilter, ImageOps

from registry import storage
from tests.training.inversion.test_findings import scene
from tests.training.wizard.conftest import drawings, file_of, photo
from training.models import Job, TrainingDraft
from training.wizard.pictures import DRAFT_SIDE_PIXELS
from training.wizard.remarks import report_on, retold

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def names(draft):
    return list(draft.images.values_list("filename", flat=True))


def codes(draft):
    """What is said of the set, and of each picture in its order."""
    draft = TrainingDraft.objects.get(pk=draft.pk)
    images = list(draft.images.all())
    report = report_on(draft, images)
    return {remark.code for remark in report.of_set}, [
        {r.code for r in report.of_images.get(one.pk, [])} for one in images
    ]


def test_pictures_are_moved_one_place_and_stay_at_the_ends(client, begin):
    draft = begin(drawings(3))
    keys = list(draft.images.values_list("pk", flat=True))
    address = f"/train/{draft.pk}/images/{keys[2]}/move"
    said = client.post(address, {"direction": "earlier"}, **HTMX).content.decode()
    assert "koi-2.png is picture 2 now." in said
    assert names(draft) == ["koi-0.png", "koi-2.png", "koi-1.png"]
    for _ in range(2):
        answer = client.post(address, {"direction": "earlier"})
    assert answer["Location"] == f"/train/{draft.pk}/images#picture-{keys[2]}"
    assert names(draft) == ["koi-2.png", "koi-0.png", "koi-1.png"]
    client.post(address, {"direction": "later"})
    assert names(draft) == ["koi-0.png", "koi-2.png", "koi-1.png"]


def test_a_removed_picture_is_told_and_the_next_one_has_the_focus(client, begin):
    draft = begin(drawings(3))
    keys = list(draft.images.values_list("pk", flat=True))
    page = client.post(f"/train/{draft.pk}/images/{keys[1]}/remove", **HTMX).content.decode()
    assert "koi-1.png is removed; 2 pictures are left." in page
    assert re.search(rf'id="remove-{keys[2]}"[^>]*autofocus', page)
    assert "Add 1 more" in page
    assert list(draft.images.values_list("position", flat=True)) == [0, 1]


def test_a_square_is_cut_from_the_original_and_is_what_is_trained_on(client, alice, begin):
    whole = Image.new("RGB", (400, 300), "white")
    whole.paste(scene(7, (100, 100)), (250, 20))
    draft = begin([file_of(whole, "wide.png"), photo(1), photo(2)])
    key = draft.images.first().pk
    answer = client.post(f"/train/{draft.pk}/images/{key}/crop", {"x": 250, "y": 20, "size": 100})
    assert answer["Location"] == f"/train/{draft.pk}/images#picture-{key}"
    thumbnail = Image.open(io.BytesIO(client.get(f"/train/{draft.pk}/images/{key}/thumbnail").content))
    assert thumbnail.size == (100, 100)
    client.post(
        f"/train/{draft.pk}/concept",
        {"kind": "object", "token": "<white-wall>", "initialiser": "toy", "vectors": 1},
    )
    client.post(f"/train/{draft.pk}/review", {"preset": "quick", "seed": 0, "depicts_person": "no", "rights": "on"})
    kept = Image.open(io.BytesIO(storage.read(Job.objects.get().images.first().blob)))
    assert kept.size == (100, 100)
    assert kept.tobytes() == scene(7, (100, 100)).tobytes()


@pytest.mark.parametrize(
    ("square", "field"),
    [
        ({"x": 0, "y": 0, "size": 20}, "size"),
        ({"x": 0, "y": 0, "size": 257}, "size"),
        ({"x": 200, "y": 0, "size": 128}, "x"),
        ({"x": 0, "y": -1, "size": 128}, "y"),
        ({"x": "", "y": 0, "size": "1e9"}, "size"),
    ],
)
def test_a_square_that_is_not_in_the_picture_is_refused_beside_its_field(client, begin, square, field):
    draft = begin([photo(1)])
    key = draft.images.get().pk
    page = client.post(f"/train/{draft.pk}/images/{key}/crop", square)
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.content.decode()
    assert draft.images.get().crop is None


def test_a_large_picture_keeps_more_than_a_job_does_so_that_a_part_of_it_is_sharp(begin):
    draft = begin([file_of(Image.new("RGB", (1600, 2400), "teal"), "large.png")])
    image = draft.images.get()
    assert (image.width, image.height) == (DRAFT_SIDE_PIXELS, DRAFT_SIDE_PIXELS * 3 // 2)


def test_a_draft_s_pictures_are_its_owner_s_only(client, begin, bob, sam):
    draft = begin(drawings(1))
    address = f"/train/{draft.pk}/images/{draft.images.get().pk}"
    for kind in ("thumbnail", "picture"):
        answer = client.get(f"{address}/{kind}")
        assert answer["Cache-Control"].startswith("private") and answer["Content-Type"] == "image/webp"
    for other in (bob, sam):
        client.force_login(other)
        for kind in ("thumbnail", "picture", "crop"):
            assert client.get(f"{address}/{kind}").status_code == 404
    client.logout()
    assert client.get(f"{address}/thumbnail").status_code == 302


def test_what_is_wrong_is_said_of_each_picture_and_what_blocks_blocks(client, begin, pocket):
    pocket.resolution = 256
    pocket.save()
    draft = begin([
        photo(1), photo(2), photo(3), photo(4),
        file_of(scene(5).filter(ImageFilter.GaussianBlur(12)), "blurred.png"),
        file_of(ImageOps.mirror(scene(1)), "mirror.png"),
        file_of(scene(2).resize((200, 200)), "near.png"),
        photo(3, name="same.png"),
        photo(6, (100, 100), "tiny.png"),
        file_of(ImageOps.pad(scene(8).crop((0, 40, 256, 216)), (256, 256), color="black"), "bars.png"),
    ])  # fmt: skip
    of_set, each = codes(draft)
    assert of_set == set()
    assert each == [
        set(), set(), set(), set(), {"blurred"}, {"mirror_copy"}, {"near_copy", "small"}, {"same_picture"}, {"too_small"}, {"bars"},
    ]  # fmt: skip
    page = client.get(f"/train/{draft.pk}/images").content.decode()
    assert "It is picture 3 once more. Remove one of the two." in page
    assert "2 things must be put right" in page and "Go on to the concept" not in page
    for name in ("same.png", "tiny.png"):
        client.post(f"/train/{draft.pk}/images/{draft.images.get(filename=name).pk}/remove")
    assert "Go on to the concept" in client.get(f"/train/{draft.pk}/images").content.decode()


def test_cutting_puts_right_what_was_wrong(client, begin, pocket):
    padded = ImageOps.pad(scene(8).crop((0, 40, 256, 216)), (256, 256), color="black")
    draft = begin([photo(1), photo(2), photo(3), file_of(padded, "bars.png")])
    assert codes(draft)[1][3] == {"bars"}
    key = draft.images.last().pk
    client.post(f"/train/{draft.pk}/images/{key}/crop", {"x": 40, "y": 42, "size": 170})
    assert codes(draft)[1][3] == set()
    client.post(f"/train/{draft.pk}/images/{key}/crop", {"whole": "1"})
    assert codes(draft)[1][3] == {"bars"}


def test_a_part_that_is_too_small_blocks(client, begin, pocket):
    pocket.resolution = 256
    pocket.save()
    draft = begin([photo(1), photo(2), photo(3)])
    client.post(f"/train/{draft.pk}/images/{draft.images.first().pk}/crop", {"x": 0, "y": 0, "size": 100})
    assert codes(draft)[1][0] == {"too_small"}


def test_the_page_asks_as_often_whatever_the_number_of_pictures(client, begin):
    counts = []
    for count in (3, 7):
        draft = begin(drawings(count))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(f"/train/{draft.pk}/images").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_script_s_files_are_answered_one_by_one(client, alice, pocket):
    client.force_login(alice)
    ask = {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}
    first = client.post("/train", {"images": drawings(1)}, **ask)
    assert (first.status_code, first.json()["refused"]) == (201, [])
    address = first.json()["address"]
    bad = client.post(address, {"images": [photo(1, (40, 40), "dot.png")]}, **ask)
    assert bad.status_code == 422 and "dot.png is 40 × 40 pixels" in bad.json()["refused"][0]
    assert client.post(address, {}, **ask).status_code == 422
    assert client.post("/train", {}, **ask).status_code == 422
    assert TrainingDraft.objects.get().images.count() == 1


def test_a_job_s_findings_are_told_in_the_reader_s_language():
    copy = {"code": "mirror_copy", "level": "warn", "message": "b.png is a.png mirrored.", "images": [0, 1]}
    few = {"code": "few_images", "level": "note", "message": "4 images work.", "images": []}
    unknown = {"code": "of_an_older_release", "level": "note", "message": "Something else.", "images": []}
    assert retold([copy, few]) == ["b.png is a.png mirrored.", "4 images work."]
    with translation.override("de"):
        german = retold([copy, few, unknown])
    assert german[0].startswith("Bild 2: Spiegelbild. Es ist fast das Spiegelbild von Bild 1,")
    assert german[1].startswith("Wenige Bilder. Diese reichen,")
    assert german[2] == "Something else."
