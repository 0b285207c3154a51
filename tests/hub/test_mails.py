"""Notices as mails, to a server that listens on loopback: taken, refused, busy, gone."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from hub.accounts import mails
from hub.accounts.mails import send_due
from hub.accounts.models import Notice
from hub.accounts.notices import notify
from tests.support.hub import free_port
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.django_db


def go_on():
    return False


@pytest.fixture
def server(settings):
    with MailServer() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        yield server


def tell(owner, key="job-1", text="kite was not trained. It broke.\nTry another."):
    owner.email = f"{owner.username}@example.org"
    owner.save()
    notify(owner_id=owner.pk, key=key, text=text, url="/jobs/1")


def pass_time(by):
    """Let everything have happened earlier."""
    Notice.objects.update(created=F("created") - by)
    Notice.objects.exclude(mail_after=None).update(mail_after=F("mail_after") - by)


def test_a_notice_is_mailed_once_as_plain_text_with_where_to_read_on(server, settings, alice):
    settings.HUB_PUBLIC_URL = "https://hub.example.org"
    tell(alice)
    assert (send_due(go_on), send_due(go_on)) == (1, 0)
    (mail,) = server.mails
    assert mail["To"] == "alice@example.org" and mail.get_content_type() == "text/plain"
    assert mail["Subject"] == "Starword: kite was not trained. It broke. Try another."
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "https://hub.example.org/jobs/1\n" in mail.get_content().replace("\r\n", "\n")
    notice = Notice.objects.get()
    assert notice.mailed is not None and notice.mail_after is None and notice.seen is None


def test_without_a_public_address_the_mail_names_the_path(server, alice):
    tell(alice, text="k" * 300)
    send_due(go_on)
    assert "/jobs/1 on your hub" in server.mails[0].get_content()
    assert len(server.mails[0]["Subject"]) <= mails.MAX_SUBJECT_CHARACTERS


def test_where_no_server_is_set_nothing_is_sent_and_nothing_given_up(alice, mailoutbox):
    tell(alice)
    assert send_due(go_on) == 0
    assert mailoutbox == [] and Notice.objects.get().mail_after is not None


def test_who_has_no_address_or_no_account_any_more_gets_none(server, alice, bob):
    notify(owner_id=alice.pk, key="x", text="t", url="/")
    tell(bob)
    bob.is_active = False
    bob.save()
    assert send_due(go_on) == 0
    assert set(Notice.objects.values_list("mail_after", flat=True)) == {None} and server.connections == 0


def test_a_server_that_is_down_is_asked_ever_more_rarely_and_the_mail_comes_when_it_is_back(settings, alice, caplog):
    port = free_port()
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    tell(alice)
    waits = []
    while sum(waits, timedelta()) < timedelta(hours=6):
        before = len(caplog.records)
        assert send_due(go_on) == 0 and len(caplog.records) == before + 1
        waits.append(Notice.objects.get().mail_after - timezone.now())
        assert send_due(go_on) == 0 and len(caplog.records) == before + 1  # it is not its time
        pass_time(waits[-1])
    assert waits == sorted(waits) and 8 <= len(waits) <= 14
    with MailServer(port) as server:
        assert send_due(go_on) == 1 and len(server.mails) == 1


def test_after_a_day_a_notice_is_given_up_and_the_log_says_so(server, alice, caplog):
    tell(alice)
    pass_time(mails.GIVE_UP_AFTER + timedelta(minutes=1))
    assert send_due(go_on) == 0
    assert "1 notices are older than a day" in caplog.text
    assert Notice.objects.get().mail_after is None and server.mails == []


@pytest.mark.parametrize(("answer", "again"), [("550 no such person", False), ("451 later", True)])
def test_a_refused_address_holds_nobody_up(server, alice, bob, answer, again, caplog):
    tell(alice)
    tell(bob)
    server.answers["alice@example.org"] = answer
    assert send_due(go_on) == 1
    assert [mail["To"] for mail in server.mails] == ["bob@example.org"]
    refused = Notice.objects.get(owner=alice)
    assert refused.mailed is None and (refused.mail_after is not None) == again
    assert answer.split(" ", 1)[1] in caplog.text
    if again:
        server.answers.clear()
        assert send_due(go_on) == 0  # not at once
        pass_time(timedelta(minutes=2))
        assert send_due(go_on) == 1 and len(server.mails) == 2


def test_a_crash_before_the_mail_was_sent_loses_none(server, alice, monkeypatch):
    tell(alice)
    with monkeypatch.context() as patch:
        patch.setattr(mails, "_mail", lambda notice: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send_due(go_on)
    assert Notice.objects.get().mail_after > timezone.now()
    pass_time(timedelta(minutes=2))
    assert send_due(go_on) == 1


def test_it_ends_between_two_mails_when_it_is_told_to(server, alice):
    for number in range(5):
        tell(alice, key=f"job-{number}")
    assert send_due(lambda: len(server.mails) == 2) == 2
    assert send_due(go_on) == 3 and server.connections == 2


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_send_each_mail_once(server, alice):
    for number in range(12):
        tell(alice, key=f"job-{number}", text=f"number {number}")

    def work():
        try:
            send_due(go_on)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert sorted(mail["Subject"] for mail in server.mails) == sorted(f"Starword: number {n}" for n in range(12))
