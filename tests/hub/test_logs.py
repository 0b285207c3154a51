"""What is logged: one JSON object a line where that is asked for, with the job it is about, and never a secret."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.logs import JsonLines

ROOT = Path(__file__).resolve().parents[2]
SECRET = "hunter2-and-more"


@pytest.fixture
def logged():
    """Log something and read the line that was written."""
    log, lines = logging.getLogger("starword.test"), []
    handler = logging.Handler()
    handler.setFormatter(JsonLines())
    handler.emit = lambda record: lines.append(handler.format(record))
    log.addHandler(handler)
    log.propagate = False

    def write(level, *arguments, **options):
        lines.clear()
        log.log(level, *arguments, **options)
        [line] = lines
        assert "\n" not in line
        return json.loads(line)

    log.setLevel(logging.DEBUG)
    yield write
    log.removeHandler(handler)


def test_a_record_says_when_where_and_what(logged):
    record = logged(logging.WARNING, "job %s: 训练 ended", 7)
    assert list(record) == ["time", "level", "logger", "message"]
    when = datetime.fromisoformat(record.pop("time"))
    assert when.utcoffset().total_seconds() == 0 and abs((datetime.now(UTC) - when).total_seconds()) < 60
    assert record == {"level": "WARNING", "logger": "starword.test", "message": "job 7: 训练 ended"}


def test_a_record_names_its_job_fence_and_worker_and_nothing_else(logged):
    about = {"job": 7, "fence": 0, "worker": "box:1:a", "request": f"Cookie: {SECRET}", "password": SECRET}
    record = logged(logging.INFO, "begun", extra=about)
    assert {key: record[key] for key in ("job", "fence", "worker")} == {"job": 7, "fence": 0, "worker": "box:1:a"}
    assert SECRET not in json.dumps(record)


def test_a_record_holds_the_exception_on_its_line(logged):
    try:
        raise ValueError("it broke")
    except ValueError:
        record = logged(logging.ERROR, "failed", exc_info=True)
    assert record["exception"].startswith("Traceback") and record["exception"].endswith("ValueError: it broke")


def run(code, **environment):
    """What a process of the hub writes to its standard error."""
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\nimport logging\n{code}"],
        cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "hub.settings"} | environment,
    )  # fmt: skip
    return done.stderr


def test_a_form_that_there_is_not_is_told_with_those_that_there_are():
    assert "HUB_LOG_FORMAT is 'xml'; use plain or json." in run("", HUB_LOG_FORMAT="xml")


#: Everything that waits for a database, a queue or a mail server which is not there: what it logs, down to the details.
TRY_ALL = """
from django.core.mail import send_mail
from django.test import Client
import time
from training import actors
client = Client(raise_request_exception=False, headers={"Host": "localhost"})
client.get("/healthz")
client.get("/metrics", headers={"Authorization": "Bearer hunter2-and-more"})
actors.send_wake()
time.sleep(1)
try:
    send_mail("x", "y", None, ["a@example.org"])
except OSError:
    logging.exception("no mail")
"""


@pytest.mark.parametrize("broker", ["", f"redis://u:{SECRET}@localhost:1/0", f"amqp://u:{SECRET}@localhost:1/%2F"])
def test_no_secret_is_logged_when_nothing_answers(broker):
    written = run(
        TRY_ALL,
        DJANGO_SETTINGS_MODULE="tests.settings",  # error pages without collected static files
        HUB_LOG_FORMAT="json",
        HUB_LOG_LEVEL="DEBUG",
        PYTHONWARNINGS="ignore",
        DATABASE_URL=f"postgresql://u:{SECRET}@localhost:1/x",
        HUB_BROKER_URL=broker,
        HUB_METRICS_TOKEN=SECRET,
        HUB_SECRET_KEY=SECRET,
        HUB_EMAIL_HOST="localhost",
        HUB_EMAIL_PORT="1",
        HUB_EMAIL_USER="u",
        HUB_EMAIL_PASSWORD=SECRET,
    )
    records = [json.loads(line) for line in written.splitlines()]
    assert {"hub.health", "django.request", "root"} <= {record["logger"] for record in records}, written
    assert SECRET not in written


def test_the_web_server_itself_logs_in_the_same_form(tmp_path):
    """gunicorn finds its configuration by itself, and what it says goes through the hub's handler."""
    code = (
        "from gunicorn.app.wsgiapp import WSGIApplication\n"
        "import sys; sys.argv = ['gunicorn', 'hub.wsgi:application']\n"
        "app = WSGIApplication(); app.cfg.logger_class(app.cfg).info('Listening')\n"
    )
    [line] = run(code, HUB_LOG_FORMAT="json", HUB_VAR=str(tmp_path)).splitlines()
    assert json.loads(line)["message"] == "Listening"
