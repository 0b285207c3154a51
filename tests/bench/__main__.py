"""``python -m tests.bench [api] [formats] [hub] [similar] [web]``: measure and print one JSON object a line."""

from __future__ import annotations

import argparse

from tests.bench import api, formats, hub, similar, web

PARTS = {"api": api.main, "formats": formats.main, "hub": hub.main, "similar": similar.main, "web": web.main}


def main() -> None:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS], help="what to measure; all by default")
    for part in parser.parse_args().parts or PARTS:
        PARTS[part]()


if __name__ == "__main__":
    main()
