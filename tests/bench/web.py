"""What pages weigh and how long they take, on the server and in Chromium, beside a still copy of each from the same server.

The copy is the page's own HTML as a file, which WhiteNoise sends without Django: what is left to the page is what Django does.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.bench.report import report
from tests.support import chromium
from tests.support.hub import ROOT, Hub

#: Name, address and whether somebody is signed in. ``{embedding}`` is the first of the catalogue.
PAGES = [
    ("browse", "/", False),
    ("search", "/?q=heart", False),
    ("embedding", "{embedding}", False),
    ("owner", "/demo", False),
    ("about", "/about", False),
    ("upload", "/upload", True),
    ("train", "/train", True),
    ("jobs", "/jobs", True),
    ("account", "/accounts/profile", True),
]
#: Times that a page is asked for by turns with its copy, and loaded in a browser with an empty cache.
ASKED, LOADED = 30, 7
GOAL_BROWSE_KIB = 150
#: Milliseconds after loading until nothing more is drawn or moved.
SETTLE = 300

WATCH = """
window.seen = { lcp: 0, cls: 0 };
new PerformanceObserver(list => { for (const entry of list.getEntries()) window.seen.lcp = entry.startTime; })
    .observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver(list => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.seen.cls += entry.value; })
    .observe({ type: "layout-shift", buffered: true });
"""

QUERIES = """
import django, json, sys; django.setup()
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hub.accounts.models import User
counts = {}
for name, address, signed_in in json.loads(sys.argv[1]):
    client = Client(SERVER_NAME="localhost")
    if signed_in:
        client.force_login(User.objects.get(username="demo"))
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200, address
    counts[name] = len(seen)
print(json.dumps(counts))
"""


def sign_in(browser: Browser, hub: Hub) -> str:
    """The cookies of the demo account, as a header."""
    page = browser.new_page(base_url=hub.url)
    page.goto("/accounts/login/")
    page.get_by_label("User name or email").fill(hub.demo()["login"])
    page.get_by_label("Password").fill(hub.demo()["password"])
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(hub.url + "/")
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in page.context.cookies())
    page.close()
    return cookies


def fetch(url: str, cookies: str) -> bytes:
    """The bytes of an answer as they are sent to a browser, which takes gzip."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip", "Cookie": cookies})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def weight(hub: Hub, html: bytes, cookies: str) -> dict[str, Any]:
    """Bytes of a page's HTML, style sheets and scripts as they are sent, and how many answers these are."""
    text = html.decode()
    sheets = re.findall(r'<link rel="stylesheet" href="(/[^"]+)"', text)
    scripts = re.findall(r'<script src="(/[^"]+)"', text)
    css, js = (sum(len(fetch(hub.url + path, cookies)) for path in paths) for paths in (sheets, scripts))
    return {
        "html_bytes": len(html), "css_bytes": css, "js_bytes": js, "kib": round((len(html) + css + js) / 1024, 1),
        "answers": 1 + len(sheets) + len(scripts),
    }  # fmt: skip


def times(hub: Hub, address: str, copy: str, cookies: str) -> dict[str, float]:
    """Milliseconds of a page and of its copy, asked for by turns."""
    spent: dict[str, list[float]] = {address: [], copy: []}
    for _ in range(ASKED):
        for path, taken in spent.items():
            begun = time.perf_counter()
            fetch(hub.url + path, cookies)
            taken.append((time.perf_counter() - begun) * 1000)
    page, still = (statistics.median(taken) for taken in spent.values())
    return {"server_ms": round(page, 1), "copy_ms": round(still, 1), "ratio_to_copy": round(page / still, 1)}


def paint(browser: Browser, hub: Hub, address: str, signed_in: str) -> tuple[float, float]:
    """Milliseconds to the largest contentful paint and the sum of layout shifts, with an empty cache."""
    context = browser.new_context(base_url=hub.url, viewport={"width": 1440, "height": 900})
    cookies = [pair.split("=", 1) for pair in signed_in.split("; ") if pair]
    context.add_cookies([{"name": name, "value": value, "url": hub.url} for name, value in cookies])
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(address, wait_until="load")
    page.wait_for_timeout(SETTLE)
    seen = page.evaluate("window.seen")
    context.close()
    return seen["lcp"], seen["cls"]


def paints(browser: Browser, hub: Hub, address: str, copy: str, cookies: str) -> dict[str, float]:
    """Medians of a page and of its copy, loaded by turns."""
    seen = [(paint(browser, hub, address, cookies), paint(browser, hub, copy, cookies)) for _ in range(LOADED)]
    page, still = ([run[which] for run in seen] for which in (0, 1))
    return {
        "lcp_ms": round(statistics.median(lcp for lcp, _ in page)),
        "copy_lcp_ms": round(statistics.median(lcp for lcp, _ in still)),
        "cls": round(statistics.median(cls for _, cls in page), 4),
    }


def queries(folder: Path, pages: list[tuple[str, str, bool]]) -> dict[str, int]:
    """Queries of each page, in a process that uses the running hub's database."""
    environment = os.environ | {"HUB_VAR": str(folder), "DJANGO_SETTINGS_MODULE": "hub.settings"}
    done = subprocess.run(
        [sys.executable, "-c", QUERIES, json.dumps(pages)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def copy_of(name: str) -> str:
    """The address of a page's still copy."""
    return f"/static/bench/{name}.html"


def main() -> None:
    """Copy every page, start again, and measure pages and copies by turns."""
    path = chromium.find()
    if path is None:
        print(json.dumps({"benchmark": "web", "skipped": chromium.MISSING}), flush=True)
        return
    with tempfile.TemporaryDirectory(prefix="starword-bench-") as name, sync_playwright() as playwright:
        # The embedded server runs as an account of its own where this runs as root, and must reach its folder.
        Path(name).chmod(0o755)
        folder = Path(name) / "var"
        browser = playwright.chromium.launch(executable_path=path, args=chromium.QUIET)
        with Hub(folder) as hub:
            first = hub.get("/api/hub/embeddings?limit=1")["results"][0]
            embedding = f"/{first['owner']}/{first['name']}"
            pages = [(page, address.format(embedding=embedding), signed) for page, address, signed in PAGES]
            cookies = sign_in(browser, hub)
            (folder / "static" / "bench").mkdir(parents=True)
            for page, address, signed in pages:
                html = fetch(hub.url + address, cookies if signed else "")
                (folder / "static" / "bench" / f"{page}.html").write_bytes(html)
        with Hub(folder) as hub:
            counts = queries(folder, pages)
            for page, address, signed in pages:
                own = cookies if signed else ""
                html = fetch(hub.url + address, own)
                report(
                    "web", page=page, **weight(hub, html, own), queries=counts[page],
                    **times(hub, address, copy_of(page), own), **paints(browser, hub, address, copy_of(page), own),
                    **({"goal_kib": GOAL_BROWSE_KIB} if page == "browse" else {}),
                )  # fmt: skip
        browser.close()
