"""What all commands share: the hub that is used, and errors that become a sentence and an exit status."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, ParamSpec, TypeVar

import typer

from starword import config
from starword.cli.output import say, say_error
from starword.errors import INTERRUPTED, StarwordError
from starword.hub import Hub
from starword.places import PlaceName

P = ParamSpec("P")
R = TypeVar("R")

#: The option of every command that prints data.
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def opened(named: PlaceName | None = None) -> Hub:
    """The hub of the environment or of ``starword login``, where ``named`` is. Warns where its token can be read on the way."""
    access = config.load()
    if named is not None:
        named.check_hub(access.url)
    warn_of_clear_text(access)
    return Hub(access.url, access.token)


def warn_of_clear_text(access: config.Access) -> None:
    """Say that a token goes over a network unencrypted, where it does."""
    if config.sends_in_the_clear(access):
        say(f"Warning: {access.url} is not encrypted. Whoever is on the way can read your token; use https://.")


def reporting(command: Callable[P, R]) -> Callable[P, R]:
    """Turn what a command raises into its exit status."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        as_json = bool(kwargs.get("as_json"))
        try:
            return command(*args, **kwargs)
        except StarwordError as error:
            message = error.message
            if error.code == "not_authenticated":
                message = "This needs an account. Run “starword login” to sign in."
            say_error(error.code, message, error.fields, as_json)
            raise typer.Exit(error.exit_status) from error
        except BrokenPipeError:
            raise  # main() ends quietly
        except OSError as error:
            say_error("file", ": ".join(filter(None, (error.filename, error.strerror or str(error)))), {}, as_json)
            raise typer.Exit(1) from error
        except (KeyboardInterrupt, typer.Abort) as error:
            say("Interrupted.")
            raise typer.Exit(INTERRUPTED) from error

    return run
