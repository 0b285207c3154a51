"""Names kept for their owner until an embedding comes."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from hub.accounts.models import User
from registry import rows
from registry.errors import RegistryError
from registry.models import Embedding, Reservation, Visibility
from registry.moderation import tombstones
from registry.validation import check_choice, check_name

#: Empty repositories of one account: beyond that somebody's program makes them in a loop.
MAX_RESERVATIONS = 100


@transaction.atomic
def reserve(*, owner: User, name: str, visibility: str) -> Reservation:
    """Keep a name for ``owner``. Raises ``RegistryError`` (``name_taken`` where the owner uses it already)."""
    owner.lock()
    name, visibility = check_name(name), check_choice(visibility, Visibility, "visibility")
    tombstones.refuse_name(owner.username, name)
    kept = Reservation.objects.filter(owner=owner)
    if kept.filter(name=name).exists() or Embedding.objects.filter(owner=owner, name=name).exists():
        raise rows.name_taken(name)
    if kept.count() >= MAX_RESERVATIONS:
        raise RegistryError(
            "too_many_reservations",
            _("You have %(limit)d empty repositories. Upload an embedding to one, or delete one.")
            % {"limit": MAX_RESERVATIONS},
            field="name",
        )
    return Reservation.objects.create(owner=owner, name=name, visibility=visibility)
