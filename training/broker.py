"""The queue that carries wake-ups from the web server to the worker. Losing one costs seconds: the worker also polls.

PostgreSQL is the default, so that nothing else has to run; RabbitMQ and Redis are used where ``HUB_BROKER_URL`` names them.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections
from dramatiq.broker import Broker
from psycopg_pool import NullConnectionPool

#: The only queue. Short, because the PostgreSQL broker makes a notification channel of it (at most 63 bytes).
QUEUE = "starword"
#: PostgreSQL schema of the broker's tables; migration 0002 makes them.
SCHEMA = "dramatiq"
#: A consumer, its delay queue's consumer, the listener, acknowledgements, and some room.
MAX_CONNECTIONS = 8
#: Database options that Django takes for itself; libpq does not know them.
_DJANGO_OPTIONS = frozenset({"assume_role", "isolation_level", "pool", "server_side_binding"})
#: Seconds the health check waits for the broker.
PING_SECONDS = 2


class LazyPool(NullConnectionPool):
    """Connections made when asked for and closed when returned.

    It opens in the process that first uses it, since a pool opened before a fork is broken in the child; and it keeps
    no idle connection, since the web server sends rarely and the worker holds on to those it listens with.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(open=False, num_workers=1, **options)
        self._opening = threading.Lock()
        self._was_opened = False

    def getconn(self, timeout: float | None = None) -> psycopg.Connection:
        with self._opening:
            if not self._was_opened:
                self.open()
                self._was_opened = True
        return super().getconn(timeout)


def connection_options(database: dict[str, Any]) -> dict[str, Any]:
    """psycopg's keyword arguments for a Django database. A dict: the broker's reader of addresses loses socket folders."""
    names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    given = {name: database[key] for name, key in names.items() if database.get(key)}
    passed_on = {key: value for key, value in database.get("OPTIONS", {}).items() if key not in _DJANGO_OPTIONS}
    return {**passed_on, **given, "application_name": "starword-queue"}


def build(url: str, database: dict[str, Any]) -> Broker:
    """Make the broker that ``url`` names; an empty one means the hub's own PostgreSQL ``database``.

    It has no middleware: a wake-up takes no time and is never tried again. Nothing is connected yet.
    """
    if not url:
        from dramatiq_postgres import PostgresBroker

        # The options are read at each connection: test runs rename the database after this module is loaded.
        pool = LazyPool(kwargs=lambda: connection_options(database), max_size=MAX_CONNECTIONS, name="queue")
        return PostgresBroker(pool=pool, results=False, schema=SCHEMA, middleware=[])
    scheme = url.partition(":")[0]
    if scheme in ("amqp", "amqps"):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        return RabbitmqBroker(url=url, confirm_delivery=True, middleware=[])
    if scheme in ("redis", "rediss"):
        from dramatiq.brokers.redis import RedisBroker

        return RedisBroker(url=url, namespace=QUEUE, middleware=[])
    raise ValueError(
        f"HUB_BROKER_URL begins with {scheme}://; use amqp:// or redis://, or leave it empty for PostgreSQL."
    )


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
        import redis

        with redis.Redis.from_url(url, socket_timeout=PING_SECONDS, socket_connect_timeout=PING_SECONDS) as client:
            client.ping()
    else:
        import pika

        parameters = pika.URLParameters(url)
        parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = PING_SECONDS
        pika.BlockingConnection(parameters).close()


def _ping_postgres(options: dict[str, Any]) -> None:
    limit = f"-c statement_timeout={PING_SECONDS * 1000}"
    with psycopg.connect(**options, connect_timeout=PING_SECONDS, options=limit) as connection:
        connection.execute(f'SELECT 1 FROM "{SCHEMA}".queue LIMIT 1')
