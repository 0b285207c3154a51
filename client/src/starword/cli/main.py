"""The command ``starword``."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from starword.cli import account, catalogue, download, train, upload
from starword.errors import INTERRUPTED

_HELP = """Search, download, upload and train textual-inversion embeddings on a Starword hub.

The hub is the one of “starword login”, or that of STARWORD_URL and STARWORD_TOKEN.

Exit status: 0 done, 1 anything else, 2 wrong usage, 3 not found, 4 not signed in or not allowed, 5 refused by the hub,
6 hub not reached, 7 wrong bytes, 8 job failed, 9 job cancelled, 130 Ctrl-C.
"""

# Tracebacks with local variables could show the token.
app = typer.Typer(help=_HELP, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
for command in (
    account.login,
    account.logout,
    catalogue.search,
    catalogue.show,
    download.download,
    upload.upload,
    train.train,
    train.watch,
    catalogue.resolve,
    train.jobs,
    train.cancel,
):
    app.command()(command)


def _tell_version(asked: bool) -> None:
    if asked:
        print(version("starword-client"))
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # for letters that a terminal or a pipe of this system has not
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
