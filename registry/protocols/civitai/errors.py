"""Refusals as Civitai's clients read them: one sentence as ``error``, or the validator's tree that they take lists from."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated
from rest_framework.response import Response

from hub import api
from hub.errors import Gone
from registry.errors import RegistryError
from registry.protocols.civitai import words


class BadBase(api.ApiError):
    """None of the base models that were asked for is here; the answer names those that are."""

    def __init__(self, asked: str) -> None:
        super().__init__("invalid", f"baseModels: {asked[:60]!r} is no base model here.")
        self.asked = asked


def not_found(message: str) -> api.ApiError:
    """404. Clients look for the words “not found” to tell a model that is gone from a hub that is ill."""
    return api.ApiError("not_found", message, status=404)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer as the native API does, in the shape that these clients read."""
    if isinstance(error, RegistryError):
        error = api.ApiError(error.code, error.message)
    response = api.exception_handler(error, context)
    if response is None:
        return None
    message = response.data["error"]["message"]
    match error:
        case BadBase():
            response.data = _validator_tree(error)
        case Gone():
            response.data = {"error": f"Model not found. {message}", "mode": "TakenDown", **error.told}
        case MethodNotAllowed():
            response.data = {"error": "Method not allowed"}
        case NotAuthenticated():
            response.data = {"error": "Unauthorized"}
        case _:
            response.data = {"error": message}
    return response


def _validator_tree(error: BadBase) -> dict[str, Any]:
    """What Civitai's validator says of a bad base model: clients ask for one on purpose and read the ``options``."""
    issue = {
        "code": "invalid_enum_value",
        "received": error.asked,
        "options": words.OFFERED_BASES,
        "path": ["baseModels"],
        "message": error.message,
    }
    union = {
        "code": "invalid_union",
        "unionErrors": [{"name": "ZodError", "issues": [issue]}],
        "path": ["baseModels"],
        "message": "Invalid input",
    }
    return {"error": {"name": "ZodError", "message": error.message, "issues": [union]}}
