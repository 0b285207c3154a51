"""What tools read, by the type that each takes it for; and how tests ask."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

import requests

API = "/api/v1"
INT32 = 2**31
#: Keys that people have for Civitai, which their tools send wherever they are pointed.
FOREIGN_KEY = "0123456789abcdef0123456789abcdef"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
URL = re.compile(r"http://[^/]+/.+")
WHOLE = re.compile(r"[0-9A-F]{64}")
SHA256 = {"SHA256": WHOLE}


def get_json(url, *, session=requests, **options):
    answer = session.get(url, timeout=20, **options)
    assert answer.status_code == 200, (url, answer.status_code, answer.text)
    return answer.json()


def typed(value, shape, where="answer"):
    """Assert that ``value`` is as ``shape`` says: a type, a tuple of them, a list of one shape, or a dictionary of some."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), where
        for name, inner in shape.items():
            if name.endswith("?"):
                if value.get(name[:-1]) is not None:
                    typed(value[name[:-1]], inner, f"{where}.{name}")
            else:
                assert name in value, f"{where}.{name} is missing"
                typed(value[name], inner, f"{where}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        for index, item in enumerate(value):
            typed(item, shape[0], f"{where}[{index}]")
    elif shape is int:
        assert type(value) is int and 0 <= value < INT32, f"{where}: {value!r}"
    elif shape is float:
        assert type(value) in (int, float), f"{where}: {value!r}"
    elif shape is datetime:
        datetime.fromisoformat(value)
    elif isinstance(shape, re.Pattern):
        assert isinstance(value, str) and shape.fullmatch(value), f"{where}: {value!r}"
    elif isinstance(shape, (set, frozenset)):
        assert value in shape, f"{where}: {value!r}"
    else:
        assert isinstance(value, shape) and (shape is bool or type(value) is not bool), f"{where}: {value!r}"


def names(api, **params):
    """The titles of what a list finds, in its order."""
    answer = api.get(f"{API}/models", params)
    assert answer.status_code == 200, answer.content
    return [item["name"] for item in answer.json()["items"]]


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def local(url):
    """An absolute address as the test client takes it."""
    parts = urlsplit(url)
    assert parts.scheme and parts.netloc
    return f"{parts.path}?{parts.query}"
