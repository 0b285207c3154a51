"""Refusals of the registry."""

from __future__ import annotations


class RegistryError(Exception):
    """What was asked cannot be done.

    ``code`` is stable, ``message`` says what is wrong and what to do, ``field`` names the input concerned ("" for none).
    """

    def __init__(self, code: str, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
