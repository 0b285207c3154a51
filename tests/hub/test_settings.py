"""Settings refuse nonsense, naming the variable."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError

from hub import env
from hub.accounts.names import validate_embedding_name, validate_owner_name
from hub.secret import secret_key
from tests.registry.samples import sd1_file


@pytest.mark.parametrize(("reader", "value"), [(env.flag, "maybe"), (env.number, "ten"), (env.number, "-1")])
def test_nonsense_stops_the_start_with_the_variables_name(monkeypatch, reader, value):
    monkeypatch.setenv("HUB_EXAMPLE", value)
    with pytest.raises(ImproperlyConfigured, match="HUB_EXAMPLE"):
        reader("HUB_EXAMPLE", 0)


def test_a_secret_may_come_from_a_file(monkeypatch, tmp_path):
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    monkeypatch.setenv("HUB_EXAMPLE_FILE", str(file))
    assert env.text("HUB_EXAMPLE") == "from the file"


@pytest.mark.parametrize(("host", "backend"), [("", "console"), ("mail.example.org", "smtp")])
def test_mails_are_sent_where_a_server_is_named_and_logged_where_not(tmp_path, host, backend):
    done = subprocess.run(
        [sys.executable, "-c", "from django.conf import settings; print(settings.EMAIL_BACKEND)"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "hub.settings", "HUB_EMAIL_HOST": host, "HUB_VAR": str(tmp_path)},
        cwd=settings.ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == f"django.core.mail.backends.{backend}.EmailBackend"


def test_the_secret_key_is_made_once_and_kept_private(tmp_path):
    path = tmp_path / "deep" / "key"
    first = secret_key(path)
    assert len(first) >= 50
    assert secret_key(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_threads_that_need_the_first_secret_key_at_once_agree_on_it(tmp_path):
    path, together = tmp_path / "key", threading.Barrier(8)

    def ask(_):
        together.wait()
        return secret_key(path)

    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(ask, range(8)))
    assert len(keys) == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["ab", "Big", "-x-", "a b c", "a" * 65, "über", "a/b", "admin", "api", "train"])
def test_a_user_name_that_breaks_addresses_is_refused(name):
    with pytest.raises(ValidationError):
        validate_owner_name(name)


@pytest.mark.parametrize("name", ["edit", "con", "x", "UPPER", "dots.in.it"])
def test_an_embedding_name_that_breaks_addresses_is_refused(name):
    with pytest.raises(ValidationError):
        validate_embedding_name(name)


def test_every_first_segment_the_site_uses_is_reserved():
    from django.urls import get_resolver

    first = {str(entry.pattern).split("/")[0] for entry in get_resolver().url_patterns}
    nested = {
        str(pattern.pattern).split("/")[0]
        for entry in get_resolver().url_patterns
        if not str(entry.pattern)
        for pattern in entry.url_patterns
    }
    for segment in (first | nested) - {"", "healthz"}:
        if "<" in segment:
            continue
        with pytest.raises(ValidationError):
            validate_owner_name(segment)


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("HUB_EXAMPLE", " ")
    assert (env.text("HUB_EXAMPLE", "a"), env.words("HUB_EXAMPLE", "a,b"), env.number("HUB_EXAMPLE", 3)) == (
        "a",
        ["a", "b"],
        3,
    )


def test_a_command_that_only_looks_into_files_leaves_no_state_behind(tmp_path):
    file = tmp_path / "heart.safetensors"
    file.write_bytes(sd1_file())
    state = tmp_path / "state"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "hub.settings", "HUB_VAR": str(state), "HUB_SECRET_KEY": ""}
    for command in (["inspect", file], ["convert", file, "--to", "comfyui", "--out", tmp_path / "out"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], env=environment, cwd=settings.ROOT, capture_output=True, check=True
        )
    assert not state.exists()
