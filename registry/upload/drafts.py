"""Drafts of uploads: files and pictures that came, what was found in them, what was said of them. Nobody else sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from hub.accounts.models import User
from registry import intake, quota, storage
from registry.errors import RegistryError
from registry.formats import NamedFile
from registry.formats.limits import MAX_FILE_BYTES
from registry.intake import Upload
from registry.models import DraftCard, DraftFile, DraftPicture, UploadDraft
from registry.models.draft import KEPT
from registry.pictures.previews import MAX_PICTURE_BYTES, Picture, read_picture
from registry.upload import recognition
from registry.validation import clean_filename

#: Cards of a draft: what a person can look through on one page, and a set of 30 words with their negatives.
MAX_CARDS = 60
#: Pictures of a draft: a few for each card.
MAX_PICTURES = 200
#: Bytes of a draft's files and pictures; 60 embeddings of the usual size take a hundredth of it.
MAX_BYTES = 128 * 1024 * 1024
#: Bytes that are read of a file: one more than any may have tells that it is too large.
MAX_READ_BYTES = max(MAX_FILE_BYTES, MAX_PICTURE_BYTES) + 1
#: Characters of a field that are kept until somebody publishes it: more than any field may have.
_MAX_SAID = 20_000


@dataclass(slots=True)
class Added:
    """What one file changed in a draft."""

    cards: list[DraftCard] = field(default_factory=list)  #: new and changed ones
    picture: DraftPicture | None = None
    known: bool = False  #: whether the draft had the file already


def for_account(owner: User) -> UploadDraft | None:
    """The draft of an account with ``card_count``, None where there is nothing in it or it is too old."""
    drafts = UploadDraft.objects.filter(owner=owner, touched__gt=timezone.now() - KEPT)
    counted = drafts.annotate(card_count=Count("cards", distinct=True), picture_count=Count("pictures", distinct=True))
    return counted.filter(card_count__gt=0).first() or counted.filter(picture_count__gt=0).first()


def add(*, owner: User, file: NamedFile, card: int | None = None) -> Added:
    """Put a file into an account's draft: an embedding, a picture, or what a card then says could not be read.

    With ``card`` it is a picture of that embedding. Raises ``RegistryError`` where the draft or the account has no room,
    and for what is meant to be a picture and is none; nothing is stored then.
    """
    file = NamedFile(clean_filename(file.name), file.data)
    if draft := for_account(owner):
        _check_room(draft, 0)  # again below, exactly; here it spares reading: a picture takes a second to decode
    found, refusal = (None, None) if card is not None else _read(file)
    picture = None
    if found is None and (card is not None or recognition.is_picture(file.data)):
        try:
            picture = read_picture(file.name, file.data)
        except RegistryError as error:
            if card is not None:
                raise
            refusal = error
    names = recognition.names_of_picture(file.name, file.data) if picture else []
    size = picture.size if picture else len(file.data) if _is_kept(file, refusal) else 0
    quota.check_room(owner, size)  # before anything is stored
    blob = storage.put(picture.data or b"" if picture else file.data) if size else ""
    with transaction.atomic():
        draft = _lock(owner)
        _check_room(draft, size)
        if picture:
            return _add_picture(draft, file.name, picture, names, card)
        if known := list(draft.cards.filter(files__blob=blob) if blob else ()):
            return Added(known, known=True)
        return _add_cards(draft, file, found, refusal, blob)


def _read(file: NamedFile) -> tuple[Upload | None, RegistryError | None]:
    """What is in a file, or why nothing is."""
    try:
        return intake.read_files([file]), None
    except RegistryError as error:
        return None, error


def _is_kept(file: NamedFile, refusal: RegistryError | None) -> bool:
    """Whether a file may become an embedding."""
    return refusal is None or recognition.may_be_half(file, refusal.code)


def _lock(owner: User) -> UploadDraft:
    """The account's draft, which nobody else changes until the transaction ends; an old one is emptied first."""
    owner.lock()
    draft, _created = UploadDraft.objects.get_or_create(owner=owner)
    if draft.touched <= timezone.now() - KEPT:
        draft.delete()
        return UploadDraft.objects.create(owner=owner)
    draft.save(update_fields=["touched"])
    return draft


