"""Why something is reported, hidden or taken down: one fixed list, so that decisions can be counted and compared."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

#: Characters of what staff tell an owner; a statement that needs more belongs into a letter.
MAX_STATEMENT_CHARACTERS = 500


class Reason(models.TextChoices):
    """What is wrong with an embedding."""

    MINORS = "minors", _("Sexual content with minors")
    INTIMATE = "intimate", _("Intimate pictures of a person who did not agree")
    PERSON = "person", _("Shows a person who did not agree")
    ILLEGAL = "illegal", _("Against the law in another way")
    RIGHTS = "rights", _("Violates copyright, a trade mark or a licence")
    RULES = "rules", _("Against the rules of this hub")
    SPAM = "spam", _("Spam, or not what it says")
    RATING = "rating", _("Wrong content rating")
    TAG = "tag", _("Wrong tag, title or description")
    LICENSE = "license", _("Wrong licence")


#: What an owner can mend without anybody deciding: they are told of such a report at once.
LIGHT = frozenset({Reason.RATING, Reason.TAG, Reason.LICENSE})
