"""Descriptions keep their shape and lose everything that could act, load or mislead."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from registry.markdown import render


class Elements(HTMLParser):
    """Collects the elements that a browser would make; escaped ones are text."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**b** *i* ~~s~~ `c`", "<p><strong>b</strong> <em>i</em> <s>s</s> <code>c</code></p>\n"),
        ("# Top\n## Below\n###### Deep", "<h3>Top</h3>\n<h4>Below</h4>\n<h4>Deep</h4>\n"),
        ("3. x\n4. y", '<ol start="3">\n<li>x</li>\n<li>y</li>\n</ol>\n'),
        ("a\n\n---", "<p>a</p>\n<hr>\n"),
    ],
)
def test_markdown_becomes_html(source, html):
    assert render(source) == html


def test_tables_are_rendered():
    assert "<td>1</td>" in render("|a|b|\n|-|-|\n|1|2|")


def test_links_are_marked_as_other_peoples():
    assert render("[x](https://e.org)") == (
        '<p><a href="https://e.org" rel="nofollow ugc noopener noreferrer">x</a></p>\n'
    )


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://tracker.example/p.png)",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "[x](vbscript:x)",
        '<a href="https://e.org" onclick="x()">x</a>',
        "[x](//host.example/a)",
        "[x](/admin/)",
        '<p style="position:fixed">x</p>',
        "<iframe src='https://e.org'></iframe>",
    ],
)
def test_nothing_dangerous_survives(source):
    found = Elements()
    found.feed(render(source))
    assert {tag for tag, _ in found.seen} <= {"p", "a"}
    for _, attributes in found.seen:
        assert set(attributes) <= {"href", "rel"}
        assert attributes.get("href", "https://").startswith("https://")
