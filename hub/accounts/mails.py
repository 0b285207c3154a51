"""Mailing notices: at least once each, in the background, by whatever worker comes first.

A notice is claimed by moving the time of its next try before it is sent. So a crash costs one mail twice at most, a server
that is down is asked ever more rarely, and no notice stands in the way of others.
"""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now
from django.utils.translation import gettext as _

from hub.accounts.models import Notice
from hub.preferences import in_language_of

log = logging.getLogger(__name__)

#: A notice that could not be mailed for so long is no news any more.
GIVE_UP_AFTER = timedelta(days=1)
#: Time before the second try. Each further one waits as long as the notice is old: some ten tries in a day.
FIRST_WAIT = timedelta(minutes=1)
#: Characters of a subject: longer ones are cut off in lists of mails.
MAX_SUBJECT_CHARACTERS = 78


def send_due(stopping: Callable[[], bool]) -> int:
    """Mail the notices whose time has come, until there are none or ``stopping`` says so; return how many were.

    Does nothing where no mail server is set. Ends early when the server does not answer; what is left comes later.
    """
    if not settings.EMAIL_HOST:
        return 0
    _give_up()
    sent = 0
    server = get_connection()
    try:
        while not stopping() and (notice := _claim()):
            try:
                server.open()  # nothing happens where it is open
                server.send_messages([_mail(notice)])
            except SMTPRecipientsRefused as refusal:
                _refused(notice, refusal)
            except (SMTPException, OSError) as error:
                log.warning("The mail server did not take notice %s, it is tried again later: %s", notice.pk, error)
                break
            else:
                Notice.objects.filter(pk=notice.pk).update(mailed=Now(), mail_after=None)
                sent += 1
    finally:
        server.close()
    return sent


def _claim() -> Notice | None:
    """Take the next notice that is due, for an account that has an address."""
    due = Notice.objects.filter(mail_after__lte=Now()).order_by("mail_after")
    with transaction.atomic():
        notice = due.select_for_update(skip_locked=True, of=("self",)).select_related("owner").first()
        if notice is not None:
            age = Now() - F("created")
            Notice.objects.filter(pk=notice.pk).update(mail_after=Now() + Greatest(FIRST_WAIT, age))
    return notice


def _give_up() -> None:
    """Let go of what is too old, of what has nowhere to go, and of what its owner wants no mail about."""
    due = Notice.objects.filter(mail_after__isnull=False)
    due.filter(owner__email="").update(mail_after=None)
    due.filter(owner__is_active=False).update(mail_after=None)
    due.filter(owner__mails_notices=False).update(mail_after=None)
    if late := due.filter(created__lt=Now() - GIVE_UP_AFTER).update(mail_after=None):
        log.error("%d notices are older than a day and will not be mailed any more", late)


def _refused(notice: Notice, refusal: SMTPRecipientsRefused) -> None:
    """Do not try again where the server says that there is no such address; a busy one (4xx) is asked again."""
    code, reason = next(iter(refusal.recipients.values()))
    for_good = code >= 500
    log.warning(
        "The mail server refused the address of %s for notice %s%s: %d %r",
        notice.owner, notice.pk, "" if for_good else ", it is tried again later", code, reason,
    )  # fmt: skip
    if for_good:
        Notice.objects.filter(pk=notice.pk).update(mail_after=None)


def _mail(notice: Notice) -> EmailMessage:
    with in_language_of(notice.owner):
        where = (
            _("More is at %(address)s") % {"address": f"{settings.HUB_PUBLIC_URL}{notice.url}"}
            if settings.HUB_PUBLIC_URL
            else _("More is at %(path)s on your hub") % {"path": notice.url}
        )
        why = _("This was sent to you because of your account %(name)s.") % {"name": notice.owner}
    return EmailMessage(
        subject=textwrap.shorten(f"Starword: {notice.text}", MAX_SUBJECT_CHARACTERS, placeholder="…"),
        body=f"{notice.text}\n\n{where}\n\n{why}\n",
        to=[notice.owner.email],
        headers={"Auto-Submitted": "auto-generated"},  # so that nobody's absence is answered
    )
