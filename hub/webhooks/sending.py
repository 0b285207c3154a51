"""One try: a signed POST to an address that was judged. Follows nothing, reads little, and ends in time."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from hub.webhooks import addresses
from hub.webhooks.models import MAX_EXCERPT_CHARACTERS

#: Seconds for connecting, and for each read and write.
STEP_SECONDS = 5.0
#: Seconds for all of it, however slowly the other side speaks.
WHOLE_SECONDS = 10.0
#: Bytes of an answer that are read; nothing in it matters but the status.
MAX_ANSWER_BYTES = 4 * MAX_EXCERPT_CHARACTERS
SIGNATURE = "X-Starword-Signature"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try went: ``status`` is None where there was no answer, and ``problem`` says why."""

    status: int | None = None
    milliseconds: int = 0
    excerpt: str = ""
    problem: str = ""

    @property
    def arrived(self) -> bool:
        """Whether the other side took it."""
        return self.status is not None and 200 <= self.status < 300


def signature(secrets: list[bytes], moment: int, body: bytes) -> str:
    """``t=…,v1=…``: the time in seconds, and for each secret the HMAC-SHA256 of time, a dot and the body."""
    signed = f"{moment}.".encode() + body
    return ",".join([f"t={moment}", *(f"v1={hmac.new(key, signed, hashlib.sha256).hexdigest()}" for key in secrets)])


def send(url: str, secrets: list[bytes], payload: dict[str, Any]) -> Outcome:
    """Send it once. Never raises for what the other side does, and touches no database."""
    begun = time.monotonic()
    try:
        target = addresses.parse(url)
        status, answer = _post(target, _body(payload), secrets, payload)
    except addresses.BadAddress as error:
        return Outcome(milliseconds=_since(begun), problem=error.message)
    except ssl.SSLCertVerificationError as error:
        return Outcome(
            milliseconds=_since(begun),
            problem=_("Its certificate is not valid: %(reason)s") % {"reason": error.verify_message},
        )
    except TimeoutError:
        return Outcome(milliseconds=_since(begun), problem=_("It did not answer in time."))
    except (OSError, http.client.HTTPException, ValueError) as error:
        problem = _("No connection: %(reason)s") % {"reason": _reason(error)}
        return Outcome(milliseconds=_since(begun), problem=problem[:300])
    excerpt = answer.decode("utf-8", "replace").replace("\0", "\ufffd")[:MAX_EXCERPT_CHARACTERS]
    return Outcome(status=status, milliseconds=_since(begun), excerpt=excerpt)


def _body(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def _post(target: addresses.Target, body: bytes, secrets: list[bytes], payload: dict[str, Any]) -> tuple[int, bytes]:
    """Return status and the beginning of the answer."""
    with _connected(target) as sock, _deadline(sock):
        speaking = http.client.HTTPConnection(target.host, target.port)
        speaking.sock = sock
        speaking.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
        headers = {
            "Host": target.authority,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": f"Starword/{settings.VERSION}",
            "Connection": "close",
            "X-Starword-Event": payload["event"],
            "X-Starword-Delivery": payload["id"],
            SIGNATURE: signature(secrets, int(time.time()), body),
        }
        for name, value in headers.items():
            speaking.putheader(name, value)
        speaking.endheaders(body)
        with speaking.getresponse() as response:
            return response.status, response.read(MAX_ANSWER_BYTES)


@contextmanager
def _connected(target: addresses.Target) -> Iterator[socket.socket]:
    """A connection to the address that was judged; the certificate must be that of the name."""
    sock = socket.create_connection((addresses.resolve(target), target.port), STEP_SECONDS)
    with sock:
        if target.scheme == "http":
            yield sock
            return
        with ssl.create_default_context().wrap_socket(sock, server_hostname=target.host) as wrapped:
            yield wrapped


@contextmanager
def _deadline(sock: socket.socket) -> Iterator[None]:
    """Cut the connection when the time is over: a byte now and then would pass by the timeout of each read.

    Raises ``TimeoutError`` then: what was read of a head that was cut looks like a whole one.
    """
    late = threading.Event()

    def cut() -> None:
        late.set()
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it ended by itself

    timer = threading.Timer(WHOLE_SECONDS, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():
            raise TimeoutError


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
