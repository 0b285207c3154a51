"""Requests to one hub and to nothing else: bounded answers, one shape of errors, another try while the hub is away."""

from __future__ import annotations

import email.utils
import json
import random
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from importlib.metadata import version
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from starword.config import Access
from starword.errors import BadAnswer, NotAllowed, StarwordError, Unreachable, of_status

#: Bytes of an answer in JSON; a page of 100 embeddings with many versions takes a few million.
MAX_ANSWER_BYTES = 32 * 1024 * 1024
#: How often something is asked for.
TRIES = 4
#: Seconds before the second try; doubled for each further one.
FIRST_PAUSE = 0.5
#: Seconds that a hub may ask to wait; what is longer is told to the person instead.
LONGEST_PAUSE = 60.0
#: Redirects within the hub, such as to an address with a slash.
MAX_REDIRECTS = 5
T = TypeVar("T")
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)


class Transport:
    """Requests to the hub of ``access``. Its token leaves for no other scheme, host or port."""

    def __init__(self, access: Access) -> None:
        self.access = access
        headers = {"User-Agent": f"starword/{version('starword-client')}", "Accept-Encoding": "identity"}
        if access.token:
            if not (access.token.isascii() and access.token.isprintable()):
                raise NotAllowed("bad_token", "The token has characters that no token has. Run “starword login” again.")
            headers["Authorization"] = f"Bearer {access.token}"
        self._client = httpx.Client(headers=headers, timeout=_TIMEOUT, follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, **asked: Any) -> Any:
        """GET an address below the API and return its JSON; ``asked`` are query parameters, None for none."""
        return self.get_changed(path, "", **asked)[0]

    def get_changed(self, path: str, etag: str, **asked: Any) -> tuple[Any, str]:
        """GET JSON that is not the one of ``etag``, and its ETag. None where nothing has changed."""
        with closing(self.open(path, asked, {"If-None-Match": etag} if etag else {})) as answer:
            if answer.status_code == 304:
                return None, etag
            return _json(answer), answer.headers.get("ETag", "")

    def send(self, method: str, path: str, **body: Any) -> Any:
        """Send something that changes something; ``body`` is httpx's ``data``, ``files`` or ``json``.

        It has a key of its own, so that the hub does it once however often it is sent.
        """
        request = self._request(method, path, headers={"Idempotency-Key": uuid4().hex}, **body)

        def ask() -> Any:
            with closing(self._answered(request)) as answer:
                return _json(answer) if answer.status_code != 204 else None

        return _until_answered(ask)

    def open(
        self, path: str, asked: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """GET and leave the body to be read, and the answer to be closed. Tried again while the hub is away or busy."""
        kept = {name: value for name, value in (asked or {}).items() if value not in (None, "")}
        return _until_answered(lambda: self._answered(self._request("GET", path, params=kept, headers=headers)))

    def _request(self, method: str, path: str, **options: Any) -> httpx.Request:
        return self._client.build_request(method, f"{self.access.url}/api/hub/{path}", **options)

    def _answered(self, request: httpx.Request) -> httpx.Response:
        """An answer below 400, of redirects the last; its body is not read yet. Any other is raised."""
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._sent(request)
            if answer.status_code < 400 and answer.next_request is None:
                return answer
            with closing(answer):
                if answer.status_code >= 400:
                    raise _error(answer)
                request = self._followed(request, answer.next_request)
        raise BadAnswer("redirected", "The hub sends in circles.")

    def _sent(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._client.send(request, stream=True)
        except httpx.TransportError as error:
            raise unreachable(self.access.url, error) from error

    def _followed(self, request: httpx.Request, following: httpx.Request) -> httpx.Request:
        """The next request of a redirect, which must be a GET that stays with the hub."""
        was, now = request.url, following.url
        if request.method != "GET" or (was.scheme, was.host, was.port) != (now.scheme, now.host, now.port):
            message = f"{self.access.url} sends on to {_origin(now)}. Nothing was sent there; if that is your hub, use its address."
            raise BadAnswer("redirected", message)
        return following


def unreachable(url: str, error: Exception) -> Unreachable:
    """What is told when a connection could not be made, or broke."""
    reason = str(error) or type(error).__name__
    return Unreachable("unreachable", f"{url} cannot be reached: {reason}")


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"


def _until_answered(ask: Callable[[], T]) -> T:
    """Ask until the hub is there and has time, as often and as long as is reasonable."""
    for tries in range(TRIES):
        try:
            return ask()
        except Unreachable as error:
            pause = _pause(error, tries)
            if tries == TRIES - 1 or pause > LONGEST_PAUSE:
                raise
        time.sleep(pause)
    raise AssertionError("the last try returns or raises")


def _pause(error: Unreachable, tries: int) -> float:
    """Seconds until another try: what the hub asks for, or longer each time, and not for all clients at one moment."""
    return error.retry_after if error.retry_after is not None else FIRST_PAUSE * 2**tries * random.uniform(0.8, 1.2)


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds that an answer asks to wait, given as such or as a date."""
    text = answer.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except ValueError:
        return None


def _error(answer: httpx.Response) -> StarwordError:
    """The exception for an answer that says no, in the hub's words where it has any."""
    status = answer.status_code
    code, message, fields = f"http_{status}", f"The hub answered {status} {answer.reason_phrase}.", {}
    try:
        told = _json(answer)["error"]
        code, message, fields = str(told["code"]), str(told["message"]), dict(told.get("fields") or {})
    except (BadAnswer, KeyError, TypeError, ValueError):
        pass  # a proxy in front of the hub speaks its own language
    error = of_status(status, code, message, fields)
    if isinstance(error, Unreachable):
        error.retry_after = _retry_after(answer)
    return error


def _json(answer: httpx.Response) -> Any:
    body = bytearray()
    try:
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise BadAnswer("bad_answer", "The hub compressed its answer, which was not asked for.")
        for chunk in answer.iter_raw():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise BadAnswer("bad_answer", f"The hub's answer has more than {MAX_ANSWER_BYTES} bytes.")
        return json.loads(body)
    except httpx.TransportError as error:
        raise unreachable(_origin(answer.url), error) from error
    except (ValueError, RecursionError) as error:
        message = f"{_origin(answer.url)} does not answer as a Starword hub does."
        raise BadAnswer("bad_answer", message) from error
