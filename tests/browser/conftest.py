"""A real Chromium, one for the run; every page must be free of script and policy errors and of foreign requests."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.support import chromium

# Playwright keeps an event loop in this thread, which Django would take for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

#: Where pictures of pages are kept for people to look at; a folder of CI's artefacts, or ``var/screenshots``.
SCREENSHOTS = Path(
    os.environ.get("STARWORD_SCREENSHOTS") or Path(__file__).resolve().parents[2] / "var" / "screenshots"
)
#: Every rule of WCAG 2.0, 2.1 and 2.2 at levels A and AA.
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.fixture(scope="session")
def browser():
    path = chromium.find()
    if path is None:
        pytest.skip(chromium.MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=chromium.QUIET)
        print(f"Playwright {metadata.version('playwright')}, Chromium {browser.version}")
        yield browser
        browser.close()


#: What a person may be answered: refused forms, what is not theirs, wrong addresses, what was taken down, too much of it.
REFUSALS = frozenset({400, 403, 404, 410, 413, 422, 429})
PARTS = frozenset({"stylesheet", "script", "image", "font", "manifest"})


class Guard:
    """Collects what must not happen on any page: faults of scripts and policy, what does not come, and foreign requests."""

    def __init__(self, host: str) -> None:
        self.host, self.problems, self.allowed = host, [], set(REFUSALS)

    def watch(self, page):
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("requestfailed", self._failed)

    def _said(self, message):
        # Chromium reports every status from 400 up there, which is judged where it is answered.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.problems.append(f"{message.page.url}: {message.text}")

    def _asked(self, request):
        if not request.url.startswith(self.host):
            self.problems.append(f"asked for {request.url}")

    def _answered(self, response):
        allowed = () if response.request.resource_type in PARTS else self.allowed
        if response.status >= 400 and response.status not in allowed:
            self.problems.append(f"{response.status} for {response.url}")

    def _failed(self, request):
        if request.failure not in GIVEN_UP:
            self.problems.append(f"{request.failure} for {request.url}")


#: A page that is left, a download that begins, a test that cuts the line.
GIVEN_UP = frozenset({"net::ERR_ABORTED", "net::ERR_FAILED"})


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
def axe_source():
    """The script of axe-core, for whoever asks a page more than once."""
    from axe_playwright_python.base import AXE_FILE_PATH

    return Path(AXE_FILE_PATH).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def keep():
    """Keep a picture of the whole page under a name, for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def shoot(page, name):
        page.screenshot(path=SCREENSHOTS / f"{name}.jpg", type="jpeg", quality=75, full_page=True)

    return shoot


@pytest.fixture
def open_page(browser, live_server):
    """Make a page of the given width, scheme and language; complain at the end about anything that went wrong in it."""
    guard, contexts = Guard(live_server.url), []

    def make(*, width=1280, scheme="light", scripts=True, user=None, calm=False, locale="en-GB"):
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
            reduced_motion="reduce" if calm else "no-preference",
            locale=locale,
        )
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            sign_in_with(context, client.cookies[settings.SESSION_COOKIE_NAME].value, live_server.url)
        page = context.new_page()
        guard.watch(page)
        return page

    make.guard = guard
    yield make
    for context in contexts:
        context.close()
    assert not guard.problems, "\n".join(guard.problems)


def sign_in_with(context, session, url):
    """Give a browser the session of somebody who has signed in."""
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
