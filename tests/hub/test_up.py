"""What ``manage.py up`` gives its children, and what it refuses before it starts anything."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest
from django.conf import settings as django_settings
from django.core.management.base import CommandError

from hub.database import EmbeddedDatabase
from hub.management.commands.up import check_port, environment_for, only_hub_here


@pytest.fixture
def inherited(monkeypatch, tmp_path):
    """An environment in which somebody left words of another run behind."""
    (tmp_path / "url").write_text("postgresql://operator@elsewhere/hub")
    monkeypatch.setenv("HUB_EMBEDDED", "1")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))


def settings_of(environment):
    """(database name, whether embedded) as a child process sees them."""
    code = (
        "import django; from django.conf import settings; django.setup();"
        "print(settings.DATABASES['default']['NAME'], settings.EMBEDDED)"
    )
    environment = environment | {"DJANGO_SETTINGS_MODULE": "hub.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=django_settings.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_an_operators_database_is_never_called_embedded(inherited, tmp_path):
    environment = environment_for(None) | {"HUB_VAR": str(tmp_path / "var")}
    assert settings_of(environment) == ["hub", "False"]


def test_the_embedded_database_wins_over_a_file_that_is_left_behind(inherited, tmp_path):
    environment = environment_for("postgresql://postgres@/starword?host=x") | {"HUB_VAR": str(tmp_path / "var")}
    assert settings_of(environment) == ["starword", "True"]


def test_a_port_that_somebody_listens_on_is_refused_with_another_to_try():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"PORT={port + 1}"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


def test_a_port_that_is_no_number_is_said_in_a_sentence():
    done = subprocess.run(
        [sys.executable, "manage.py", "up"],
        env={**os.environ, "PORT": "abc"}, cwd=django_settings.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode and "invalid int value: 'abc'" in done.stderr and "Traceback" not in done.stderr


def test_a_folder_takes_one_hub_at_a_time(settings, tmp_path):
    settings.VAR = tmp_path
    with only_hub_here(), pytest.raises(CommandError, match="already"), only_hub_here():
        pass
    with only_hub_here():
        pass


def test_a_second_interrupt_does_not_cut_the_stopping_short():
    code = (
        "import os, signal, time\n"
        "from hub.management.commands import up\n"
        "for number in up._STOPPING: signal.signal(number, up._stop)\n"
        "try:\n"
        "    os.kill(os.getpid(), signal.SIGINT); time.sleep(5)\n"
        "except KeyboardInterrupt:\n"
        "    os.kill(os.getpid(), signal.SIGINT); os.kill(os.getpid(), signal.SIGTERM); print('stopped in order')\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "hub.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=django_settings.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "stopped in order"), done.stderr


def test_a_database_whose_process_ended_is_not_running(tmp_path):
    database = EmbeddedDatabase(tmp_path)
    assert not database.is_running()
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (tmp_path / "postmaster.pid").write_text(f"{child.pid}\n/data\n")
    assert database.is_running()
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not database.is_running()
