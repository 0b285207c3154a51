"""The client's own tests, which need no hub, pass where only the client is installed; and it is nobody else's business."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_they_pass_without_the_hubs_libraries(installed, tmp_path):
    done = subprocess.run(
        [installed / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=ROOT / "client" / "tests",
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    assert subprocess.run([installed / "python", "-c", "import django"], capture_output=True).returncode == 1


def test_it_comes_under_the_licence_of_the_hub_and_not_into_the_images():
    assert (ROOT / "client" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert "client" in (ROOT / ".dockerignore").read_text().split()
