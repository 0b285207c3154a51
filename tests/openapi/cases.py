"""How requests are made of the description, and what is asked of every answer."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: The web server's own answer to an address beyond its limit: no operation ever sees the request.
TOO_LONG = 414
#: Of five requests with something in their path, so many are about something that there is.
KNOWN_IN_FIVE = 4


def probe(
    operation: Any, mode: GenerationMode, keys: dict[str, list[Any]], count: int, ask: Callable[[Case], Response]
) -> str:
    """Try an operation with ``count`` requests, such as its description allows or forbids; say what was found, or nothing."""

    @settings(
        max_examples=count, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: Case) -> None:
        case.path_parameters = at_home(keys, case.path_parameters)
        answer = ask(case)
        if answer.status_code != TOO_LONG:
            case.validate_response(answer, checks=CHECKS)

    try:
        each()
    except Unsatisfiable:
        return ""  # nothing in it can be wrong
    except (Exception, FailureGroup) as error:
        return f"{operation.label}, {mode.value}: {error}"
    return ""


def at_home(keys: dict[str, list[Any]], parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Replace most made-up path parameters by those of things that there are; which, follows from what was made up."""
    if not parameters:
        return parameters
    known = dict(parameters)
    for name, value in parameters.items():
        drawn = zlib.crc32(repr(value).encode("utf-8", "replace"))
        if keys.get(name) and drawn % 5 < KNOWN_IN_FIVE:
            known[name] = keys[name][drawn // 5 % len(keys[name])]
    return known
