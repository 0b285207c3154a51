"""What can be proved of the images without a Docker engine."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))


def lines(dockerfile, instruction):
    return [line.split(maxsplit=1)[1] for line in dockerfile.read_text().splitlines() if line.startswith(f"{instruction} ")]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda file: file.name)
def test_every_path_that_an_image_copies_exists(dockerfile):
    copies = [shlex.split(line) for line in lines(dockerfile, "COPY")]
    assert copies
    for *sources, _ in copies:
        for source in sources:
            assert (ROOT / source).exists(), source


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda file: file.name)
def test_every_manage_command_that_an_image_runs_exists(dockerfile):
    texts = [*lines(dockerfile, "RUN"), *lines(dockerfile, "CMD"), (DOCKER / "web.sh").read_text()]
    commands = set(re.findall(r"manage\.py[\", ]+(\w+)", "\n".join(texts)))
    assert commands
    known = subprocess.run([sys.executable, "manage.py", "help", "--commands"], cwd=ROOT, capture_output=True, text=True)
    assert commands <= set(known.stdout.split())


def test_compose_builds_from_files_that_exist():
    text = (DOCKER / "compose.yaml").read_text()
    for name in re.findall(r"dockerfile: (\S+)", text):
        assert (ROOT / name).exists()


def test_compose_and_the_example_file_name_the_same_variables():
    used = set(re.findall(r"\$\{(\w+)", (DOCKER / "compose.yaml").read_text()))
    offered = set(re.findall(r"^(\w+)=", (DOCKER / "example.env").read_text(), re.M))
    assert used == offered


def web_install_line():
    [line] = [line for line in lines(DOCKER / "web.Dockerfile", "RUN") if "pip install" in line]
    return shlex.split(line.replace("--no-cache-dir", ""))


def test_the_web_tests_pass_in_what_the_web_image_installs():
    """A virtual environment made by exactly the web image's install line has no torch, and serves pages."""
    folder = ROOT / "var" / "test" / "web-image"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    assert web_install_line()[:3] == ["python", "-m", "pip"]
    install = [str(python), *web_install_line()[1:], "--quiet", "--disable-pip-version-check"]
    subprocess.run(install, cwd=ROOT, check=True, timeout=500)
    # The test runner itself is no part of the image.
    pins = ["--constraint", "constraints.txt", "pytest", "pytest-django"]
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins], cwd=ROOT, check=True)
    assert subprocess.run([str(python), "-c", "import torch"], capture_output=True).returncode != 0
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/registry/api", "tests/test_health.py"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"STARWORD_TEST_DATABASE": "web_image"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
