"""Reports: taking them, and telling those who sent them what came of it."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from hub.accounts.models import User
from hub.accounts.notices import notify
from hub.preferences import in_language_of
from registry.errors import RegistryError
from registry.models import MAX_REPORT_CHARACTERS, Embedding, Reason, Report
from registry.moderation import audit
from registry.validation import check_choice, check_text


@transaction.atomic
def file(*, embedding: Embedding, reporter: User | None, reason: str, text: str = "", email: str = "") -> Report:
    """Queue a report for staff. Of what an owner can mend, such as a wrong tag, the owner hears too, not by whom.

    Raises ``RegistryError`` for a second one by the same person while the first is open.
    """
    check_choice(reason, Reason, "reason")
    text = check_text(text, "text", MAX_REPORT_CHARACTERS)
    if reporter is not None and embedding.owner_id == reporter.pk:
        raise RegistryError("own", _("This is your own embedding: edit or delete it instead."))
    # Nobody takes it down until the report is there: the database looks only at the end whether what a row names exists.
    if not Embedding.objects.select_for_update(no_key=True).filter(pk=embedding.pk).exists():
        raise RegistryError("gone", _("This embedding is not here any more."))
    try:
        with transaction.atomic():
            made = Report.objects.create(
                embedding=embedding,
                path=str(embedding),
                reporter=reporter,
                email="" if reporter else email,
                reason=reason,
                text=text,
            )
    except IntegrityError as error:  # the constraint decides, also where two are sent at once
        raise RegistryError(
            "reported", _("You have reported this embedding already; staff have yet to decide.")
        ) from error
    if made.is_light:
        with in_language_of(embedding.owner):
            told = _("Somebody says of “%(title)s”: %(reason)s. Please look whether it is so.")
            told = told % {"title": embedding.title, "reason": Reason(reason).label}
        notify(owner_id=embedding.owner_id, key=f"report-{made.pk}", text=told, url=embedding.get_absolute_url())
    return made


@transaction.atomic
def close(*, report: Report, by: User, upheld: bool, answer: str = "") -> bool:
    """Decide a report and tell who sent it; False when it is decided already. An e-mail address is deleted with it."""
    state = Report.State.UPHELD if upheld else Report.State.DISMISSED
    opened = Report.objects.filter(pk=report.pk, state=Report.State.OPEN)
    if not opened.update(state=state, closed=timezone.now(), answer=answer, email=""):
        return False
    audit.record(
        by=by,
        action="report.uphold" if upheld else "report.dismiss",
        on=report,
        about_id=report.embedding.owner_id if report.embedding else None,
        reason=report.reason,
        text=answer,
    )
    if report.reporter is not None:
        with in_language_of(report.reporter):
            told = (
                _("Your report of %(path)s was upheld. %(answer)s")
                if upheld
                else _("Your report of %(path)s was looked at, and nothing was changed. %(answer)s")
            )
            told = (told % {"path": report.path, "answer": answer}).strip()
        notify(
            owner_id=report.reporter_id,
            key=f"report-{report.pk}-closed",
            text=told,
            url=reverse("registry:own-reports"),
        )
    return True


def uphold_all(*, embedding: Embedding, by: User) -> None:
    """Decide every open report of an embedding that staff have just hidden or taken down."""
    waiting = Report.objects.filter(embedding=embedding, state=Report.State.OPEN)
    for report in waiting.select_related("embedding", "reporter"):
        close(report=report, by=by, upheld=True)
