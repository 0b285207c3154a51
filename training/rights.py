"""What a person declares of their training images, in words whose version is kept beside the job (GDPR, article 7(1))."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from training.errors import BadSetting
from training.models import DepictsPerson

#: Version of the words below. Change it with every change of what they mean.
WORDING = "2026-11"
#: What is declared of the images.
RIGHTS = _(
    "I may use these pictures to train a model: I made them, or whoever holds the rights in them allows it."
)  # fmt: skip
#: What is added where people can be recognised.
CONSENT = _(
    "A word learned from pictures of a person is about that person. Whoever is shown and has not consented may have the "
    "pictures and everything learned from them deleted."
)


def check_depicts_person(value: str) -> str:
    """Return whom the images show, as it is stored; raise :class:`BadSetting` for what is not among the choices."""
    if value and value not in DepictsPerson.values:
        message = gettext("Whom the images show is one of %(choices)s.") % {"choices": ", ".join(DepictsPerson.values)}
        raise BadSetting(message, field="depicts_person")
    return value
