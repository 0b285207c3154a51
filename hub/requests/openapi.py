"""The description of the native API: beside what serializers say, every status that a route may answer, and its head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework.permissions import AllowAny, IsAuthenticated

from hub.requests.idempotency import HEADER

Handler = Callable[..., Any]

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "For programs; it stays."},
                "message": {"type": "string", "description": "For people: what is wrong and what to do."},
                "fields": {
                    "type": "object",
                    "description": "What is wrong with each field.",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
            },
            "additionalProperties": False,
        }
    },
}
_TOMBSTONE = {
    "type": "object",
    "required": ["error", "tombstone"],
    "properties": {**_ERROR["properties"], "tombstone": {"type": "object", "description": "What is left of it."}},
}
_REFUSALS = {
    400: ("Invalid", "Something in the request makes no sense; `fields` says what."),
    401: ("NotAuthenticated", "It needs a token, or the token is unknown, revoked or expired."),
    403: ("Forbidden", "The token lacks a scope, or you may see this and not do that."),
    404: ("NotFound", "There is nothing here, or nothing that you may see; or the cursor is not of this list."),
    406: ("NotAcceptable", "`Accept` leaves out what this route sends."),
    409: ("Conflict", "It contradicts what there is; `code` says how. `in_progress` comes with `Retry-After`."),
    410: ("Gone", "It was taken down."),
    412: ("Changed", "`If-Match` names another state than the present one."),
    413: ("TooLarge", "The body is too large."),
    415: ("UnsupportedMediaType", "The body is of a kind that this route does not take."),
    422: ("KeyReused", f"The `{HEADER}` was used for another request."),
    429: ("TooMany", "Too many requests. Wait as long as `Retry-After` says."),
}
_HEADERS = {
    401: {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}},
    409: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}},
    429: {"Retry-After": {"required": True, "description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}},
}
_IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "description": "`ETag` of what you have: 304 where it is that still.",
    "schema": {"type": "string"},
}
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "description": "`ETag` of what you read: 412 where it was changed since.",
    "schema": {"type": "string"},
}
_IDEMPOTENCY_KEY = {
    "in": "header",
    "name": HEADER,
    "description": "Made up by you, for example a UUID: sent again within 24 hours, the request is done once and answered alike.",
    "schema": {"type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": 255},
}


def answers(*statuses: int) -> Callable[[Handler], Handler]:
    """Say which refusals a view's method knows besides those that follow from its address and body."""

    def mark(handler: Handler) -> Handler:
        handler.refusals = statuses
        return handler

    return mark


class HubSchema(AutoSchema):
    """Adds refusals and headers to an operation."""

    def get_operation(self, *args: Any, **options: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **options)
        if operation is None:
            return None
        handler = getattr(self.view, self.method.lower())
        idempotent = getattr(handler, "takes_idempotency_key", False)
        conditional = 412 in getattr(handler, "refusals", ())
        parameters = operation.setdefault("parameters", [])
        parameters += [_IDEMPOTENCY_KEY] * idempotent + [_IF_MATCH] * conditional
        responses = operation["responses"]
        if self.method == "GET":
            self._let_be_asked_again(operation)
        for status in sorted(self._refusals(operation, handler, idempotent)):
            responses.setdefault(str(status), self._refusal(status))
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    def _let_be_asked_again(self, operation: dict[str, Any]) -> None:
        answered = operation["responses"].get("200", {})
        if "application/zip" in answered.get("content", {}):  # written anew for each request
            return
        operation["parameters"].append(_IF_NONE_MATCH)
        answered.setdefault("headers", {})["ETag"] = {"schema": {"type": "string"}}
        operation["responses"]["304"] = {"description": "It is what you have."}

    def _refusals(self, operation: dict[str, Any], handler: Handler, idempotent: bool) -> set[int]:
        statuses = {401, 403, 406, 429, *getattr(self.view, "refusals", ()), *getattr(handler, "refusals", ())}
        if "requestBody" in operation:
            statuses |= {400, 413, 415}
        places = {parameter["in"] for parameter in operation["parameters"]}
        if "query" in places:
            statuses.add(400)
        if "path" in places or any(parameter["name"] == "cursor" for parameter in operation["parameters"]):
            statuses.add(404)
        return statuses | ({400, 409, 422} if idempotent else set())

    def _refusal(self, status: int) -> dict[str, str]:
        name, description = _REFUSALS[status]
        shape = ("Tombstone", _TOMBSTONE) if status == 410 else ("Error", _ERROR)
        described = self._component(ResolvedComponent.SCHEMA, *shape)
        answer = {
            "description": description,
            "content": {"application/json": {"schema": described}},
            "headers": _HEADERS.get(status, {}),
        }
        return self._component(ResolvedComponent.RESPONSE, name, {key: value for key, value in answer.items() if value})

    def _component(self, kind: str, name: str, schema: dict[str, Any]) -> dict[str, str]:
        component = ResolvedComponent(name=name, type=kind, schema=schema, object=name)
        self.registry.register_on_missing(component)
        return component.ref

    def get_auth(self) -> list[dict[str, Any]]:
        """Nobody needs a token where the permissions only look at the scopes of one that is sent."""
        auth = super().get_auth()
        permissions = self.view.get_permissions()
        public = all(
            getattr(permission, "for_everybody", isinstance(permission, AllowAny)) for permission in permissions
        )
        needs_account = any(isinstance(permission, IsAuthenticated) for permission in permissions)
        return [*auth, {}] if public and not needs_account and {} not in auth else auth


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Hook: say plainly what the generator says in a way that contradicts itself."""
    return _plain(result)


def _plain(node: Any) -> Any:
    """Anything at all includes null; written as one of the two, null would be both and so neither."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {name: _plain(item) for name, item in node.items() if not (name == "oneOf" and {} in item)}
