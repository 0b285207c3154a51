"""``/healthz``: whether the hub can do its work right now."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from registry import storage
from training import broker

log = logging.getLogger(__name__)


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


CHECKS: dict[str, Callable[[], None]] = {"database": _database, "storage": storage.check, "queue": broker.ping}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when database, storage and queue all answer; otherwise 503, naming those that do not."""
    parts = {}
    for name, check in CHECKS.items():
        try:
            check()
            parts[name] = "ok"
        except Exception:  # whatever is wrong with a part, the answer is the same
            log.exception("health check of the %s failed", name)
            parts[name] = "does not answer"
    healthy = all(answer == "ok" for answer in parts.values())
    return JsonResponse({"status": "ok" if healthy else "unavailable", **parts}, status=200 if healthy else 503)
