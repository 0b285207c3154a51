"""Sending what is due: at least once each, by whatever worker comes first, as notices are mailed.

A delivery is claimed by moving the time of its next try before it is sent. So a crash costs one that comes twice at most, which
receivers tell by its id, and an address that is down is asked ever more rarely.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from hub.accounts.notices import notify
from hub.preferences import in_language_of
from hub.sealing import BrokenSeal
from hub.webhooks import events
from hub.webhooks.models import Delivery, Webhook
from hub.webhooks.sending import WHOLE_SECONDS, Outcome, send

log = logging.getLogger(__name__)

#: Time before the second try; each further one waits three times as long: 30 s, 90 s, … 18 h, some 27 hours in all.
FIRST_WAIT = timedelta(seconds=30)
MAX_ATTEMPTS = 9
#: Nobody is at an address that took nothing for so long.
STOP_AFTER = timedelta(days=3)
#: Deliveries under way at one time.
BATCH = 16
#: Seconds after which other housekeeping has its turn.
TURN_SECONDS = 20.0


def send_due(stopping: Callable[[], bool]) -> int:
    """Send what is due until there is nothing, ``stopping`` says so or the turn is over; return how many arrived."""
    arrived, begun = 0, time.monotonic()
    while not stopping() and time.monotonic() - begun < TURN_SECONDS and (claimed := _claim()):
        arrived += _send(claimed)
    return arrived


def _claim() -> list[Delivery]:
    """Take what is due longest, and say when it would be tried again."""
    listening = Webhook.objects.filter(active=True, owner__is_active=True)
    due = Delivery.objects.filter(next_try__lte=Now(), webhook__in=listening).order_by("next_try")
    with transaction.atomic():
        claimed = list(due.select_for_update(skip_locked=True, of=("self",)).select_related("webhook__owner")[:BATCH])
        for delivery in claimed:
            again = Now() + FIRST_WAIT * 3 ** min(delivery.attempts, MAX_ATTEMPTS)
            Delivery.objects.filter(pk=delivery.pk).update(attempts=F("attempts") + 1, next_try=again, tried=Now())
            delivery.attempts += 1
    return claimed


def _send(claimed: list[Delivery]) -> int:
    """Send them side by side, so that one which hangs keeps no other; what comes of it is written by this thread alone."""
    pool = ThreadPoolExecutor(max_workers=BATCH, thread_name_prefix="webhook")
    tries = {delivery: _begin(pool, delivery) for delivery in claimed}
    wait(tries.values(), timeout=2 * WHOLE_SECONDS)  # a look-up of a name knows no end of its own
    pool.shutdown(wait=False, cancel_futures=True)
    arrived = 0
    for delivery, attempt in tries.items():
        ended = attempt.done() and not attempt.cancelled()
        outcome = attempt.result() if ended else Outcome(problem=_("It did not answer in time."))
        _record(delivery, outcome)
        arrived += outcome.arrived
    return arrived


def _begin(pool: ThreadPoolExecutor, delivery: Delivery) -> Future[Outcome]:
    webhook = delivery.webhook
    try:
        secrets = webhook.secrets()
    except BrokenSeal:
        failed: Future[Outcome] = Future()
        failed.set_result(Outcome(problem=_("The hub has another secret key now. Take a new secret for this webhook.")))
        return failed
    return pool.submit(_sent, in_language_of(webhook.owner), webhook.url, secrets, events.payload(delivery))


def _sent(language: AbstractContextManager[None], url: str, secrets: list[bytes], payload: dict[str, Any]) -> Outcome:
    """Send, and say in the owner's language what went wrong."""
    with language:
        return send(url, secrets, payload)


@transaction.atomic
def _record(delivery: Delivery, outcome: Outcome) -> None:
    """Write down how it went."""
    told = {
        "status": outcome.status,
        "milliseconds": outcome.milliseconds,
        "excerpt": outcome.excerpt,
        "problem": outcome.problem,
    }
    if outcome.arrived:
        told |= {"state": Delivery.State.DELIVERED, "next_try": None}
    elif delivery.attempts >= MAX_ATTEMPTS:
        told |= {"state": Delivery.State.FAILED, "next_try": None}
    Delivery.objects.filter(pk=delivery.pk).update(**told)
    if outcome.arrived:
        Webhook.objects.filter(pk=delivery.webhook_id, failing_since__isnull=False).update(failing_since=None)
    else:
        _note_failure(delivery.webhook)


def _note_failure(webhook: Webhook) -> None:
    """Remember since when nothing arrives; stop what took nothing for days, and tell its owner."""
    Webhook.objects.filter(pk=webhook.pk).update(failing_since=Coalesce("failing_since", Now()))
    failing = Webhook.objects.filter(pk=webhook.pk, active=True, failing_since__lt=Now() - STOP_AFTER)
    if not failing.update(active=False, stopped=Now()):
        return
    waiting = Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING)
    waiting.update(state=Delivery.State.FAILED, next_try=None)
    log.warning("Webhook %s took nothing for %s and is stopped", webhook.pk, STOP_AFTER)
    with in_language_of(webhook.owner):
        told = _("The webhook %(url)s took nothing for three days and was stopped.") % {"url": webhook.url[:200]}
    key = f"webhook-{webhook.pk}-{timezone.now():%Y%m%d%H%M}"
    notify(owner_id=webhook.owner_id, key=key, text=told, url=f"/accounts/webhooks/{webhook.pk}/")
