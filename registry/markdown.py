"""Descriptions: Markdown in, a small safe subset of HTML out. Rendered when saved, not when shown."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

#: Page titles are h1 and sections h2, so the first heading of a description is an h3.
FIRST_HEADING = 3
LAST_HEADING = 4

_TAGS = frozenset(
    [
        "p",
        "br",
        "hr",
        "em",
        "strong",
        "s",
        "code",
        "pre",
        "blockquote",
        "ul",
        "ol",
        "li",
        "a",
        "h3",
        "h4",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ]
)
_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
_SCHEMES = frozenset({"http", "https", "mailto"})

# Raw HTML stays text, and pictures are not rendered: a foreign one would tell its host who reads the page.
_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
# Nothing is kept of relative addresses: what they are relative to depends on where the description is shown.
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    url_schemes=_SCHEMES,
    link_rel="nofollow ugc noopener noreferrer",
    url_relative="deny",
)


def _lower_headings(tokens: list[Token]) -> None:
    """Shift headings below those of the page."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1:]) + FIRST_HEADING - 1, LAST_HEADING)}"


def render(source: str) -> str:
    """Return safe HTML for Markdown ``source``."""
    tokens = _PARSER.parse(source)
    _lower_headings(tokens)
    return _CLEANER.clean(_PARSER.renderer.render(tokens, _PARSER.options, {}))
