"""Every operation of the native API answers as its description says: the short form of ``make fuzz-api``."""

from __future__ import annotations

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from schemathesis import GenerationMode

from hub.wsgi import application
from tests.openapi.cases import probe
from tests.openapi.world import build


@pytest.fixture
def one_connection():
    """Requests stay within the test's transaction, as those of Django's own test client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize(("who", "count"), [("with a token", 1), ("without", 1)])
def test_every_operation_answers_as_described(who, count, db, settings, one_connection):
    settings.HUB_API_REQUESTS = settings.HUB_API_ANONYMOUS_REQUESTS = 10**7
    world = build(3)
    headers = {"Authorization": f"Bearer {world['token']}"} if who == "with a token" else {}

    def ask(case):
        with transaction.atomic():  # what one request deletes is there for the next
            response = case.call(headers=headers)
            transaction.set_rollback(True)
        return response

    schema = schemathesis.openapi.from_wsgi("/api/hub/schema", application, headers={"Accept": "application/json"})
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 50
    found = [probe(each, mode, world["keys"], count, ask) for each in operations for mode in GenerationMode]
    assert "\n\n".join(filter(None, found)) == ""
