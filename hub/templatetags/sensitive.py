"""Whether a picture is shown as it is, by its rating and what the reader prefers."""

from __future__ import annotations

from django import template

from hub.preferences import Preferences

register = template.Library()

_CLASSES = {"blur": "blurred", "show": "", "hide": "withheld"}


@register.filter
def veil(rating: str, preferences: Preferences | str = "") -> str:
    """``{{ embedding.rating|veil:preferences }}``: the class of what holds its pictures, "", ``blurred`` or ``withheld``.

    Where nobody has said what they prefer, such as in an error page, pictures are blurred.
    """
    if rating == "general":
        return ""
    return _CLASSES[preferences.sensitive if isinstance(preferences, Preferences) else "blur"]
