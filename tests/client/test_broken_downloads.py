"""Downloads that are cut off, killed and changed on the way."""

from __future__ import annotations

import json
import signal
import time

import pytest

from registry import storage
from tests.client.poor_line import PoorLine
from tests.registry.samples import sd1_file

pytestmark = pytest.mark.django_db(transaction=True)

#: Vectors of the file, so that it is worth cutting: 192 KiB.
ROWS = 64


@pytest.fixture
def line(live_server):
    with PoorLine(live_server.url) as line:
        yield line


@pytest.fixture
def data(alice, upload):
    return storage.read(upload(alice, "koi", data=sd1_file(rows=ROWS)).latest.blob)


def files_in(home):
    return sorted(path.name for path in home.rglob("*") if path.is_file())


def test_a_download_goes_on_where_it_was_cut_off(run, at, line, alice, data, home):
    line.cut = 50_000
    environment = at(alice) | {"STARWORD_URL": line.url}
    # One run tries a few times
    assert run("download", "alice/koi", **environment).status == 0
    assert line.ranges == [None, "bytes=50000-", "bytes=100000-", "bytes=150000-"]
    assert (home / "koi.safetensors").read_bytes() == data

    # A line that is too bad ends it, and what came is kept for the next run
    line.cut, line.ranges = 10_000, []
    ended = run("download", "alice/koi", "--as", "other", **environment)
    assert (ended.status, len(line.ranges)) == (6, 4)
    (part,) = home.glob("*.part")
    assert part.read_bytes() == data[:40_000] and not (home / "other.safetensors").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_download_goes_on_in_the_next_run(run, started, at, line, alice, data, home, number):
    environment = at(alice) | {"STARWORD_URL": line.url}
    line.cut, line.stalls = 100_000, True
    with started("download", "alice/koi", **environment) as process:
        assert line.stalled.wait(30)
        begun = time.monotonic()
        while not (part := next(home.glob("*.part"), None)) or part.stat().st_size < line.cut:
            assert time.monotonic() - begun < 30
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(20) == (130 if number == signal.SIGINT else -number)
    assert files_in(home) == [part.name] and part.read_bytes() == data[: line.cut]

    line.cut, line.stalls, line.ranges = None, False, []
    assert run("download", "alice/koi", **environment).status == 0
    assert line.ranges == ["bytes=100000-"]
    assert files_in(home) == ["koi.safetensors"] and (home / "koi.safetensors").read_bytes() == data


@pytest.mark.parametrize(
    "change", [lambda body: body[:-1] + b"!", lambda body: b"<html>" * 40_000], ids=["a bit", "a page"]
)
def test_wrong_bytes_are_told_and_nothing_of_them_stays(run, at, line, alice, data, home, change):
    line.change = change
    ended = run("download", "alice/koi", "--json", **at(alice) | {"STARWORD_URL": line.url})
    assert (ended.status, ended.out) == (7, "")
    assert json.loads(ended.err)["error"]["code"] == "hash_mismatch"
    assert files_in(home) == []


def test_wrong_bytes_of_an_earlier_run_are_thrown_away(run, at, line, alice, data, home):
    environment = at(alice) | {"STARWORD_URL": line.url}
    line.cut, line.change = 10_000, lambda body: b"x" * len(body)
    assert run("download", "alice/koi", **environment).status == 6
    line.cut, line.change, line.ranges = None, bytes, []
    assert run("download", "alice/koi", **environment).status == 0
    assert line.ranges == ["bytes=40000-", None]
    assert files_in(home) == ["koi.safetensors"] and (home / "koi.safetensors").read_bytes() == data
