"""What this hub is, who runs it, and what holds here, all of it from the settings that make it so; and the page that says it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from registry.markdown import render as markdown
from registry.models import Embedding, Reason


def facts() -> dict[str, Any]:
    """Who, what, how much, how long. One query."""
    return {
        "operator": settings.HUB_OPERATOR_NAME,
        "contact": settings.HUB_OPERATOR_CONTACT,
        "rules": settings.HUB_RULES,
        "reasons": Reason.values,
        "embeddings": Embedding.objects.public().count(),
        "image_days": settings.HUB_TRAINING_IMAGES_DAYS,
        "limits": {
            "megabytes": settings.HUB_ACCOUNT_MEGABYTES,
            "jobs": settings.HUB_ACCOUNT_JOBS,
            "running": settings.HUB_ACCOUNT_RUNNING_JOBS,
            "minutes": settings.HUB_ACCOUNT_MINUTES_A_DAY,
            "requests": settings.HUB_API_REQUESTS,
            "anonymous": settings.HUB_API_ANONYMOUS_REQUESTS,
        },
        "languages": [code for code, _name in settings.LANGUAGES],
        "signup_open": settings.HUB_SIGNUP_OPEN,
        "version": settings.VERSION,
    }


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """The same for people."""
    told = facts()
    shown = {
        "contact_link": _link(told["contact"]),
        "rules": markdown(told["rules"]),
        "reasons": Reason.labels,
        "languages": settings.LANGUAGES,
    }
    return render(request, "hub/about.html", told | shown)


def _link(contact: str) -> str:
    """Where a contact leads: a page, a mailbox, or nowhere where it is a postal address."""
    if contact.startswith(("https://", "http://")):
        return contact
    try:
        validate_email(contact)
    except ValidationError:
        return ""
    return f"mailto:{contact}"
