"""The queue that carries wake-ups from the web server to the worker. Losing one costs seconds: the worker also polls.

PostgreSQL is the default, so that nothing else has to run; RabbitMQ and Redis are used where ``HUB_BROKER_URL`` names them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from dramatiq.broker import Broker, Consumer
from dramatiq.message import Message
from psycopg_pool import PoolClosed

#: The only queue. Short, because the PostgreSQL broker makes a notification channel of it (at most 63 bytes).
QUEUE = "starword"
#: PostgreSQL schema of the broker's tables; migration 0002 makes them.
SCHEMA = "dramatiq"
#: Database options that Django takes for itself; libpq does not know them.
_DJANGO_OPTIONS = frozenset({"assume_role", "isolation_level", "pool", "server_side_binding"})
#: Seconds after which a broker that says nothing counts as gone. The libraries would wait for ever, or a quarter of an hour.
ANSWER_SECONDS = 10
#: Seconds the health check waits for the broker.
PING_SECONDS = 2


class QueueUnavailable(PoolClosed):
    """The database does not take the queue's connection. A closed pool is the one error that the broker does not try again,
    for up to an hour: its consumer begins anew every three seconds by itself, and a wake-up may be lost."""


class Connections:
    """What the PostgreSQL broker takes for a pool: each connection is made when asked for and closed when given back.

    The web server sends rarely, and the worker holds on to those that it listens with: there is nothing to share, and
    nothing that a fork could break.
    """

    def __init__(self, database: dict[str, Any]) -> None:
        self._database = database

    def getconn(self) -> psycopg.Connection:
        """Connect, or raise ``QueueUnavailable``."""
        try:  # the options are read at each connection: test runs rename the database after this module is loaded
            return psycopg.connect(**connection_options(self._database))
        except psycopg.OperationalError as error:
            raise QueueUnavailable(str(error)) from error

    def putconn(self, connection: psycopg.Connection) -> None:
        connection.close()


def connection_options(database: dict[str, Any]) -> dict[str, Any]:
    """psycopg's keyword arguments for a Django database. A dict: the broker's reader of addresses loses socket folders."""
    limits = {
        "connect_timeout": ANSWER_SECONDS,
        "keepalives_idle": ANSWER_SECONDS,
        "tcp_user_timeout": ANSWER_SECONDS * 1000,
    }
    names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    given = {name: database[key] for name, key in names.items() if database.get(key)}
    passed_on = {key: value for key, value in database.get("OPTIONS", {}).items() if key not in _DJANGO_OPTIONS}
    return {**limits, **passed_on, **given, "application_name": "starword-queue"}


def build(url: str, database: dict[str, Any]) -> Broker:
    """Make the broker that ``url`` names; an empty one means the hub's own PostgreSQL ``database``.

    It has no middleware: a wake-up takes no time and is never tried again. Nothing is connected yet. Raises
    ``ImproperlyConfigured`` for an address that no broker could have.
    """
    if not url:
        return _postgres(database)
    scheme, found, _ = url.partition("://")
    make = {"amqp": _rabbitmq, "amqps": _rabbitmq, "redis": _redis, "rediss": _redis}.get(scheme if found else "")
    if make is None:
        begins = f"begins with {scheme}://" if found else "has no ://"
        raise ImproperlyConfigured(
            f"HUB_BROKER_URL {begins}; use amqp:// or redis://, or leave it empty for PostgreSQL."
        )
    try:
        return make(url)
    except (AttributeError, TypeError, ValueError):
        # The cause may quote the address, which holds a password, and is left out.
        raise ImproperlyConfigured(
            f"HUB_BROKER_URL cannot be read. Write {scheme}://user:password@host:port/, with the characters / ? # @ : ; % of user "
            "and password as %2F %3F %23 %40 %3A %3B %25, and only options that the broker's library knows."
        ) from None


def _postgres(database: dict[str, Any]) -> Broker:
    from dramatiq_postgres import PostgresBroker

    return PostgresBroker(pool=Connections(database), results=False, schema=SCHEMA, middleware=[])


def _rabbitmq(url: str, seconds: float = ANSWER_SECONDS) -> Broker:
    from dramatiq.brokers.rabbitmq import RabbitmqBroker

    class Queue(RabbitmqBroker):
        """Lets go of a connection once it has served: between two calls pika answers no heartbeat, so that the server would
        cut it after a minute or two, with errors in both logs. A consumer has one of its own, and answers on it."""

        def enqueue(self, message: Message, *, delay: int | None = None) -> Message:
            try:
                return super().enqueue(message, delay=delay)
            finally:
                del self.connection

        def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
            try:
                return super().consume(queue_name, prefetch, timeout)
            finally:
                del self.connection

    # Confirmed, or a message could vanish in a connection that is half dead, or in a queue that was deleted.
    made = Queue(url=url.split(";"), confirm_delivery=True, middleware=[])
    for node in made.parameters:
        node.socket_timeout = node.stack_timeout = node.blocked_connection_timeout = seconds
    return made


def _redis(url: str, seconds: float = ANSWER_SECONDS, retries: int = 1) -> Broker:
    import redis
    from dramatiq.brokers.redis import RedisBroker
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # Tried again once, as a connection that lay idle may have been closed meanwhile.
    limits = {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": Retry(NoBackoff(), retries)}
    client = redis.Redis.from_url(url, **limits)
    client.connection_pool.make_connection()  # not opened; it tells options that there are not
    return RedisBroker(client=client, namespace=QUEUE, middleware=[])


@cache
def current() -> Broker:
    """The broker of this process."""
    return build(settings.HUB_BROKER_URL, connections["default"].settings_dict)


def ping() -> None:
    """Raise whatever the broker raises when it does not answer within :data:`PING_SECONDS`."""
    url = settings.HUB_BROKER_URL
    if not url:
        _ping_postgres(connection_options(connections["default"].settings_dict))
    elif url.startswith("redis"):
        with _redis(url, PING_SECONDS, retries=0).client as client:
            client.ping()
    else:
        import pika

        pika.BlockingConnection(_rabbitmq(url, PING_SECONDS).parameters).close()


def _ping_postgres(options: dict[str, Any]) -> None:
    limits = {"connect_timeout": PING_SECONDS, "options": f"-c statement_timeout={PING_SECONDS * 1000}"}
    with psycopg.connect(**(options | limits)) as connection:
        connection.execute(f'SELECT 1 FROM "{SCHEMA}".queue LIMIT 1')
