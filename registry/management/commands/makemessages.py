"""``manage.py makemessages``, which finds the sentences of the format library too."""

from __future__ import annotations

from django.core.management.commands import makemessages

from registry.formats import FormatError


class Command(makemessages.Command):
    """Django's command; the first argument of a refusal is a template to translate."""

    xgettext_options = [
        *makemessages.Command.xgettext_options,
        *(f"--keyword={refusal.__name__}" for refusal in FormatError.__subclasses__()),
    ]
