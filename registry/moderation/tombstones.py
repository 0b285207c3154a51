"""What was taken down: whether it was here, and whether something is it again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _

from hub.accounts.names import SLUG
from hub.errors import Gone
from registry.errors import RegistryError
from registry.fingerprints import DIGESTS, digests
from registry.formats import Encoder
from registry.formats.hashes import sha256
from registry.models import BlockedHash, HashKind, Tombstone

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User

#: Hashes that are kept of what is taken down: the numbers in any container and rounding, and the files as they are.
KEPT = (HashKind.SHA256, *DIGESTS)


def missing(user: User | AnonymousUser, owner: str, name: str) -> Http404:
    """Return what to raise where no embedding is found at an address: ``Gone`` where one was taken down.

    Of a draft only its owner and staff hear.
    """
    if not (SLUG.fullmatch(owner) and SLUG.fullmatch(name)):
        return Http404()
    return _told(user, Tombstone.objects.filter(owner_name=owner, name=name, lifted=None).last())


def missing_number(user: User | AnonymousUser, number: int) -> Http404:
    """The same for the number of an embedding."""
    return _told(user, Tombstone.objects.filter(embedding=number, lifted=None).last())


def _told(user: User | AnonymousUser, found: Tombstone | None) -> Http404:
    known = found and (not found.private or user.is_staff or (found.owner_id and found.owner_id == user.pk))
    return gone(found) if known else Http404()


def gone(tombstone: Tombstone) -> Gone:
    """Return the answer of an address whose embedding was taken down, with what is left of it."""
    hashes = list(tombstone.hashes.filter(kind=HashKind.DIGEST).order_by("id").values_list("value", flat=True))
    told = {
        "id": tombstone.embedding,
        "owner": tombstone.owner_name,
        "name": tombstone.name,
        "token": tombstone.token,
        "base": tombstone.base,
        "reason": tombstone.reason,
        "digests": hashes,
        "taken_down": tombstone.created.isoformat(),
    }
    message = _("This embedding was taken down by the staff of this hub: %(reason)s.") % {
        "reason": tombstone.get_reason_display()
    }
    return Gone(message, told={"tombstone": told}, context={"tombstone": tombstone, "digests": hashes})


def by_hash(value: str) -> Tombstone | None:
    """The take-down of what a whole hash belongs to, unless it was a draft."""
    blocked = BlockedHash.objects.filter(value=value, tombstone__lifted=None, tombstone__private=False)
    found = blocked.select_related("tombstone").first()
    return found.tombstone if found else None


def among(values: Iterable[str]) -> set[str]:
    """Those of ``values`` that are whole hashes of what was taken down, drafts left out. One query."""
    blocked = BlockedHash.objects.filter(value__in=list(values), tombstone__lifted=None, tombstone__private=False)
    return set(blocked.values_list("value", flat=True))


def refuse_taken_down(filename: str, encoders: Sequence[Encoder], files: Sequence[bytes]) -> None:
    """Raise ``RegistryError`` where the numbers, in whatever container or dtype, or one of the files were taken down."""
    own = digests(encoders)
    exact = own[HashKind.DIGEST]
    rounded = [value for kind, value in own.items() if kind != HashKind.DIGEST]
    same = Q(kind__in=DIGESTS, value=exact) | Q(kind=HashKind.DIGEST, value__in=rounded)
    same |= Q(kind=HashKind.SHA256, value__in=[sha256(data) for data in files])
    if BlockedHash.objects.filter(same, tombstone__lifted=None).exists():
        raise RegistryError(
            "taken_down",
            _(
                "%(file)s: This embedding was taken down by the staff of this hub and cannot be uploaded again. "
                "Write to them if you think that they were wrong."
            )
            % {"file": filename},
            field="file",
        )


def refuse_name(owner: str, name: str) -> None:
    """Raise ``RegistryError`` for a name at which a tombstone stands."""
    if Tombstone.objects.filter(owner_name=owner, name=name, lifted=None).exists():
        raise RegistryError(
            "name_taken",
            _("An embedding of yours named %(name)s was taken down; choose another name.") % {"name": name},
            field="name",
        )