def _check_room(draft: UploadDraft, size: int) -> None:
    """Raise unless the draft and its owner's account have room for one more file."""
    counts = UploadDraft.objects.filter(pk=draft.pk).aggregate(
        cards=Count("cards", distinct=True), pictures=Count("pictures", distinct=True)
    )
    if counts["cards"] >= MAX_CARDS or counts["pictures"] >= MAX_PICTURES:
        message = _(
            "A draft holds at most %(cards)d embeddings and %(pictures)d pictures. Publish or remove some, then add the rest."
        )
        raise RegistryError("draft_full", message % {"cards": MAX_CARDS, "pictures": MAX_PICTURES}, field="file")
    stored = sum(rows.aggregate(total=Sum("size"))["total"] or 0 for rows in (draft.files.all(), draft.pictures.all()))
    if stored + size > MAX_BYTES:
        message = _("A draft holds at most %(size)d MB. Publish or remove something, then add the rest.")
        raise RegistryError("draft_full", message % {"size": MAX_BYTES // 2**20}, field="file")
    quota.check_room(draft.owner, size)


def _add_picture(draft: UploadDraft, name: str, picture: Picture, names: list[str], card: int | None) -> Added:
    """Keep a picture, with the embedding that it is of where that can be told."""
    cards = draft.cards.filter(pk=card) if card is not None else draft.cards.all()
    whose = cards.first() if card is not None else recognition.card_of_picture(names, cards)
    if card is not None and whose is None:
        raise RegistryError("card_gone", _("The embedding of this picture is no longer in your draft."), field="file")
    row, created = DraftPicture.objects.get_or_create(
        draft=draft,
        card=whose,
        blob=picture.blob,
        defaults={
            "name": name,
            "names": names,
            "size": picture.size,
            "width": picture.width,
            "height": picture.height,
        },
    )
    return Added([whose] if whose else [], row, known=not created)


def _add_cards(
    draft: UploadDraft, file: NamedFile, found: Upload | None, refusal: RegistryError | None, blob: str
) -> Added:
    """A card for each embedding of a file, or one that says why there is none."""
    if found is not None:
        if draft.cards.count() + len(found.parts) > MAX_CARDS:
            message = _("%(name)s holds %(count)d embeddings; the draft has no room for all of them.")
            raise RegistryError("draft_full", message % {"name": file.name, "count": len(found.parts)}, field="file")
        cards = [
            DraftCard(draft=draft, part=number, label=part.label, role=part.role, told=recognition.tell(part))
            for number, part in enumerate(found.parts)
        ]
    else:
        cards = [DraftCard(draft=draft, label=file.name, code=refusal.code, problem=refusal.message)]
    for card in cards:
        card.save()
    if blob:
        row = DraftFile.objects.create(draft=draft, name=file.name, blob=blob, size=len(file.data))
        for card in cards:
            card.files.add(row)
    if blob and len(cards) == 1:
        cards = _join(draft, cards[0], file) or cards
    _give_pictures(draft, cards)
    return Added(cards)


def _join(draft: UploadDraft, new: DraftCard, file: NamedFile) -> list[DraftCard]:
    """Look whether a file belongs to one that came before, and bring their cards together; nothing where it does not."""
    others = draft.cards.exclude(pk=new.pk).annotate(file_count=Count("files")).filter(file_count=1, role="")
    for other in others.prefetch_related("files"):
        if not recognition.may_belong_together(new, file, other):
            continue
        (row,) = other.files.all()
        try:
            both = intake.read_files([NamedFile(row.name, storage.read(row.blob)), file])
        except (RegistryError, storage.BlobMissing):
            continue
        if len(both.parts) == 1:
            return [_merge(other, new, both)]
        return _pair(other, new, both)
    return []


def _merge(first: DraftCard, second: DraftCard, both: Upload) -> DraftCard:
    """Two files that are one embedding: the card that was there first becomes it."""
    (part,) = both.parts
    first.files.add(*second.files.all())
    second.delete()
    first.told, first.label, first.code, first.problem = recognition.tell(part), part.label, "", ""
    first.said.pop("base", None)  # a half fits other bases than the whole
    first.save()
    return first


def _pair(first: DraftCard, second: DraftCard, both: Upload) -> list[DraftCard]:
    """A word and its negative stay two cards that know of each other."""
    for part in both.parts:
        card = first if part.sources == tuple(first.told["sources"]) else second
        card.role = part.role
        card.told["beside"] = next(one.sources[0] for one in both.parts if one is not part)
        card.save(update_fields=["role", "told"])
    return [first, second]


def _give_pictures(draft: UploadDraft, cards: Iterable[DraftCard]) -> None:
    """Give pictures that came before to the embeddings that they are of."""
    for picture in draft.pictures.filter(card=None):
        whose = recognition.card_of_picture(picture.names, cards)
        if whose is not None and not whose.pictures.filter(blob=picture.blob).exists():
            picture.card = whose
            picture.save(update_fields=["card"])


@transaction.atomic
def save(*, owner: User, shared: Mapping[str, str], cards: Mapping[int, Mapping[str, str]]) -> UploadDraft:
    """Keep what was said so far, unchecked: of all, and of each card by its number. Cards that are gone are left out."""
    draft = _lock(owner)
    draft.said |= _plain(shared)
    draft.save(update_fields=["said", "touched"])
    changed = list(draft.cards.filter(pk__in=cards))
    for card in changed:
        card.said |= _plain(cards[card.pk])
    DraftCard.objects.bulk_update(changed, ["said"])
    return draft


def _plain(said: Mapping[str, str]) -> dict[str, Any]:
    """Values fit for the database, which takes no NUL."""
    return {name: value.replace("\0", "")[:_MAX_SAID] for name, value in said.items()}


@transaction.atomic
def assign_pictures(*, owner: User, cards: Mapping[int, int]) -> list[DraftCard]:
    """Give loose pictures to cards, both by their numbers; return the cards that got one."""
    draft = _lock(owner)
    own = {card.pk: card for card in draft.cards.filter(pk__in=cards.values())}
    got = {}
    for picture in draft.pictures.filter(card=None, pk__in=cards):
        whose = own.get(cards[picture.pk])
        if whose is None:
            continue
        got[whose.pk] = whose
        if whose.pictures.filter(blob=picture.blob).exists():
            picture.delete()
            continue
        picture.card = whose
        picture.save(update_fields=["card"])
    return list(got.values())


@transaction.atomic
def remove_card(*, owner: User, card: int) -> DraftCard | None:
    """Take an embedding out of a draft, with the files that no other needs; return the one that stands where it stood.

    One that is gone already is no error.
    """
    draft = _lock(owner)
    draft.cards.filter(pk=card).delete()
    draft.files.filter(cards=None).delete()
    return draft.cards.filter(pk__gt=card).first() or draft.cards.last()


@transaction.atomic
def remove_picture(*, owner: User, picture: int) -> DraftCard | None:
    """Take a picture out of a draft; return the embedding that it was of."""
    draft = _lock(owner)
    card = draft.cards.filter(pictures=picture).first()
    draft.pictures.filter(pk=picture).delete()
    return card


@transaction.atomic
def discard(*, owner: User) -> None:
    """Delete an account's draft."""
    owner.lock()
    UploadDraft.objects.filter(owner=owner).delete()


def delete_old() -> int:
    """Delete the drafts that nobody touched for too long; return how many."""
    deleted, by_model = UploadDraft.objects.filter(touched__lte=timezone.now() - KEPT).delete()
    return by_model.get("registry.UploadDraft", 0) if deleted else 0
