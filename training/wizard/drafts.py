"""Drafts of training jobs: begun, found, thrown away, expired, and made into a job."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import Now
from django.http import Http404
from django.utils.translation import gettext as _
from PIL import Image

from hub.accounts.models import User
from registry import storage
from training import services
from training.errors import BaseUnknown, TooManyDrafts
from training.leases import worker_transaction
from training.models import BaseModel, DraftImage, Job, TrainingDraft

#: How long a draft is kept after its last change: pictures of people shall not lie about because somebody forgot them.
LIFE = timedelta(days=7)
#: Drafts of one account: enough to prepare another while one waits for better pictures.
MAX_DRAFTS = 5
#: Drafts that are deleted in one transaction.
BATCH = 100


def drafts_of(owner: User) -> QuerySet[TrainingDraft]:
    """An account's drafts that are not submitted, each with the number of its pictures, the last changed first."""
    open_ones = TrainingDraft.objects.filter(owner=owner, job=None, touched__gt=Now() - LIFE)
    return open_ones.select_related("base").annotate(pictures=Count("images"))


def expires(draft: TrainingDraft) -> datetime:
    """When a draft is deleted if nobody touches it again."""
    return draft.touched + LIFE


@transaction.atomic
def start_draft(*, owner: User) -> TrainingDraft:
    """Begin a draft for the hub's first base model. Raises :class:`TooManyDrafts` or :class:`BaseUnknown`."""
    base = BaseModel.objects.filter(enabled=True).first()
    if base is None:
        raise BaseUnknown(_("This hub has no base model that takes new jobs. Whoever runs it can add one."))
    owner.lock()
    if drafts_of(owner).count() >= MAX_DRAFTS:
        raise TooManyDrafts(
            _("You have %(count)d drafts, and no more are kept. Go on with one of them, or throw one away.")
            % {"count": MAX_DRAFTS},
            field="images",
        )
    return TrainingDraft.objects.create(owner=owner, base=base)


def find_draft(owner: User, pk: int, *, lock: bool = False) -> TrainingDraft:
    """One of an account's drafts, submitted or not; anybody else's, and an expired one, is not found.

    With ``lock``, within a transaction, others who change it wait until that ends.
    """
    drafts = TrainingDraft.objects.filter(owner=owner, pk=pk, touched__gt=Now() - LIFE).select_related("base")
    if lock:
        drafts = drafts.select_for_update(of=("self",))
    draft = drafts.first()
    if draft is None:
        raise Http404("There is no such draft, or it has expired.")
    return draft


def touch(draft: TrainingDraft, **changes: object) -> None:
    """Write changes, and that the draft was changed now."""
    TrainingDraft.objects.filter(pk=draft.pk).update(touched=Now(), **changes)
    draft.refresh_from_db(fields=["touched", *changes])


@transaction.atomic
def submit_draft(*, owner: User, pk: int, rights: bool) -> Job:
    """Make a draft into a job and let its pictures go; once more, return the same job.

    Whoever clicks twice waits here for the first click to end. Raises what :func:`training.services.submit_job` raises, and then
    nothing has changed.
    """
    draft = find_draft(owner, pk, lock=True)
    if draft.job is not None:
        return draft.job
    images = list(draft.images.defer("measures", "thumbnail"))
    captions = [image.caption for image in images]
    # Before the job is made, so that the account need not have room for the pictures twice.
    draft.images.all().delete()
    draft.job = services.submit_job(
        owner=owner, images=_cut(images), base=draft.base, token=draft.token, kind=draft.kind,
        initialiser=draft.initialiser, name=draft.name, preset=draft.preset, vectors=draft.vectors, steps=draft.steps,
        seed=draft.seed, captions=captions if all(captions) else None, rights=rights, depicts_person=draft.depicts_person,
    )  # fmt: skip
    draft.save(update_fields=["job"])
    return draft.job


def open_image(image: DraftImage) -> Image.Image:
    """The picture as it was given, without what is to be cut off."""
    return cut_out(Image.open(io.BytesIO(storage.read(image.blob))), image.crop)


def cut_out(picture: Image.Image, crop: tuple[int, int, int] | None) -> Image.Image:
    """A square of a picture, or all of it."""
    if crop is None:
        return picture
    x, y, size = crop
    return picture.crop((x, y, x + size, y + size))


def _cut(images: list[DraftImage]) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each picture, cut, one at a time."""
    for image in images:
        if image.crop is None:
            yield image.filename, storage.read(image.blob)
            continue
        file = io.BytesIO()
        open_image(image).save(file, "PNG", compress_level=1)  # read again at once
        yield image.filename, file.getvalue()


def delete_old_drafts(stopping: Callable[[], bool]) -> int:
    """Delete drafts that nobody has touched for long, and those whose job is there; return how many."""
    old = TrainingDraft.objects.filter(touched__lt=Now() - LIFE).order_by("touched")
    total = 0
    while not stopping() and (keys := list(old.values_list("pk", flat=True)[:BATCH])):
        with worker_transaction():
            _, deleted = TrainingDraft.objects.filter(pk__in=keys).delete()
            total += deleted.get(TrainingDraft._meta.label, 0)
    return total
