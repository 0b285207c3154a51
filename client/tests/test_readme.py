"""What the README promises to scripts is what the command does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from starword import errors
from starword.cli.main import app
from starword.tools import TOOLS

README = (Path(__file__).parents[1] / "README.md").read_text()
COMMANDS = {name: line for line in README.splitlines() for name in re.findall(r"^starword (\w+)", line)}


def test_every_exit_status_is_in_the_table():
    listed = {int(number) for number in re.findall(r"^\| (\d+) \|", README, re.M)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert listed == {0, errors.INTERRUPTED} | {kind.exit_status for kind in kinds}


def test_every_tool_is_in_the_table():
    assert set(TOOLS) == set(re.findall(r"`([a-z][\w-]*)`", "".join(re.findall(r"^\| (`.*?) \|", README, re.M))))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_there_with_its_options(command):
    said = CliRunner().invoke(app, [command, "--help"])
    assert said.exit_code == 0
    assert set(re.findall(r"--\w+", COMMANDS[command])) <= set(re.findall(r"--\w+", said.output))
