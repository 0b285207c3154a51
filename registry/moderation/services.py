"""What staff decide on embeddings. Each is written to the audit log and told to the owner, in the transaction in which it is done."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hub.accounts.models import User
from hub.accounts.notices import notify
from hub.preferences import in_language_of
from registry import announcements, blobs
from registry.errors import RegistryError
from registry.models import BlockedHash, Embedding, Hash, Moderation, Rating, Reason, Tombstone, Visibility
from registry.moderation import audit, reports, tombstones
from registry.validation import check_choice


@transaction.atomic
def hide(*, embedding: Embedding, by: User, reason: str, text: str) -> bool:
    """Take an embedding out of everybody's sight but its owner's; False when it is hidden already.

    Nothing of it is deleted. Reports of it are thereby upheld.
    """
    check_choice(reason, Reason, "reason")
    hidden = Embedding.objects.filter(pk=embedding.pk, moderation="").update(
        moderation=Moderation.HIDDEN, moderation_reason=reason, moderation_text=text, moderated=timezone.now()
    )
    if not hidden:
        return False
    entry = _record(by, "embedding.hide", embedding, reason, text)
    with in_language_of(embedding.owner):
        told = _("“%(title)s” is hidden by the staff of this hub: %(reason)s. Its page tells you what you can do.")
        _tell(entry.pk, embedding, told % {"title": embedding.title, "reason": Reason(reason).label})
    reports.uphold_all(embedding=embedding, by=by)
    return True


@transaction.atomic
def restore(*, embedding: Embedding, by: User, text: str) -> bool:
    """Show a hidden embedding again, as it was; False when it is not hidden."""
    hidden = Embedding.objects.filter(pk=embedding.pk, moderation=Moderation.HIDDEN)
    if not hidden.update(moderation="", moderation_reason="", moderation_text="", moderated=None):
        return False
    entry = _record(by, "embedding.restore", embedding, "", text)
    with in_language_of(embedding.owner):
        _tell(entry.pk, embedding, _("“%(title)s” is no longer hidden.") % {"title": embedding.title})
    return True


@transaction.atomic
def rate(*, embedding: Embedding, by: User, rating: str, locked: bool, text: str) -> bool:
    """Set an embedding's content rating, and say whether its owner may change it; False when it is so already."""
    check_choice(rating, Rating, "rating")
    same = Embedding.objects.filter(pk=embedding.pk, rating=rating, rating_locked=locked)
    if same.exists():
        return False
    Embedding.objects.filter(pk=embedding.pk).update(rating=rating, rating_locked=locked)
    entry = _record(by, "embedding.rate", embedding, Reason.RATING, f"{rating}. {text}".strip())
    with in_language_of(embedding.owner):
        told = _("The staff of this hub rated “%(title)s” as %(rating)s. %(text)s")
        label = str(Rating(rating).label).partition(":")[0].lower()
        _tell(entry.pk, embedding, (told % {"title": embedding.title, "rating": label, "text": text}).strip())
    return True


@transaction.atomic
def take_down(*, embedding: Embedding, by: User, reason: str, text: str) -> Tombstone | None:
    """Delete an embedding with its files and pictures for good, and leave a tombstone; None when it is gone already.

    Its address answers 410 from then on, and neither its name nor its numbers or files are taken again. Hiding is what can
    be undone; of this only the tombstone can be lifted.
    """
    check_choice(reason, Reason, "reason")
    locked = Embedding.objects.select_for_update(of=("self",)).select_related("owner").filter(pk=embedding.pk).first()
    if locked is None:
        return None
    embedding = locked
    stone = Tombstone.objects.create(
        embedding=embedding.pk,
        owner=embedding.owner,
        owner_name=embedding.owner.username,
        name=embedding.name,
        token=embedding.token,
        base=embedding.base,
        private=embedding.visibility == Visibility.PRIVATE,
        reason=reason,
        text=text,
    )
    known = Hash.objects.filter(version__embedding=embedding, kind__in=tombstones.KEPT).values_list("kind", "value")
    BlockedHash.objects.bulk_create(
        BlockedHash(tombstone=stone, kind=kind, value=value)
        for kind, value in known.distinct().order_by("kind", "value")
    )
    entry = _record(by, "embedding.takedown", embedding, reason, text)
    with in_language_of(embedding.owner):
        told = _("“%(title)s” was taken down by the staff of this hub: %(reason)s. %(text)s")
        _tell(entry.pk, embedding, told % {"title": embedding.title, "reason": Reason(reason).label, "text": text})
    announcements.taken_down(stone)
    reports.uphold_all(embedding=embedding, by=by)
    named = blobs.named_by(embedding)
    embedding.delete()
    transaction.on_commit(lambda: blobs.remove(named), robust=True)
    return stone


@transaction.atomic
def lift(*, tombstone: Tombstone, by: User, text: str) -> bool:
    """Let the name and the bytes of what was taken down come back, should its owner upload it again; False when they may already.

    What was deleted stays deleted.
    """
    if not Tombstone.objects.filter(pk=tombstone.pk, lifted=None).update(lifted=timezone.now()):
        return False
    entry = audit.record(
        by=by, action="tombstone.lift", on=tombstone, about_id=tombstone.owner_id, reason=tombstone.reason, text=text
    )
    if tombstone.owner is not None:
        with in_language_of(tombstone.owner):
            told = _("%(path)s may be uploaded again: its take-down was withdrawn.") % {"path": tombstone}
        notify(owner_id=tombstone.owner_id, key=f"staff-{entry.pk}", text=told, url="/upload")
    return True


def check_rating_change(embedding: Embedding, rating: str) -> None:
    """Raise ``RegistryError`` where the owner would change a rating that staff have set; staff set none until the transaction ends."""
    stored = Embedding.objects.select_for_update(no_key=True).get(pk=embedding.pk)
    if stored.rating_locked and rating != stored.rating:
        raise RegistryError(
            "locked", _("The staff of this hub set this rating; ask them to change it."), field="rating"
        )


def _record(by: User, action: str, embedding: Embedding, reason: str, text: str) -> audit.AuditEntry:
    return audit.record(by=by, action=action, on=embedding, about_id=embedding.owner_id, reason=reason, text=text)


def _tell(entry: int, embedding: Embedding, text: str) -> None:
    """Tell the owner. The page at the address says the rest: hidden ones why, what was taken down in its tombstone."""
    notify(owner_id=embedding.owner_id, key=f"staff-{entry}", text=text, url=embedding.get_absolute_url())
