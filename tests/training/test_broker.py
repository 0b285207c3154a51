"""The queue: which broker is made, that the PostgreSQL one carries a wake-up, and that a dead one holds nobody up."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import time
import traceback

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq_postgres import PostgresBroker

from tests.training.worker_process import ROOT, wait_until
from training import actors, broker
from training.broker import build, connection_options


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", PostgresBroker),
        ("amqp://hub:secret@127.0.0.1:5672/", RabbitmqBroker),
        ("redis://127.0.0.1:6379/0", RedisBroker),
    ],
)
def test_the_address_names_the_broker_and_nothing_is_connected_yet(url, kind):
    made = build(url, {"NAME": "no-such-database", "HOST": "/nowhere"})
    assert isinstance(made, kind)
    assert made.middleware == []  # nothing retries, times out or stores results


WRONG = [
    ("kafka://hub:pa55@somewhere", "begins with kafka://"),
    ("somewhere:6379", "has no ://"),
    ("redis://hub:pa55/word@somewhere", "%2F"),  # read as a port, which the library would quote
    ("redis://somewhere?pa55=1", "only options that"),
    ("amqp://hub:pa55#word@somewhere/", "%23"),
    ("amqp://somewhere?pa55=1", "only options that"),
    ("amqp://somewhere:99999/", "cannot be read"),
]


@pytest.mark.parametrize(("url", "remedy"), WRONG)
def test_an_address_that_no_broker_could_have_is_refused_with_what_to_write(url, remedy):
    with pytest.raises(ImproperlyConfigured, match=remedy) as refusal:
        build(url, {})
    assert "pa55" not in "".join(traceback.format_exception(refusal.value))


@pytest.mark.parametrize("command", ["check", "worker"])
def test_a_command_ends_with_one_sentence_about_a_wrong_address(command, tmp_path):
    environment = os.environ | {"HUB_VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "hub.settings"}
    environment["HUB_BROKER_URL"] = "redis://hub:pa55/word@somewhere"
    done = subprocess.run(
        [sys.executable, "manage.py", command], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("HUB_BROKER_URL cannot be read. Write redis://") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        ({"NAME": "hub", "USER": "me", "PASSWORD": "", "HOST": "", "PORT": "", "OPTIONS": {"host": "/run/pg"}},
         {"dbname": "hub", "user": "me", "host": "/run/pg"}),
        ({"NAME": "hub", "USER": "me", "PASSWORD": "pw", "HOST": "db", "PORT": 5432, "OPTIONS": {"sslmode": "require", "pool": True}},
         {"dbname": "hub", "user": "me", "password": "pw", "host": "db", "port": 5432, "sslmode": "require"}),
    ],
)  # fmt: skip
def test_the_queue_reaches_the_database_as_django_does(database, expected):
    limits = {"connect_timeout": 10, "keepalives_idle": 10, "tcp_user_timeout": 10_000}
    assert connection_options(database) == limits | expected | {"application_name": "starword-queue"}


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_is_a_row_of_the_hubs_own_database():
    actors.wake.send()
    with connection.cursor() as cursor:
        cursor.execute("SELECT queue_name, state::text, message->>'actor_name' FROM dramatiq.queue")
        assert set(cursor.fetchall()) == {("starword", "queued", "wake")}  # those of tests before may lie there too
        cursor.execute("TRUNCATE dramatiq.queue")
    wait_until(no_queue_connection, "an end of the connection that sent it", seconds=5)


def no_queue_connection():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'starword-queue' AND datname = current_database()"
        )
        return cursor.fetchone() == (0,)


@pytest.mark.django_db
@pytest.mark.parametrize("of_the_operator", [{}, {"connect_timeout": 5, "options": "-c lock_timeout=1000"}])
def test_the_broker_answers(of_the_operator, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", connection.settings_dict["OPTIONS"] | of_the_operator)
    broker.ping()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{}/0", "amqp://127.0.0.1:{}/"])
@pytest.mark.parametrize("listens", [False, True], ids=["gone", "silent"])
def test_a_broker_that_is_not_there_is_told_soon(settings, url, listens):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if not listens:
            silent.close()
        settings.HUB_BROKER_URL = url.format(port)
        begun = time.monotonic()
        with pytest.raises(Exception):  # noqa: B017 - each library has its own
            broker.ping()
        assert time.monotonic() - begun < 4


def test_a_dead_broker_holds_no_request_up_and_is_only_logged(caplog, monkeypatch):
    monkeypatch.setattr(actors.wake, "broker", build("", {"NAME": "none", "HOST": "/nowhere"}))
    sender = actors.WakeSender()
    with caplog.at_level(logging.WARNING, "training.actors"):
        begun = time.monotonic()
        for _ in range(100):
            sender()
        assert time.monotonic() - begun < 0.1
        # At once: the broker's own tries again would keep the next wake-ups waiting for up to an hour.
        wait_until(lambda: "could not be sent" in caplog.text, "a word about it", seconds=5)
