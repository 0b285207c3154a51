"""What the readers of files say, for people who read another language than the readers speak."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from registry.formats import FormatError


def said(sentence: dict[str, Any] | str) -> str:
    """A reader's sentence, as a card keeps it, in the language of the page."""
    if isinstance(sentence, str):
        return sentence
    return gettext(sentence["template"]).format(**sentence["values"])


def told(error: FormatError) -> str:
    """What a reader refuses and what to do about it, in the language of the page."""
    return error.said(gettext)
