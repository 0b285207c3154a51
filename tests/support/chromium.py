"""The Chromium of this machine, and how it is started: with nothing but this machine to talk to."""

from __future__ import annotations

import shutil

QUIET = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever is asked of another host fails, as it does on a machine without a net.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
MISSING = "no Chromium on this machine; on Debian: apt-get install chromium"


def find() -> str | None:
    """Path of the program, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
