"""How long something takes, in words of the precision that an estimate has."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def duration(seconds: float | None) -> str:
    """``40 s``, ``3 min``, ``1 h 20 min``; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 90:
        return _("%(seconds)d s") % {"seconds": max(1, round(seconds))}
    minutes = round(seconds / 60)
    if minutes < 90:
        return _("%(minutes)d min") % {"minutes": minutes}
    return _("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}
