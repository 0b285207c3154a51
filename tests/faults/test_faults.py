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
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--folder", str(ROOT / "var" / "faults-short")],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line for line in lines if not line["ok"]] == [], done.stderr[-3000:]
    assert done.returncode == 0, done.stderr[-3000:]
    faults = sum(line.get("faults", 0) for line in lines)
    assert faults >= 45 and lines[-1]["scenario"] == "in the end"
    assert lines[-1]["claims"] > 40 and lines[-1]["published"] > 30
