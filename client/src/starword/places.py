"""How an embedding is named on a command line: ``OWNER/NAME``, with ``@v2`` for a version, or the address of its page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from starword.errors import BadUsage

_PLACE = re.compile(r"(?P<owner>[^/@\s]+)/(?P<name>[^/@\s]+?)(?:@v?(?P<version>[1-9]\d{0,8}))?")


@dataclass(frozen=True)
class PlaceName:
    """An embedding, and a version where one was named."""

    owner: str
    name: str
    version: int | None = None


def parse_place(text: str) -> PlaceName:
    """Read ``OWNER/NAME``, ``OWNER/NAME@v2`` or a page's address. Raises ``BadUsage``."""
    path = unquote(urlsplit(text).path) if text.startswith(("http://", "https://")) else text
    match = _PLACE.fullmatch(path.strip("/"))
    if match is None:
        raise BadUsage("bad_place", f"{text!r} names no embedding; write OWNER/NAME or OWNER/NAME@v2.")
    version = match["version"]
    return PlaceName(match["owner"], match["name"], int(version) if version else None)
