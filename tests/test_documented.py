"""Every setting and every API route is in the docs."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from training.inversion.config import InversionConfig

ROOT = Path(__file__).resolve().parents[1]


def settings_read():
    text = (ROOT / "hub" / "settings.py").read_text()
    return sorted(set(re.findall(r"env\.\w+\(\s*[\"'](\w+)[\"']", text)) | {"PORT", "WEB_WORKERS"})


@pytest.mark.parametrize("name", settings_read())
def test_a_setting_is_documented(name):
    assert f"| `{name}` |" in (ROOT / "docs" / "settings.md").read_text()


def test_settings_docs_name_no_setting_that_is_gone():
    documented = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.M)
    assert sorted(documented) == settings_read()


def test_every_setting_of_a_training_is_documented():
    text = (ROOT / "docs" / "training.md").read_text()
    documented = {name for row in re.findall(r"^\| (`\w+`.*?) \|", text, re.M) for name in re.findall(r"`(\w+)`", row)}
    assert {field.name for field in dataclasses.fields(InversionConfig)} <= documented


def api_routes(patterns=None, prefix=""):
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from api_routes(entry.url_patterns, path)
        elif isinstance(entry, URLPattern) and path.startswith("api/hub/"):
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


def test_every_api_route_is_documented():
    text = (ROOT / "docs" / "api.md").read_text()
    missing = [route for route in api_routes() if f"`{route}`" not in text]
    assert not missing


def test_the_api_description_is_valid_and_names_everything_once(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))
