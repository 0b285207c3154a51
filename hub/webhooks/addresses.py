"""Which addresses a webhook may be sent to: none that only this network reaches, unless the operator allows it.

The name is looked up once, every address that it has is judged, and the connection goes to one of those that were judged: a name
that means something else a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

DEFAULT_PORTS = {"http": 80, "https": 443}
#: Ports below this, but for those of the web, are of services that no webhook means.
FIRST_FREE_PORT = 1024
#: Networks in which an IPv4 address is written as a part of an IPv6 one (RFC 6052, RFC 3056).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: Of networks themselves, which older releases of Python take for public: protocol assignments, in which a cloud tells its
#: machines their keys (RFC 6890), relays (RFC 7526), NAT64 of one's own (RFC 8215), documentation (RFC 9637).
_INSIDE = [ipaddress.ip_network(name) for name in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "3fff::/20")]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadAddress(Exception):
    """Nothing is sent there; ``message`` says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the header ``Host``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """Take a webhook's address apart; raise :class:`BadAddress` for one that nothing is sent to. Looks no name up."""
    if not url.isascii() or not url.isprintable() or any(character in url for character in " \\"):
        raise BadAddress(_("Write the address in plain letters, without spaces."))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadAddress(_("This is no whole address. Give one such as https://example.org/hook.")) from error
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise BadAddress(_("This is no whole address. Give one such as https://example.org/hook."))
    if "@" in parts.netloc:
        raise BadAddress(_("Leave user name and password out of the address; the signature proves who sends it."))
    if parts.fragment:
        raise BadAddress(_("Leave out what follows the #; it is never sent."))
    port = DEFAULT_PORTS[parts.scheme] if port is None else port
    if port < FIRST_FREE_PORT and port not in DEFAULT_PORTS.values():
        raise BadAddress(_("Use port 80, 443, or one from 1024 up."))
    literal = _literal(host)
    if literal is not None and not is_allowed(literal):
        raise BadAddress(_("This address is reached only from within a network. Give a public one."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def resolve(target: Target) -> str:
    """Return the address to connect to; raise :class:`BadAddress` unless all that the name has are allowed."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadAddress(_("The name %(host)s has no address.") % {"host": target.host}) from error
    addresses = [str(entry[4][0]) for entry in found]
    if not all(is_allowed(ipaddress.ip_address(address)) for address in addresses):
        raise BadAddress(_("%(host)s is reached only from within a network.") % {"host": target.host})
    return addresses[0]


def is_allowed(address: Address) -> bool:
    """Whether something may be sent there."""
    return settings.HUB_WEBHOOKS_PRIVATE or _is_public(address)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        written = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _NAT64:
            written = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if written is not None and not _is_public(written):
            return False
    inside = any(address in network for network in _INSIDE)
    return address.is_global and not (inside or address.is_multicast or address.is_reserved)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
