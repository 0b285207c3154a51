"""Addresses, names of embeddings, texts for the terminal, texts of pictures."""

from __future__ import annotations

import json
import struct
import zlib

import pytest

from starword import BadUsage, config
from starword.cli.output import plain, tell_json, tell_table
from starword.config import Access, checked_url, sends_in_the_clear
from starword.fingerprints import MAX_TEXT, PNG, hashes_of, text_of_picture
from starword.places import PlaceName, parse_place


@pytest.mark.parametrize(
    ("typed", "used"),
    [
        ("hub.example", "https://hub.example"),
        ("localhost:8000/", "http://localhost:8000"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://hub.example/below/", "http://hub.example/below"),
    ],
)
def test_addresses(typed, used):
    assert checked_url(typed) == used


@pytest.mark.parametrize(
    "typed", ["", "ftp://hub.example", "https://", "https://a:b@hub.example", "https://h/?q", "file:///x"]
)
def test_what_is_no_address(typed):
    with pytest.raises(BadUsage):
        checked_url(typed)


def test_a_token_in_the_clear():
    assert sends_in_the_clear(Access("http://hub.example", "sw_x"))
    assert not any(
        sends_in_the_clear(Access(url, "sw_x")) for url in ("https://a.b", "http://[::1]:1", "http://localhost")
    )
    assert not sends_in_the_clear(Access("http://hub.example"))
    assert "sw_x" not in repr(Access("http://hub.example", "sw_x"))


def test_the_stored_token_is_for_the_stored_address(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "config_file", lambda: tmp_path / "new" / "config.json")
    with pytest.raises(BadUsage):
        config.load({})
    config.save(Access("https://a.example", "sw_a"))
    assert config.load({}) == Access("https://a.example", "sw_a")
    assert config.load({"STARWORD_URL": "https://a.example/"}).token == "sw_a"
    assert config.load({"STARWORD_URL": "https://b.example"}).token == ""
    assert config.load({"STARWORD_URL": "http://a.example"}).token == ""
    assert config.load({"STARWORD_TOKEN": "sw_b"}) == Access("https://a.example", "sw_b")
    assert config.forget() and not config.forget()


def test_places():
    assert parse_place("alice/koi") == PlaceName("alice", "koi")
    assert parse_place("alice/koi@v2") == parse_place("alice/koi@2") == PlaceName("alice", "koi", 2)
    for text in ("koi", "a/b/c", "alice/koi@v0", "alice/koi@", "alice/ koi", "", "http://h:x/a/b", "http://[h/a/b"):
        with pytest.raises(BadUsage):
            parse_place(text)


def test_addresses_of_pages():
    page = parse_place("https://hub.example/alice/koi?version=2#files")
    assert (page.owner, page.name, page.version) == ("alice", "koi", 2)
    assert parse_place("https://hub.example/alice/koi?version=newest").version is None
    page.check_hub("https://hub.example")
    parse_place("http://127.0.0.1:8000/alice/koi").check_hub("http://localhost:8000")
    parse_place("alice/koi").check_hub("https://other.example")
    for url in ("https://other.example", "https://hub.example:8000"):
        with pytest.raises(BadUsage, match="another hub"):
            page.check_hub(url)


HOSTILE = "a\x1b]0;title\x07\x1b[2J\r\x9b31m\u202etxt\x7f[red]b[/red] :bomb: \ud800\u2028"


def test_nothing_hostile_reaches_the_terminal(capsys):
    tell_table(["name"], [[HOSTILE]])
    tell_json({"name": HOSTILE})
    out = capsys.readouterr().out
    assert not {letter for letter in out if letter != "\n" and not letter.isprintable()}
    assert "[red]b[/red] :bomb:" in out and json.loads(out[out.index("{") :])["name"] == HOSTILE
    assert plain("two\nlines") == "two lines"


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize(
    ("chunks", "text"),
    [
        (chunk(b"tEXt", b"parameters\0a koi"), "a koi"),
        (chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b"{}")), "{}"),
        (chunk(b"iTXt", b"parameters\0\0\0\0\0" + "鯉".encode()), "鯉"),
        (chunk(b"iTXt", b"parameters\0\1\0de\0x\0" + zlib.compress("鯉".encode())), "鯉"),
        (chunk(b"tEXt", b"workflow\0w") + chunk(b"tEXt", b"parameters\0p"), "p"),
        (chunk(b"tEXt", b"Author\0me"), ""),
        (chunk(b"zTXt", b"parameters\0\0broken"), ""),
        (chunk(b"iTXt", b"parameters\0\0"), ""),
        (chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"x" * 50_000_000)), "x" * MAX_TEXT),
        (b"\xff\xff\xff\xfftEXtparameters", ""),
    ],
)
def test_the_text_of_a_picture(tmp_path, chunks, text):
    (tmp_path / "a.png").write_bytes(PNG + chunks)
    assert text_of_picture(tmp_path / "a.png") == text


@pytest.mark.parametrize(
    "header", [b"{", b"[]", b'{"a": 1}', b'{"a": {"dtype": "F32", "shape": [], "data_offsets": [0]}}', b"[" * 99_999]
)
def test_a_broken_file_has_the_hashes_of_its_bytes_only(tmp_path, header):
    (tmp_path / "a").write_bytes(struct.pack("<Q", len(header)) + header + b"12")
    assert len(list(hashes_of(tmp_path / "a"))) <= 2
