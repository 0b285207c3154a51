"""``Idempotency-Key``: a request that makes something may be sent again, and makes it once.

The answer is kept in the transaction that made the thing. Whatever breaks before its end leaves neither, so the request may be
sent again; whatever breaks afterwards leaves both, and the answer is given again. A lock that ends with the transaction keeps
others with the same key out: there is no lease that could end too early, and nothing to clear up after a crash.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.datastructures import MultiValueDict
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from hub.api import ApiError
from hub.requests.models import Answer
from hub.sealing import BrokenSeal, seal, unseal

HEADER = "Idempotency-Key"
#: How long an answer is given again.
KEPT = timedelta(hours=24)
#: Printable ASCII without spaces: a UUID, or anything else that nobody guesses.
KEY = re.compile(r"[!-~]{1,255}")
#: Seconds after which a request that is still at work is worth asking for again.
RETRY_SECONDS = 2

Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """Let a view's method take the header. What it raises is not kept: nothing was made then."""

    @wraps(handler)
    def once(view: Any, request: Request, *args: Any, **options: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None or not request.user.is_authenticated:
            return handler(view, request, *args, **options)
        if not KEY.fullmatch(key):
            raise ApiError("invalid", f"{HEADER}: Use 1 to 255 printable ASCII characters without spaces.")
        own = {"owner": request.user, "digest": hashlib.sha256(key.encode()).hexdigest()}
        fingerprint = _fingerprint(request)
        with transaction.atomic():
            _lock(f"{request.user.pk}:{own['digest']}")
            Answer.objects.filter(**own, created__lt=Now() - KEPT).delete()
            known = Answer.objects.filter(**own).first()
            if known is not None:
                return _again(known, fingerprint, key)
            response = handler(view, request, *args, **options)
            _keep(response, own, fingerprint, key)
        return response

    once.takes_idempotency_key = True
    return once


def forget_old() -> int:
    """Delete the answers that are not given again; return how many."""
    deleted, _ = Answer.objects.filter(created__lt=Now() - KEPT).delete()
    return deleted


def _lock(name: str) -> None:
    """Keep others with the same name out until the transaction ends; refuse while somebody does."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        (taken,) = cursor.fetchone()
    if not taken:
        raise ApiError(
            "in_progress",
            f"A request with this {HEADER} is at work. Send it again in {RETRY_SECONDS} seconds.",
            status=409,
            headers={"Retry-After": str(RETRY_SECONDS)},
        )


def _again(known: Answer, fingerprint: str, key: str) -> Response:
    if known.fingerprint != fingerprint:
        raise ApiError("key_reused", f"This {HEADER} was used for another request. Use a new key.", status=422)
    try:
        body = json.loads(unseal(known.body, key))
    except BrokenSeal as error:  # the hub has another secret key since
        raise ApiError(
            "key_reused", "This request was done; its answer can no longer be read. Look at what it made.", status=422
        ) from error
    headers = {"Idempotency-Replayed": "true"} | ({"Location": known.location} if known.location else {})
    return Response(body, status=known.status, headers=headers)


def _keep(response: Response, own: dict[str, Any], fingerprint: str, key: str) -> None:
    """Remember what was answered. Part of the transaction around it."""
    body = seal(json.dumps(response.data, cls=JSONEncoder).encode(), key)
    location = response.headers.get("Location", "")
    Answer.objects.create(**own, fingerprint=fingerprint, status=response.status_code, location=location, body=body)


def _fingerprint(request: Request) -> str:
    """SHA-256 of what is asked for: method, address, and fields and files as they were read.

    Not of the body's bytes: a client that sends a form again sends other boundaries.
    """
    digest = hashlib.sha256()
    _add(digest, request.method, request.get_full_path())
    if isinstance(request.data, MultiValueDict):
        for name, values in sorted(request.data.lists()):
            for value in values:
                told = _digest_of(value) if isinstance(value, UploadedFile) else str(value)
                _add(digest, name, getattr(value, "name", ""), told)
    else:
        _add(digest, json.dumps(request.data, sort_keys=True))
    return digest.hexdigest()


def _add(digest: Any, *parts: str) -> None:
    """Each part with its length, so that no two lists of parts run into the same bytes."""
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8))
        digest.update(data)


def _digest_of(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for piece in file.chunks():
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()
