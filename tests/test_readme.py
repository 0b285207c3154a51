"""The commands that the README and the docs tell people to run are the ones that there are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def test_the_two_commands_are_targets_that_make_knows():
    commands = re.findall(r"^make (\w+)$", README, re.M)
    assert commands == ["run", "test"]
    for target in commands:
        done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_what_every_change_must_pass_is_what_the_readme_says():
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "make test"


def test_the_start_of_a_run_is_the_supervisor():
    environment = {name: value for name, value in os.environ.items() if name != "PORT"}
    done = subprocess.run(["make", "--dry-run", "run"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert "manage.py up --port 8000" in done.stdout


def test_every_link_of_readme_and_docs_leads_somewhere():
    files = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
        ROOT / "training" / "pocket" / "README.md",
        ROOT / "client" / "README.md",
    ]
    for file in files:
        for link in re.findall(r"\]\((?!https?://)([^)#]+)", file.read_text()):
            assert (file.parent / link).exists(), f"{file.name}: {link}"


@pytest.mark.parametrize("command", sorted(set(re.findall(r"manage\.py (\w+)", README))))
def test_every_manage_command_of_the_readme_exists(command):
    done = subprocess.run([sys.executable, "manage.py", command, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_engines_command_line_takes_what_the_readme_gives_it():
    [line] = re.findall(r"`python -m (training\.inversion train [^`]+)`", README)
    done = subprocess.run(
        [sys.executable, "-m", "training.inversion", "train", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    for option in re.findall(r"--\w+", line):
        assert option in done.stdout
