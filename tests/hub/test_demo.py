"""The demo account: only in an embedded run, stable over starts, readable by its owner only."""

from __future__ import annotations

import json

import pytest

from hub.accounts.demo import ensure_demo
from hub.accounts.models import ApiToken, User


def test_it_never_exists_on_a_configured_database(db, settings, tmp_path):
    settings.EMBEDDED = False
    with pytest.raises(RuntimeError):
        ensure_demo(url="http://localhost", path=tmp_path / "demo.json")
    assert not User.objects.exists()


def test_a_second_start_keeps_password_and_token(db, settings, tmp_path):
    settings.EMBEDDED = True
    path = tmp_path / "demo.json"
    first = ensure_demo(url="http://localhost:1", path=path)
    second = ensure_demo(url="http://localhost:2", path=path)
    assert {**first, "url": ""} == {**second, "url": ""}
    assert json.loads(path.read_text())["url"] == "http://localhost:2"
    assert path.stat().st_mode & 0o077 == 0
    assert User.objects.get(username="demo").check_password(first["password"])
    assert ApiToken.objects.get().digest == ApiToken.digest_of(first["token"])


def test_a_lost_file_gives_a_new_password_and_one_token(db, settings, tmp_path):
    settings.EMBEDDED = True
    path = tmp_path / "demo.json"
    first = ensure_demo(url="", path=path)
    path.unlink()
    second = ensure_demo(url="", path=path)
    assert first["password"] != second["password"]
    assert ApiToken.objects.get().digest == ApiToken.digest_of(second["token"])
    assert not User.objects.get(username="demo").is_staff
