"""Which names may stand in an address: those of accounts and of embeddings."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

#: Safe as a file name, in every tool's prompt grammar and in an address; CLIP lower-cases, so we do too.
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{1,62})[a-z0-9]")

#: First path segments that the site itself uses, or may want to.
RESERVED_OWNERS = frozenset(
    "about accounts admin api assets base-models browse collections datasets docs download drafts embeddings explore faq "
    "feed files health healthz help hub imprint jobs legal login logout me media metrics models new notices notifications "
    "preferences privacy reports robots search settings sitemap spaces staff starword static status support tags terms train upload user users "
    "well-known www".split()
)

#: Second path segments below an owner that the site uses or may want to; plus what Windows refuses as a file name.
RESERVED_NAMES = frozenset(
    "new edit settings delete likes collections jobs followers report reports con prn aux nul".split()
    + [f"{device}{number}" for device in ("com", "lpt") for number in range(10)]
)


def validate_slug(value: str) -> None:
    """Raise ``ValidationError`` unless ``value`` is 3 to 64 lower-case letters, digits, ``-`` or ``_``."""
    if not SLUG.fullmatch(value):
        raise ValidationError(
            _("Use 3 to 64 lower-case letters, digits, hyphens or underscores; begin and end with a letter or digit."),
            code="bad_name",
        )


def validate_owner_name(value: str) -> None:
    """Raise ``ValidationError`` unless ``value`` can be an account's name."""
    validate_slug(value)
    if value in RESERVED_OWNERS:
        raise ValidationError(_("This name is reserved for the site; choose another."), code="reserved")


def validate_embedding_name(value: str) -> None:
    """Raise ``ValidationError`` unless ``value`` can be an embedding's name."""
    validate_slug(value)
    if value in RESERVED_NAMES:
        raise ValidationError(_("This name is reserved; choose another."), code="reserved")
