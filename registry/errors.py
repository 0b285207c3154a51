"""Refusals of the registry."""

from __future__ import annotations


class RegistryError(Exception):
    """What was asked cannot be done.

    ``code`` is stable, ``message`` says what is wrong and what to do, ``field`` names the input concerned ("" for none),
    ``part`` which embedding of an upload of several it belongs to, counted from 0.
    """

    def __init__(self, code: str, message: str, *, field: str = "", part: int = 0) -> None:
        super().__init__(message)
        self.part = part
        self.code = code
        self.message = message
        self.field = field
