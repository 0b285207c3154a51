"""``starword login`` and ``logout``."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from starword import config
from starword.cli.output import ask, say, tell
from starword.cli.reporting import reporting, warn_of_clear_text
from starword.errors import BadAnswer, BadUsage, NotFound
from starword.hub import Hub
from starword.models import Account


@reporting
def login(
    url: Annotated[str, typer.Argument(help="Address of the hub; asked for without one.", show_default=False)] = "",
) -> None:
    """Keep a hub's address and your token for it, after trying them.

    The token is asked for, or taken from STARWORD_TOKEN or from the standard input: on the command line others could see it.
    """
    chosen = url or os.environ.get(config.URL_VARIABLE, "") or _ask_address()
    access = config.Access(
        config.checked_url(chosen), os.environ.get(config.TOKEN_VARIABLE, "").strip() or _ask_token()
    )
    if not access.token:
        raise BadUsage("no_token", "There is no token. Make one on your tokens page of the hub.")
    warn_of_clear_text(access)
    with Hub(access.url, access.token) as hub:
        account = _account(hub)
    path = config.save(access)
    tell(f"Signed in to {access.url} as {account.login}; the token may {', '.join(account.scopes)}.")
    say(f"Kept in {path}, for you alone.")


@reporting
def logout() -> None:
    """Forget the address and the token. The token itself stays valid: revoke it on your tokens page."""
    tell("Forgotten." if config.forget() else "Nobody was signed in.")


def _account(hub: Hub) -> Account:
    try:
        return hub.me()
    except NotFound as error:
        message = f"There is no Starword hub at {hub.url}. Give the address of its first page."
        raise BadAnswer("no_hub", message) from error


def _ask_address() -> str:
    if not sys.stdin.isatty():
        raise BadUsage("no_hub", f"Which hub? Name its address, or set {config.URL_VARIABLE}.")
    return ask("Address of the hub:")


def _ask_token() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return typer.prompt("Token (from your tokens page; not shown)", hide_input=True, err=True).strip()
