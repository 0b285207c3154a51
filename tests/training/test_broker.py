"""The queue: which broker is made, that the PostgreSQL one carries a wake-up, and that a dead one holds nobody up."""

from __future__ import annotations

import logging
import time

import pytest
from django.db import connection
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq_postgres import PostgresBroker

from tests.training.worker_process import wait_until
from training import actors, broker
from training.broker import LazyPool, build, connection_options


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
    assert type(made) is kind
    assert made.middleware == []  # nothing retries, times out or stores results


def test_an_address_of_an_unknown_kind_is_refused_with_the_choices():
    with pytest.raises(ValueError, match=r"amqp:// or redis://"):
        build("kafka://somewhere", {})


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
    assert connection_options(database) == expected | {"application_name": "starword-queue"}


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_is_a_row_of_the_hubs_own_database():
    actors.wake.send()
    with connection.cursor() as cursor:
        cursor.execute("SELECT queue_name, state::text, message->>'actor_name' FROM dramatiq.queue")
        assert cursor.fetchall() == [("starword", "queued", "wake")]
        cursor.execute("TRUNCATE dramatiq.queue")
    wait_until(no_queue_connection, "an end of the connection that sent it", seconds=5)


def no_queue_connection():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'starword-queue'")
        return cursor.fetchone() == (0,)


@pytest.mark.django_db
def test_the_broker_answers():
    broker.ping()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://127.0.0.1:1/"])
def test_a_broker_that_is_not_there_is_told_soon(settings, url):
    settings.HUB_BROKER_URL = url
    begun = time.monotonic()
    with pytest.raises(Exception):  # noqa: B017 - each library has its own
        broker.ping()
    assert time.monotonic() - begun < 5


def test_a_dead_broker_holds_no_request_up_and_is_only_logged(caplog, monkeypatch):
    dead = build("", {"NAME": "none", "HOST": "/nowhere"})
    monkeypatch.setattr(
        dead, "enqueue", lambda message, delay=None: dead.pool.getconn(timeout=0.2)
    )  # without its retries
    monkeypatch.setattr(actors.wake, "broker", dead)
    sender = actors.WakeSender()
    with caplog.at_level(logging.WARNING, "training.actors"):
        begun = time.monotonic()
        for _ in range(100):
            sender()
        assert time.monotonic() - begun < 0.1
        deadline = time.monotonic() + 10
        while "could not be sent" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.05)
    assert "could not be sent" in caplog.text


def test_a_pool_opens_when_it_is_first_used():
    pool = LazyPool(kwargs={"dbname": "none", "host": "/nowhere"}, max_size=1)
    assert pool.closed
    with pytest.raises(Exception, match="nowhere"):
        pool.getconn(timeout=1)
    assert not pool.closed
    pool.close()
