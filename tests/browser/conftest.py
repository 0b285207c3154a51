"""A real Chromium, one for the run; every page must be free of script and policy errors and of foreign requests."""

from __future__ import annotations

import os
import shutil

import pytest

# Playwright keeps an event loop in this thread, which Django would take for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

QUIET = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


def is_problem(message):
    """A refused form answers 422, which Chromium reports as an error; it is none."""
    return message.type == "error" and "422" not in message.text


@pytest.fixture
def open_page(browser, live_server):
    """Make a page of the given width and scheme; complain at the end about anything that went wrong in it."""
    problems, contexts = [], []

    def make(*, width=1280, scheme="light", scripts=True, user=None):
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        contexts.append(context)
        if user is not None:
            from django.conf import settings
            from django.test import Client

            client = Client()
            client.force_login(user)
            value = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if is_problem(message) else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request",
            lambda request: problems.append(request.url) if not request.url.startswith(live_server.url) else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert not problems
