"""The pictures of a draft: added, put in order, cut, taken away. Each change measures anew what it changed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F, Max
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from hub.accounts.models import User
from registry import quota, storage
from registry.errors import RegistryError
from registry.pictures.previews import to_webp
from registry.validation import clean_filename
from training.datasets import (
    MAX_IMAGE_BYTES,
    MAX_IMAGES,
    MIN_SIDE_PIXELS,
    CheckedImage,
    check_image,
)
from training.errors import BadImage, BadSetting, NoSpace, TrainingError
from training.inversion.measures import measure
from training.models import DraftImage, TrainingDraft
from training.wizard.drafts import find_draft, open_image, touch

#: Pixels of the shorter side of what a draft keeps: a quarter of a picture can be cut out and still fill what a job keeps.
DRAFT_SIDE_PIXELS = 1536
#: Pixels of a thumbnail's side: twice what it is shown at, for screens with small pixels.
THUMBNAIL_PIXELS = 320
#: Pixels of the longer side of the picture that a square is chosen in.
SHOWN_PIXELS = 1024


@dataclass(frozen=True, slots=True)
class Added:
    """What became of some files."""

    taken: int
    refused: list[str]  #: a sentence for each file that was not taken, naming it


def add_images(*, owner: User, draft: int, files: Sequence[UploadedFile]) -> Added:
    """Check files and add them to a draft; one that cannot be taken keeps none of the others from it."""
    taken, refused = 0, []
    for file in files:
        try:
            _add(owner, draft, file)
            taken += 1
        except TrainingError as error:
            refused.append(error.message)
    return Added(taken, refused)


def _add(owner: User, pk: int, file: UploadedFile) -> None:
    name = clean_filename(file.name or "image")
    checked = check_image(file.read(MAX_IMAGE_BYTES + 1), name, kept_side=DRAFT_SIDE_PIXELS)
    picture = Image.open(io.BytesIO(checked.png))
    measures, thumbnail = measure(picture).to_json(), _thumbnail(picture)
    with transaction.atomic():
        draft = find_draft(owner, pk, lock=True)
        _check_room(owner, draft, checked)
        last = draft.images.aggregate(last=Max("position", default=-1))["last"]
        DraftImage.objects.create(
            draft=draft, position=last + 1, blob=storage.put(checked.png), width=checked.width, height=checked.height,
            size=len(checked.png), filename=name, measures=measures, thumbnail=thumbnail,
        )  # fmt: skip
        touch(draft)


def _check_room(owner: User, draft: TrainingDraft, checked: CheckedImage) -> None:
    if draft.is_submitted:
        raise BadImage(_("%(file)s was not taken: the job is submitted already.") % {"file": checked.filename})
    if draft.images.count() >= MAX_IMAGES:
        raise BadImage(
            _("%(file)s was not taken: a job has at most %(count)d pictures.")
            % {"file": checked.filename, "count": MAX_IMAGES}
        )
    owner.lock()
    try:
        quota.check_room(owner, len(checked.png))
    except RegistryError as error:
        raise NoSpace(
            _("%(file)s was not taken. %(reason)s") % {"file": checked.filename, "reason": error.message},
            field="images",
        ) from error


def _thumbnail(picture: Image.Image) -> bytes:
    """The middle square of what is left of a picture, which is what the trainer sees."""
    side = min(THUMBNAIL_PIXELS, *picture.size)
    return to_webp(ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS))


def shown(image: DraftImage) -> bytes:
    """The whole picture as WebP, small enough for a page."""
    picture = Image.open(io.BytesIO(storage.read(image.blob)))
    picture.thumbnail((SHOWN_PIXELS, SHOWN_PIXELS), Image.Resampling.LANCZOS)
    return to_webp(picture)


@transaction.atomic
def crop(*, owner: User, draft: int, image: int, square: tuple[int, int, int] | None) -> DraftImage:
    """Choose the square (left, top, side in pixels) that is cut out of a picture, or all of it; measure that.

    Raises :class:`BadSetting` for a square that is too small or not inside the picture.
    """
    found = find_image(find_draft(owner, draft, lock=True), image)
    if square is not None:
        _check_square(found, square)
    found.crop_x, found.crop_y, found.crop_size = square or (None, None, None)
    left = open_image(found)
    found.measures, found.thumbnail = measure(left).to_json(), _thumbnail(left)
    found.save(update_fields=["crop_x", "crop_y", "crop_size", "measures", "thumbnail"])
    touch(found.draft)
    return found


def _check_square(image: DraftImage, square: tuple[int, int, int]) -> None:
    x, y, size = square
    largest = min(image.width, image.height)
    if not MIN_SIDE_PIXELS <= size <= largest:
        raise BadSetting(
            _("The side of the square has %(least)d to %(most)d pixels in this picture.")
            % {"least": MIN_SIDE_PIXELS, "most": largest},
            field="size",
        )
    for field, value, length in (("x", x, image.width), ("y", y, image.height)):
        if not 0 <= value <= length - size:
            raise BadSetting(
                _("With this side the square begins at 0 to %(most)d.") % {"most": length - size}, field=field
            )


@transaction.atomic
def move(*, owner: User, draft: int, image: int, earlier: bool) -> DraftImage:
    """Change a picture's place with its neighbour's; at the end of the row nothing happens."""
    found = find_image(find_draft(owner, draft, lock=True), image)
    others = DraftImage.objects.filter(draft=found.draft)
    neighbour = (
        others.filter(position__lt=found.position).order_by("-position")
        if earlier
        else others.filter(position__gt=found.position).order_by("position")
    ).values_list("pk", "position").first()  # fmt: skip
    if neighbour:
        others.filter(pk=neighbour[0]).update(position=found.position)
        others.filter(pk=found.pk).update(position=neighbour[1])
        found.position = neighbour[1]
    touch(found.draft)
    return found


@transaction.atomic
def remove(*, owner: User, draft: int, image: int) -> DraftImage:
    """Take a picture out of a draft; the others close up."""
    found = find_image(find_draft(owner, draft, lock=True), image)
    DraftImage.objects.filter(pk=found.pk).delete()
    DraftImage.objects.filter(draft=found.draft, position__gt=found.position).update(position=F("position") - 1)
    touch(found.draft)
    return found


def find_image(draft: TrainingDraft, pk: int) -> DraftImage:
    """One of a draft's pictures, without what only lists and checks need; 404 for any other."""
    image = get_object_or_404(DraftImage.objects.defer("measures", "thumbnail"), draft=draft, pk=pk)
    image.draft = draft
    return image
