"""Keeping what the hub must be able to read again so that a copy of the database alone does not tell it."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class BrokenSeal(Exception):
    """It was sealed with another secret key or for something else, or is damaged."""


def seal(data: bytes, purpose: str) -> bytes:
    """Encrypt ``data`` with a key made of the hub's secret key and ``purpose``."""
    return _box(purpose).encrypt(data)


def unseal(sealed: bytes, purpose: str) -> bytes:
    """Return what was sealed for the same ``purpose``; raise :class:`BrokenSeal`."""
    try:
        return _box(purpose).decrypt(bytes(sealed))
    except InvalidToken as error:
        raise BrokenSeal from error


def _box(purpose: str) -> Fernet:
    digest = hashlib.sha256(f"{settings.SECRET_KEY}\0{purpose}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
