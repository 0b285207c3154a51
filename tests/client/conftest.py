"""The client as a person has it: installed by pip into a virtual environment of its own, used by its command."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.accounts.models import ApiToken, Scope
from tests.registry.conftest import upload  # noqa: F401
from tests.support.postgres import FOLDER
from tests.training.conftest import pocket, submit, tiny, tiny_folder  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Ran:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture(scope="session")
def installed():
    """The folder of the installed commands. It is kept between runs, and made anew when the client's files have changed."""
    sources = sorted(path for path in (ROOT / "client").rglob("*") if path.suffix in (".py", ".toml", ".md"))
    running = hashlib.sha256(sys.version.encode())
    for path in sources:
        running.update(str(path).encode() + path.read_bytes())
    place, key = FOLDER / "client", running.hexdigest()
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the suite runs in several processes
        stamp, python = place / "key", place / "venv" / "bin" / "python"
        if not stamp.exists() or stamp.read_text() != key:
            subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
            pip = [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--retries",
                "1",
                "--timeout",
                "10",
            ]
            pip += ["--constraint", ROOT / "constraints.txt", f"{ROOT / 'client'}[test]"]
            done = subprocess.run(pip, capture_output=True, text=True)
            if done.returncode != 0 and "No matching distribution" in done.stderr:
                pytest.skip(f"missing: the client's libraries, which pip could not fetch: {done.stderr.strip()[-300:]}")
            assert done.returncode == 0, done.stderr[-3000:]
            stamp.write_text(key)
    return python.parent


@pytest.fixture
def home(tmp_path):
    """Where the person who uses the client keeps settings and files."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def _can_be_interrupted():
    """A shell's background job ignores Ctrl-C and hands that on to what it starts; the suite may be one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def started(installed, home):
    """Begin ``starword`` in the person's folder; what is in ``environment`` is all that it sees."""

    def start(*arguments, stdin=subprocess.PIPE, **environment):
        seen = {"HOME": str(home), "PATH": os.environ["PATH"], "XDG_CONFIG_HOME": str(home / "config")} | environment
        return subprocess.Popen(
            [installed / "starword", *map(str, arguments)],
            cwd=home,
            env=seen,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_can_be_interrupted,
        )

    return start


@pytest.fixture
def run(started):
    """Run ``starword`` to its end."""

    def run(*arguments, typed="", **environment):
        process = started(*arguments, **environment)
        out, err = process.communicate(typed, timeout=120)
        assert "Traceback" not in err, err
        return Ran(process.returncode, out, err)

    return run


@pytest.fixture
def secret():
    """A token of a person."""

    def issue(person, scopes=tuple(Scope.values)):
        return ApiToken.issue(owner=person, name="client", scopes=list(scopes))[1]

    return issue


@pytest.fixture
def at(live_server, secret):
    """The environment of a person who uses the test's hub."""

    def environment(person):
        return {"STARWORD_URL": live_server.url, "STARWORD_TOKEN": secret(person)}

    return environment
