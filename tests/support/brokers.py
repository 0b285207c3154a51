"""The three queues of the hub, each as a real server that a test may empty, stop and start.

RabbitMQ and Redis run on loopback, on free ports, with everything they write in a folder of the test run; they get SIGKILL
from the kernel when the process that started them ends, however it ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pika
import psycopg
import redis
from django.db import connection

from tests.support.hub import free_port
from training.broker import QUEUE, connection_options

#: In every address, so that a test can look for it in the logs.
PASSWORD = "s3cret-of-the-queue"
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the wrapper in the path would change to another user


def missing(*programs):
    """Why servers of these programs cannot be started, or nothing."""
    gone = [str(program) for program in ("setpriv", *programs) if not shutil.which(program)]
    return f"missing: {', '.join(gone)} (Debian: util-linux, rabbitmq-server, redis-server)" if gone else ""


def start(command, log, **environment):
    """Start a server that cannot outlive this process."""
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *map(str, command)],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=log.open("ab"),
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for the tests, which then stop it
    )


class PostgresQueue:
    """The tables of the test database. Down means: the server takes no connections to it, and has ended the queue's."""

    name, url, missing = "postgresql", "", ""

    def __init__(self, folder):
        pass

    def start(self):
        self._administer("ALTER DATABASE {} ALLOW_CONNECTIONS true")

    def is_up(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT datallowconn FROM pg_database WHERE datname = current_database()")
            return cursor.fetchone()[0]

    def stop(self):
        self._administer("ALTER DATABASE {} ALLOW_CONNECTIONS false")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'starword-queue' AND datname = current_database()"
            )

    def close(self):
        pass

    def _administer(self, statement):
        options = connection_options(connection.settings_dict)
        with psycopg.connect(
            **(options | {"dbname": "postgres", "application_name": "test"}), autocommit=True
        ) as outside:
            outside.execute(statement.format(connection.ops.quote_name(options["dbname"])))

    def waiting(self):
        """How many messages are in the queue, or on their way."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM dramatiq.queue WHERE state <> 'rejected'")
            return cursor.fetchone()[0]

    def empty(self):
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE dramatiq.queue")

    def put_garbage(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO dramatiq.queue (queue_name, message_id, state, message) "
                "VALUES (%s, gen_random_uuid(), 'queued', '[]')", [QUEUE],
            )  # fmt: skip


class RedisQueue:
    """A Redis that keeps nothing: what it held is gone after a stop."""

    name, missing = "redis", missing("redis-server")

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"
        self.client = redis.Redis.from_url(self.url)

    def start(self):
        options = {"bind": "127.0.0.1", "port": self.port, "dir": self.folder, "save": "", "requirepass": PASSWORD}
        arguments = [word for key, value in options.items() for word in (f"--{key}", value)]
        self.process = start(["redis-server", *arguments], self.folder / "log")

    def is_up(self):
        try:
            return self.client.ping()
        except redis.ConnectionError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def close(self):
        self.client.close()
        self.stop()

    def waiting(self):
        return self.client.hlen(f"{QUEUE}:{QUEUE}.msgs")  # a message is in it until it is acknowledged

    def empty(self):
        self.client.flushall()

    def put_garbage(self):
        self.client.hset(f"{QUEUE}:{QUEUE}.msgs", "garbage", "[]")
        self.client.rpush(f"{QUEUE}:{QUEUE}", "garbage")


class RabbitmqQueue:
    """A RabbitMQ node of one's own, with the mapper of ports that it wants to register with."""

    name, missing = "rabbitmq", missing(RABBITMQ, "epmd")

    def __init__(self, folder):
        self.folder, self.process = folder, None
        self.port, distribution, epmd = (free_port() for _ in range(3))
        self.url = f"amqp://hub:{PASSWORD}@127.0.0.1:{self.port}/"
        folder.joinpath("rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\ndefault_user = hub\ndefault_pass = {PASSWORD}\n"
        )
        folder.joinpath("plugins").write_text("[].")
        self.environment = {
            "HOME": str(folder),  # where the cookie is
            "RABBITMQ_NODENAME": "starword-test@localhost",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_ALLOW_INPUT": "1",  # the script becomes the server, instead of starting and watching it
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(epmd),
        }
        self.mapper = start(["epmd", "-port", epmd, "-address", "127.0.0.1"], folder / "out")

    def start(self):
        self.process = start([RABBITMQ, "-noinput"], self.folder / "out", **self.environment)

    def is_up(self):
        try:
            return self._ask(lambda channel: True)
        except pika.exceptions.AMQPError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def close(self):
        for process in (self.process, self.mapper):
            process.kill()
            process.wait()

    def _ask(self, question):
        with pika.BlockingConnection(pika.URLParameters(self.url)) as link:
            return question(link.channel())

    def waiting(self):
        try:
            return self._ask(lambda channel: channel.queue_declare(QUEUE, passive=True).method.message_count)
        except pika.exceptions.ChannelClosedByBroker:  # nobody has made it yet
            return 0

    def empty(self):
        self._ask(lambda channel: channel.queue_purge(QUEUE))

    def put_garbage(self):
        self._ask(lambda channel: channel.basic_publish("", QUEUE, b"[]"))
