"""Every page of the site in a browser, narrow and wide, light and dark: nothing that WCAG 2.2 AA forbids, no fault, no foreign host."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.test import Client
from django.urls import resolve

from hub.accounts.models import User
from tests.browser import world
from tests.browser.conftest import sign_in_with
from tests.browser.pages import NO_PAGES, PAGES
from tests.test_permissions import TABLE, routes

pytestmark = pytest.mark.django_db(transaction=True)

#: Pixels of width and colour scheme: at each width and in each scheme once.
LOOKS = [(1440, "light"), (360, "dark")]
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
}


def plain(route: str) -> str:
    """A route as the resolver and as a match spell it."""
    return re.sub(r"<str:", "<", route).replace("^", "")


def example(address: str) -> str:
    """An address like it, filled with what fits every route."""
    return re.sub("{(.*?)}", lambda gap: "a-b" if gap[1].endswith("_key") else "1", address).partition("?")[0]


def test_every_page_is_in_the_walk():
    seen = {plain(resolve(example(address)).route) for _, _, addresses in PAGES for address in addresses}
    answered = {plain(route) for method, _, route, _ in TABLE if method == "GET"}
    without_page = {plain(route) for _, _, route, _ in TABLE} - answered
    missing = [
        route for route in map(plain, routes()) if route not in seen | without_page and not NO_PAGES.match(route)
    ]
    assert not missing


class Inline(HTMLParser):
    """Collects what a strict policy would not run or apply: styles and scripts inside the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given and "json" not in given.get("type", "")):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith(("on", "hx-on")) or (value or "").lower().startswith("javascript:"):
                self.found.append(f"<{tag} {name}>")


@pytest.fixture
def people_and_things(transactional_db, settings):
    settings.HUB_OPERATOR_NAME, settings.HUB_RULES = "Ateliers of Testing", "Be **kind**."
    who, things = world.build()
    alice, carol = who["alice"], who["carol"]
    address = EmailAddress.objects.get(user=alice)
    who["without-a-password"] = User.objects.create(username="erin", password="!")
    return who, things | {
        "address_key": EmailConfirmationHMAC(address).key,
        "password_key": f"{user_pk_to_url_str(carol)}-{default_token_generator.make_token(carol)}",
    }


def session_of(who, name: str) -> str:
    """The session of somebody who has just given their password, or only that of two factors."""
    client = Client()
    if name == "halfway":
        client.post("/accounts/login/", {"login": "carol", "password": "wonderland"})
    else:
        client.force_login(who[name])
        client.post("/accounts/reauthenticate/", {"password": "wonderland"})
    return client.cookies["sessionid"].value


def test_every_page_is_fit_for_everybody(open_page, axe_source, people_and_things, keep, live_server):
    who, things = people_and_things
    problems: list[str] = []
    walked, page = "nobody", None
    for name, status, addresses in PAGES:
        if name != walked:
            page = open_page(calm=True)
            if name:
                sign_in_with(page.context, session_of(who, name), live_server.url)
            walked = name
        for address in (address.format(**things) for address in addresses):
            answer = turn_to(page, address)
            wrong = [*wrong_with(answer, page.url, address, status), *look_at(page, axe_source, keep, name)]
            problems += [f"{name or 'anybody'} at {address}: {what}" for what in wrong]
    assert not problems, "\n".join(problems)


def test_pages_about_faults_are_fit_for_everybody(open_page, axe_source, keep, transactional_db, monkeypatch):
    page = open_page(calm=True)
    open_page.guard.allowed.add(500)
    page.goto("/accounts/login/")
    page.context.clear_cookies()
    page.locator("main form").first.evaluate("form => { form.noValidate = true; form.submit() }")
    page.get_by_role("heading", level=1).wait_for()
    problems = [*look_at(page, axe_source, keep, "without-cookies")]
    monkeypatch.setattr("hub.about.markdown", None)
    problems += [
        *wrong_with(turn_to(page, "/about"), page.url, "/about", 500),
        *look_at(page, axe_source, keep, "broken"),
    ]
    assert not problems, "\n".join(problems)


def turn_to(page, address):
    """Open a page on a desk, in the light."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    return page.goto(address)


def wrong_with(answer, landed, address, status):
    """What is wrong with an answer: another status or page, another policy, anything inline."""
    if answer.status != status or resolve(urlsplit(landed).path).route != resolve(address.partition("?")[0]).route:
        yield f"status {answer.status} at {landed}"
    if set(answer.headers.get("content-security-policy", "").split("; ")) != POLICY:
        yield f"policy {answer.headers.get('content-security-policy')}"
    yield from Inline(answer.text()).found


def look_at(page, axe_source, keep, name):
    """Turn an open page, with everything unfolded, to every look, keep a picture of each, and yield what is wrong with it.

    Every rule is asked at the first look; at the others those that another width or scheme may break.
    """
    page.evaluate(axe_source)
    page.evaluate("for (const part of document.querySelectorAll('main details:not(.menu)')) part.open = true")
    parts = urlsplit(page.url)
    picture = "page-" + (re.sub("[^a-z0-9]+", "-", f"{parts.path} {parts.query}".lower()).strip("-") or "browse")
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if too_wide > 0:
            yield f"{too_wide} pixels too wide for {width}"
        for rule in page.evaluate(RUN_AXE, [] if (width, scheme) == LOOKS[0] else OF_LOOKS):
            yield f"{width} {scheme}: {rule}"
        keep(page, f"{picture}{f'-{name}' if name else ''}-{width}-{scheme}")


#: What depends on sizes and colours; the other rules are about the page's elements, which are the same at every look.
OF_LOOKS = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable", "meta-viewport"]
#: Answers with a line for each rule that is broken. Movements are ended first: half-way, colours are nobody's.
#: Of Django's administration axe would read style sheets that import others by styles of its own, which the policy forbids.
RUN_AXE = """async rules => {
    document.getAnimations().forEach(animation => animation.finish());
    const found = await axe.run({
        runOnly: rules.length
            ? { type: "rule", values: rules }
            : { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
        resultTypes: ["violations"],
        preload: !location.pathname.startsWith("/admin/"),
    });
    const told = node => `${node.target} ${node.any[0]?.message ?? ""}`;
    return found.violations.map(rule => `${rule.id}: ${rule.nodes.slice(0, 3).map(told).join(" | ")}`);
}"""
