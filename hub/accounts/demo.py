"""The demo account of an embedded run. It never exists on a database that an operator configured."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import TypedDict

from django.conf import settings

from hub.accounts.models import ApiToken, Scope, User

LOGIN = "demo"
TOKEN_NAME = "demo"


class Demo(TypedDict):
    """What ``var/demo.json`` holds."""

    url: str
    login: str
    password: str
    token: str


def ensure_demo(*, url: str, path: Path) -> Demo:
    """Make the demo account and token on first use; write ``path``, readable by its owner only.

    The password and token are random, differ between runs of different folders, and are kept while the file is.
    Raises ``RuntimeError`` when the database is not the embedded one.
    """
    if not settings.EMBEDDED:
        raise RuntimeError("The demo account exists only in an embedded run.")
    user = User.objects.filter(username=LOGIN).first()
    known = _read(path)
    if user is None or known is None or not user.check_password(known["password"]) or not _valid(known["token"]):
        user = user or User(username=LOGIN)
        password = secrets.token_urlsafe(9)
        user.set_password(password)
        user.save()
        user.tokens.filter(name=TOKEN_NAME).delete()
        _, token = ApiToken.issue(owner=user, name=TOKEN_NAME, scopes=list(Scope.values))
        known = Demo(url=url, login=LOGIN, password=password, token=token)
    known["url"] = url
    _write(path, known)
    return known


def _read(path: Path) -> Demo | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Demo(**{key: str(values[key]) for key in ("url", "login", "password", "token")})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _valid(token: str) -> bool:
    return ApiToken.objects.filter(digest=ApiToken.digest_of(token), owner__username=LOGIN).exists()


def _write(path: Path, demo: Demo) -> None:
    temporary = path.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(demo, file, indent=2)
    temporary.replace(path)
