"""How an embedding is named on a command line: ``OWNER/NAME``, with ``@v2`` for a version, or the address of its page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from starword.config import is_loopback
from starword.errors import BadUsage

_PLACE = re.compile(r"(?P<owner>[^/@\s]+)/(?P<name>[^/@\s]+?)(?:@v?(?P<version>[1-9]\d{0,8}))?")


@dataclass(frozen=True)
class PlaceName:
    """An embedding, a version where one was named, and the hub's address where that of a page was given."""

    owner: str
    name: str
    version: int | None = None
    page: str = ""

    def check_hub(self, url: str) -> None:
        """Raise ``BadUsage`` where a page of another hub than that at ``url`` was named: what is called alike there is another."""
        if self.page and _place_of(self.page) != _place_of(url):
            message = (
                f"{self.page} is a page of another hub than {url}. Name its hub by STARWORD_URL, or sign in there."
            )
            raise BadUsage("other_hub", message)


def parse_place(text: str) -> PlaceName:
    """Read ``OWNER/NAME``, ``OWNER/NAME@v2`` or a page's address. Raises ``BadUsage``."""
    is_page = text.startswith(("http://", "https://"))
    try:
        address = urlsplit(text if is_page else "")
        _ = address.port  # looked at only now
    except ValueError as error:
        raise BadUsage("bad_place", f"{text!r} is no address: {error}.") from error
    match = _PLACE.fullmatch((unquote(address.path) if is_page else text).strip("/"))
    if match is None:
        raise BadUsage("bad_place", f"{text!r} names no embedding; write OWNER/NAME or OWNER/NAME@v2.")
    version = match["version"] or parse_qs(address.query).get("version", [""])[0]
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
    return PlaceName(match["owner"], match["name"], number, text if is_page else "")


def _place_of(url: str) -> tuple[str, int | None]:
    """Host and port, where this machine is one host under all of its names."""
    address = urlsplit(url)
    host = address.hostname or ""
    return "localhost" if is_loopback(host) else host, address.port
