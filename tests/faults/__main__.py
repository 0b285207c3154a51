"""``python -m tests.faults [--long]``: inject faults, check what must hold, and print one JSON object a line."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.world import World

ROOT = Path(__file__).resolve().parents[2]
#: Faults and jobs of the chaos at the end of the short form, and of each half of the long one.
SHORT, LONG = (12, 6), (130, 60)


def main() -> int:
    """Run everything; return 1 where anything did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--long", action="store_true", help="hundreds of faults over more than a hundred jobs")
    parser.add_argument(
        "--only", default="", metavar="NAME", help="one scenario, or “chaos”, by the beginning of its name"
    )
    parser.add_argument("--seed", type=int, default=1, help="which faults, when")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "var" / "faults", help="where everything is; emptied first"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # else workers and database server would stay behind
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    start = [sys.executable, "-m", "tests.faults.server", str(options.folder / "postgres"), "start"]
    os.environ |= {
        "DATABASE_URL": subprocess.run(start, cwd=ROOT, check=True, capture_output=True, text=True).stdout,
        "HUB_VAR": str(options.folder),
        "DJANGO_SETTINGS_MODULE": "hub.settings",
        "HUB_ACCOUNT_JOBS": "100000",
        "HUB_ACCOUNT_MINUTES_A_DAY": "100000",
        "HUB_ACCOUNT_MEGABYTES": "100000",
        "HUB_LOG_LEVEL": "INFO",
    }
    import django

    django.setup()
    from django.core.management import call_command

    from tests.faults.world import World

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    world = World(options.folder)
    try:
        world.build()
        return run(world, LONG if options.long else SHORT, options.seed, 2 if options.long else 1, options.only)
    finally:
        world.close()


def run(world: World, chaos: tuple[int, int], seed: int, halves: int, only: str) -> int:
    """Every scenario, then chaos with jobs trained alone, and in the long form chaos with jobs trained together."""
    from tests.faults.scenarios import SCENARIOS

    acts = {scenario.__name__: lambda scenario=scenario: {"faults": scenario(world)} for scenario in SCENARIOS}
    for slots in (2, 8)[:halves]:
        acts[f"chaos with {slots} slots"] = lambda slots=slots: run_chaos(world, chaos, seed, slots)
    went = [told(world, name, act) for name, act in acts.items() if name.startswith(only)]
    return 0 if all([*went, told(world, "in the end", lambda: check_end(world))]) else 1


def told(world: World, name: str, act: object) -> bool:
    """Do something, look at the log of effects, and print what came of it."""
    from tests.faults import witness

    begun = time.monotonic()
    line: dict[str, object] = {"scenario": name, "ok": True}
    try:
        line |= act()  # type: ignore[operator]
        if found := witness.violations():
            raise AssertionError("; ".join(found[:5]))
    except Exception as error:
        line |= {"ok": False, "error": f"{type(error).__name__}: {error}"}
        world.forget_unfinished()
    print(json.dumps(line | {"seconds": round(time.monotonic() - begun, 1)}), flush=True)
    return bool(line["ok"])


def run_chaos(world: World, size: tuple[int, int], seed: int, slots: int) -> dict[str, object]:
    """Let chaos have its way and return what happened."""
    from tests.faults.chaos import Chaos

    chaos = Chaos(world, seed=seed, slots=slots)
    chaos.run(faults=size[0], jobs=size[1])
    states = world.check_results(chaos.submitted, exact=slots == 2)
    return {"faults": chaos.faults.total(), "jobs": len(chaos.submitted), **states, "kinds": dict(chaos.faults)}


def check_end(world: World) -> dict[str, object]:
    """Nothing is left over, and every stored file is what its name says."""
    from tests.faults import witness

    if found := world.leftovers():
        raise AssertionError("; ".join(found[:5]))
    return {"files": world.verify_files(), **witness.counts()}


if __name__ == "__main__":
    sys.exit(main())
