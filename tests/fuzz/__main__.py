"""``python -m tests.fuzz [--minutes N]``: bend embedding files, led by the lines of the readers that they reach.

Stops at the first input that raises anything but a ``FormatError`` or takes over a second, leaves that input in
``var/fuzz/findings`` and ends with an error. What was reached is kept in ``var/fuzz/corpus`` for the next run.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

FOLDER = Path("var/fuzz")
#: Seconds of waiting after which an input counts as a hang, for one that never ends. The target measures the processor's
#: time; on a busy machine an input may wait far longer than it works.
HANG_SECONDS = 120
#: MB that the whole process may take; one input may take far less (see the target).
PROCESS_MB = 1024


def main() -> None:
    """Fuzz for some minutes, or read the inputs that are named once each."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers; 0 for another one in each run")
    parser.add_argument("inputs", nargs="*", type=Path, help="findings to try again, instead of fuzzing")
    options = parser.parse_args()
    if options.inputs:
        from tests.fuzz.target import check

        for path in options.inputs:
            check(path.read_bytes())
            print(f"{path}: no finding")
        return
    _fuzz(options.minutes, options.seed)


def _fuzz(minutes: float, seed: int) -> None:
    try:
        import atheris
    except ImportError:
        sys.exit("The fuzzer needs atheris: pip install '.[fuzz]'")
    # Only modules that are imported here for the first time tell the fuzzer which of their lines were reached.
    with atheris.instrument_imports(include=["registry.formats"]):
        from tests.fuzz import target
    from tests.fuzz import seeds
    from tests.fuzz.mutate import structured

    corpus, findings, words = FOLDER / "corpus", FOLDER / "findings", FOLDER / "words.dict"
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    words.write_text(seeds.dictionary())
    for data in (*seeds.generated(), *seeds.found().values()):
        (corpus / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
    settings = {
        "max_total_time": round(minutes * 60), "max_len": seeds.MAX_SEED_BYTES, "timeout": HANG_SECONDS, "rss_limit_mb": PROCESS_MB,
        "dict": words, "artifact_prefix": f"{findings}/", "seed": seed, "print_final_stats": 1,
    }  # fmt: skip

    def mutator(data: bytes, max_size: int, chance: int) -> bytes:
        return structured(data, max_size, chance, atheris.Mutate)

    atheris.Setup(
        [sys.argv[0], *(f"-{name}={value}" for name, value in settings.items()), str(corpus)],
        target.check,
        custom_mutator=mutator,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
