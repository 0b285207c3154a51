"""Webhooks, as a person with a browser makes one, tests it, and reads its log."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from hub.webhooks import deliveries, events
from hub.webhooks.models import Webhook
from tests.support.hook_server import HookServer

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_webhook_is_made_tested_and_its_log_read(open_page, axe, keep, alice, settings):
    settings.HUB_WEBHOOKS_PRIVATE = True
    with HookServer() as server:
        page = open_page(width=360, scheme="dark", user=alice)
        page.goto("/accounts/webhooks/")
        page.get_by_label("Address").fill("http://example.org:22/")
        page.get_by_role("button", name="Make a webhook").click()
        page.get_by_text("Use port 80, 443").wait_for()
        page.get_by_label("Address").fill(f"{server.url}/{'a-long-way-' * 12}")
        page.get_by_role("button", name="Make a webhook").click()
        page.get_by_text("swh_").wait_for()
        axe(page)
        keep(page, "webhooks-phone")
        page.get_by_role("link", name="a-long-way").click()
        page.get_by_role("button", name="Send a test").click()
        page.get_by_text("A test is on its way.").wait_for()
        deliveries.send_due(lambda: False)
        server.status, server.body = 500, b"Something broke here, and this is what it said of it. " * 8
        webhook = Webhook.objects.get()
        events.emit(owner_id=alice.pk, event="published", key="x", data=dict)
        deliveries.send_due(lambda: False)
    deliveries.send_due(lambda: False)
    events.ping(webhook)
    deliveries.send_due(lambda: False)
    page.reload()
    expect(page.get_by_text("answered 200")).to_be_visible()
    page.get_by_text("Details").nth(1).click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe(page)
    keep(page, "webhook-phone")
    wide = open_page(width=1440, user=alice)
    wide.goto(f"/accounts/webhooks/{webhook.pk}/")
    axe(wide)
    keep(wide, "webhook-wide")
    wide.get_by_role("button", name="Stop").click()
    wide.get_by_text("Nothing is sent to it now.").wait_for()
    assert not Webhook.objects.get().active
