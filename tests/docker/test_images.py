"""What can be proved of the images without a Docker engine."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))


def lines(dockerfile, instruction):
    return [
        line.split(maxsplit=1)[1] for line in dockerfile.read_text().splitlines() if line.startswith(f"{instruction} ")
    ]


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
    known = subprocess.run(
        [sys.executable, "manage.py", "help", "--commands"], cwd=ROOT, capture_output=True, text=True
    )
    assert commands <= set(known.stdout.split())


def test_compose_builds_from_files_that_exist():
    text = (DOCKER / "compose.yaml").read_text()
    for name in re.findall(r"dockerfile: (\S+)", text):
        assert (ROOT / name).exists()


def compose():
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


def offered():
    return set(re.findall(r"^(\w+)=", (DOCKER / "example.env").read_text(), re.M))


def test_every_setting_of_the_docs_reaches_web_and_worker():
    documented = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.M))
    of_the_images = {"DATABASE_URL", "HUB_VAR", "HUB_DEBUG", "HUB_EMBEDDED"}
    assert offered() - {"POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} == documented - of_the_images
    for service in ("web", "worker"):
        assert compose()["services"][service]["env_file"] == [".env"]


def test_compose_asks_for_nothing_that_the_example_file_does_not_offer():
    used = set(re.findall(r"\$\{(\w+)", (DOCKER / "compose.yaml").read_text()))
    assert used and used <= offered()


def test_the_example_file_as_it_is_gives_the_defaults(tmp_path):
    """Web and worker start with every variable that is left empty, and any password of the database."""
    environment = dict.fromkeys(offered(), "") | compose()["services"]["web"]["environment"]
    environment |= {
        "PGPASSWORD": "a@b/c#d:%",
        "HUB_SECRET_KEY": "k" * 50,
        "HUB_VAR": str(tmp_path),
        "PATH": os.environ["PATH"],
    }
    code = (
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "from django.db import connection\n"
        "from psycopg.conninfo import make_conninfo\n"
        "import psycopg\n"
        "given = {key: value for key, value in connection.get_connection_params().items() if isinstance(value, str)}\n"
        "found = {option.keyword.decode(): option.val for option in psycopg.pq.Conninfo.get_defaults()}\n"
        "print(settings.LOGGING['root']['level'], settings.ALLOWED_HOSTS[0], given['host'], 'password' in given, found['password'].decode())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
        env=environment | {"DJANGO_SETTINGS_MODULE": "hub.settings"},
    )  # fmt: skip
    assert done.stdout.split() == ["INFO", "localhost", "database", "False", "a@b/c#d:%"], done.stderr


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
    subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins], cwd=ROOT, check=True
    )
    assert subprocess.run([str(python), "-c", "import torch"], capture_output=True).returncode != 0
    # Every page and route there is, as one person, and what goes deepest into the image's packages: uploads and pictures.
    tests = ["tests/test_permissions.py", "tests/registry/api/test_embeddings.py", "tests/registry/test_renditions.py"]
    tests += ["-k", "not anonymous and not stranger and not staff"]
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"STARWORD_TEST_DATABASE": "web_image"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
