"""A real Chromium, one for the run; every page must be free of script and policy errors and of foreign requests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# Playwright keeps an event loop in this thread, which Django would take for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

#: Where pictures of pages are kept for people to look at; a folder of CI's artefacts, or ``var/screenshots``.
SCREENSHOTS = Path(
    os.environ.get("STARWORD_SCREENSHOTS") or Path(__file__).resolve().parents[2] / "var" / "screenshots"
)
#: Every rule of WCAG 2.0, 2.1 and 2.2 at levels A and AA.
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
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
    """Refused forms, wrong addresses and what was taken down have their statuses, which Chromium reports; they are no faults."""
    return message.type == "error" and not any(f"status of {status} " in message.text for status in (404, 410, 422))


@pytest.fixture(scope="session")
def axe():
    """Complain about anything on a page that axe-core finds to break WCAG 2.2 A or AA."""
    from axe_playwright_python.sync_playwright import Axe

    checker = Axe()

    def check(page):
        found = checker.run(page, options=RULES)
        assert not found.violations_count, f"{page.url}\n{found.generate_report()}"

    return check


@pytest.fixture(scope="session")
def keep():
    """Keep a picture of the whole page under a name, for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def shoot(page, name):
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    return shoot


@pytest.fixture
def open_page(browser, live_server):
    """Make a page of the given width, scheme and language; complain at the end about anything that went wrong in it."""
    problems, contexts = [], []

    def make(*, width=1280, scheme="light", scripts=True, user=None, locale="en-GB"):
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
            locale=locale,
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
