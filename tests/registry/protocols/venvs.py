"""A client in a virtual environment of its own, made once in the folder of the test run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.postgres import FOLDER

CLIENTS = Path(__file__).parent / "clients"


def python_with(client):
    """The interpreter of an environment that holds what ``clients/CLIENT.txt`` pins; skips where it cannot be fetched."""
    pins = CLIENTS / f"{client}.txt"
    folder = FOLDER / "clients" / client
    if (folder / "pins.txt").exists() and (folder / "pins.txt").read_text() == pins.read_text():
        return folder / "bin" / "python"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "--retries", "1", "--timeout", "10", "-r", pins], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"missing: {client}, which pip could not fetch: {done.stderr.strip()[-300:]}")
    shutil.copy(pins, folder / "pins.txt")
    return folder / "bin" / "python"


def run(python, script, *arguments, folder, cwd=None, **environment):
    """Run a script with nothing of this process's own settings; return what it printed."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "PYTHON"))}
    clean |= {"HOME": str(folder), "HF_HOME": str(folder / "hf"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    clean |= {"NO_PROXY": "localhost,127.0.0.1", **environment}
    command = [str(python), str(script), *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd or folder, env=clean, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-6000:]
    return done.stdout
