"""Which hub is used and as whom: the environment, or a file in the user's own folder."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import platformdirs

from starword.errors import BadUsage, StarwordError

URL_VARIABLE = "STARWORD_URL"
TOKEN_VARIABLE = "STARWORD_TOKEN"


@dataclass(frozen=True)
class Access:
    """A hub's address without a slash at its end, and a token for it or an empty text."""

    url: str
    token: str = field(default="", repr=False)


def config_file() -> Path:
    """Where ``login`` keeps address and token."""
    return platformdirs.user_config_path("starword") / "config.json"


def checked_url(text: str) -> str:
    """Return an address as it is used, or raise ``BadUsage``. Without a scheme it is https, on this machine http."""
    text = text.strip()
    if "://" not in text:
        text = f"{'http' if is_loopback(httpx.URL(f'http://{text}').host) else 'https'}://{text}"
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise BadUsage("bad_address", f"{text!r} is no address: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise BadUsage("bad_address", f"{text!r} is no address of a hub; it begins with https:// or http://.")
    if url.userinfo or url.query or url.fragment:
        raise BadUsage("bad_address", "The address of a hub has no name, password, “?” or “#” in it.")
    return str(url).rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, so that what is sent leaves it for no network."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def sends_in_the_clear(access: Access) -> bool:
    """Whether a token would be readable for everybody on the way."""
    url = httpx.URL(access.url)
    return bool(access.token) and url.scheme == "http" and not is_loopback(url.host)


def load(environment: Mapping[str, str] = os.environ) -> Access:
    """Return the hub to use. The stored token goes to the stored address only, whatever the environment says."""
    stored = _stored()
    named = environment.get(URL_VARIABLE, "")
    url = checked_url(named) if named else stored.url
    if not url:
        raise BadUsage("no_hub", f"Which hub? Run “starword login”, or set {URL_VARIABLE}.")
    token = environment.get(TOKEN_VARIABLE, "") or (stored.token if url == stored.url else "")
    return Access(url, token.strip())


def save(access: Access) -> Path:
    """Store a hub and its token for this user alone. The file is never readable for others, not even while written."""
    path = config_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"url": access.url, "token": access.token}, file)
    new.replace(path)
    return path


def forget() -> bool:
    """Remove what ``login`` stored; whether there was anything."""
    try:
        config_file().unlink()
    except FileNotFoundError:
        return False
    return True


def _stored() -> Access:
    path = config_file()
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Access(checked_url(values["url"]), str(values.get("token", "")))
    except FileNotFoundError:
        return Access("")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{path} cannot be read ({error}). Run “starword login” again."
        raise StarwordError("bad_config", message) from error
