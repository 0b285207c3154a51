"""Start-up, one concept from submit to draft, memory, and queries of the first page. One JSON object a line."""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from tests.bench.report import report
from tests.support.hub import ROOT, Hub
from training.pocket.concepts import CONCEPTS, draw

#: Warm starts and training runs; the middle one counts.
REPEATS = 3
CONCEPT = "cobalt-heart"


def images() -> list[tuple[str, bytes]]:
    """Training images of the benchmark's concept as PNG files."""
    files = []
    for index, picture in enumerate(draw(CONCEPTS[CONCEPT], 5, 1)):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        files.append((f"{index}.png", buffer.getvalue()))
    return files


def start_up(folder: Path) -> None:
    """A first start with an empty folder, then warm ones, beside what a bare Django command costs."""
    with Hub(folder) as hub:
        cold = hub.start_seconds
    warm = []
    for _ in range(REPEATS):
        with Hub(folder) as hub:
            warm.append(hub.start_seconds)
    begun = time.monotonic()
    subprocess.run([sys.executable, "manage.py", "help"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    bare = time.monotonic() - begun
    middle = statistics.median(warm)
    report("run", cold_seconds=round(cold, 2), warm_seconds=round(middle, 2), warm_all=[round(value, 2) for value in warm],
           bare_command_seconds=round(bare, 2), ratio_to_bare=round(middle / bare, 2), goal_seconds=8)  # fmt: skip


def train_once(hub: Hub, seed: int) -> tuple[float, dict[str, Any]]:
    """Submit one job and wait for its end; return the seconds and the job."""
    concept = CONCEPTS[CONCEPT]
    fields = {"base": "pocket", "token": f"<bench-{seed}>", "kind": concept.kind, "init": concept.initialiser,
              "name": f"bench-{seed}-{int(time.time())}", "seed": str(seed)}  # fmt: skip
    begun = time.monotonic()
    job = hub.post_form("/api/hub/jobs", fields, [("images", name, data) for name, data in images()])
    while job["state"] in ("queued", "running"):
        if time.monotonic() - begun > 600:
            raise RuntimeError(f"the job did not end: {job}")
        time.sleep(0.2)
        job = hub.get(f"/api/hub/jobs/{job['id']}")
    if job["state"] != "succeeded":
        raise RuntimeError(f"the job ended as {job['state']}: {job['error']}")
    return time.monotonic() - begun, job


def engine_alone(folder: Path) -> float:
    """The same concept by the engine's own command line, in a process of its own: start and loading included."""
    paths = []
    for name, data in images():
        (folder / name).write_bytes(data)
        paths.append(str(folder / name))
    concept = CONCEPTS[CONCEPT]
    command = [sys.executable, "-m", "training.inversion", "train", *paths, "--base", "pocket", "--token", "<bench>",
               "--kind", concept.kind, "--init", concept.initialiser, "--out", str(folder / "x.safetensors")]  # fmt: skip
    begun = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begun


def training(hub: Hub, folder: Path) -> None:
    """Submit to published draft with previews, the first with a cold worker, beside the engine alone."""
    runs = [train_once(hub, seed)[0] for seed in range(REPEATS)]
    alone = engine_alone(folder)
    middle = statistics.median(runs)
    report("concept", seconds=round(middle, 1), all=[round(value, 1) for value in runs], engine_alone_seconds=round(alone, 1),
           ratio_to_engine=round(middle / alone, 2), goal_seconds=60)  # fmt: skip


def memory(hub: Hub) -> None:
    """Resident memory after training and a hundred page views, beside a Python that has only loaded Django."""
    import urllib.request

    for _ in range(100):
        urllib.request.urlopen(hub.url + "/", timeout=30).read()
    children = psutil.Process(hub.process.pid).children(recursive=True)
    web = max((child.memory_info().rss for child in children if "gunicorn" in " ".join(child.cmdline())), default=0)
    worker = max((child.memory_info().rss for child in children if child.cmdline()[-1:] == ["worker"]), default=0)
    bare = subprocess.run(
        [sys.executable, "-c", "import django, psutil; print(psutil.Process().memory_info().rss)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    mib = 1024 * 1024
    report("memory", web_mib=round(web / mib), worker_mib=round(worker / mib), bare_django_mib=round(int(bare.stdout) / mib),
           goal_web_mib=150, goal_worker_mib=1200)  # fmt: skip


def queries(folder: Path) -> None:
    """Queries of the first page with few and with many rows, in a process that uses the running hub's database."""
    code = """
import django, json; django.setup()
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
counts = {}
for limit in (1, 24):
    with CaptureQueriesContext(connection) as seen:
        answer = Client(SERVER_NAME="localhost").get("/", {"limit": limit})
    assert answer.status_code == 200
    counts[limit] = len(seen)
from registry.models import Embedding
print(json.dumps({"rows": Embedding.objects.filter(visibility="public").count(), "queries": counts[24]}))
"""
    environment = os.environ | {"HUB_VAR": str(folder), "DJANGO_SETTINGS_MODULE": "hub.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    report("browse", **json.loads(done.stdout.splitlines()[-1]), goal_queries=8)


def main() -> None:
    """Run all four in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="starword-bench-") as name:
        # The embedded server runs as an account of its own where this runs as root, and must reach its folder.
        Path(name).chmod(0o755)
        folder = Path(name) / "var"
        start_up(folder)
        with Hub(folder) as hub:
            training(hub, Path(name))
            memory(hub)
            queries(folder)
