"""What the readers of files say, in the language of the page."""

from __future__ import annotations

from typing import Any

from django import template

from registry import refusals

register = template.Library()


@register.filter
def said(sentence: dict[str, Any] | str) -> str:
    """``{{ warning|said }}`` for a sentence that a card keeps."""
    return refusals.said(sentence)
