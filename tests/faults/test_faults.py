"""The short form of the faults. It has a database server of its own, since it crashes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Seconds for all of it on a busy machine.
PATIENCE = 500


def test_jobs_survive_every_fault():
    faults = subprocess.Popen(
        [sys.executable, "-m", "tests.faults", "--folder", str(ROOT / "var" / "faults-short")],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        printed, errors = faults.communicate(timeout=PATIENCE)
    finally:
        faults.terminate()  # it ends its workers and its database server
        faults.wait(60)
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [line for line in lines if not line["ok"]] == [], errors[-3000:]
    assert faults.returncode == 0, errors[-3000:]
    injected = sum(line.get("faults", 0) for line in lines)
    assert injected >= 45 and lines[-1]["scenario"] == "in the end"
    assert lines[-1]["claims"] > 40 and lines[-1]["published"] > 30
