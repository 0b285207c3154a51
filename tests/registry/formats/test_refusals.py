"""Files that must be refused, each with its code; and that refusing them ran nothing."""

from __future__ import annotations

import gettext
import pickle
import pickletools
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from registry.formats import FormatError, inspect, limits, pickled
from tests.registry.formats import (
    bad_bombs,
    bad_containers,
    bad_contents,
    bad_pictures,
    bad_streams,
    payloads,
)
from tests.registry.formats import builders as make
from tests.registry.formats.bad_containers import GOOD, GOOD_LEGACY, GOOD_ZIP, RECORDS, zipped
from tests.registry.formats.payloads import system_call
from tests.registry.formats.pictures import webp

PARTS = (bad_containers, bad_contents, bad_pictures, bad_streams, bad_bombs, payloads)
CASES = {name: case for part in PARTS for name, case in part.CASES.items()}

#: What an interpreter reports when code is loaded or run, or the machine is touched.
DANGEROUS = (
    "import",
    "exec",
    "compile",
    "os.",
    "subprocess.",
    "open",
    "socket.",
    "pickle.",
    "ctypes.",
    "shutil.",
    "marshal.",
    "code.",
)


#: How the last sentence of a refusal begins, which says what to do.
REMEDIES = (
    "Check ",
    "Choose ",
    "Do not ",
    "Download ",
    "Export ",
    "If ",
    "Split ",
    "Supported are ",
    "Train ",
    "Upload ",
)

#: The German of every template, "" among them.
GERMAN = gettext.GNUTranslations(
    (Path(__file__).resolve().parents[3] / "locale/de/LC_MESSAGES/django.mo").open("rb")
)._catalog


class Watch:
    """Notes what an armed interpreter does, by its own audit events."""

    def __init__(self):
        self.armed, self.events = False, []
        sys.addaudithook(self.hear)  # can never be taken off, hence the switch

    def hear(self, event, arguments):
        if self.armed and event.startswith(DANGEROUS):
            self.events.append((event, str(arguments)[:100]))

    def __enter__(self):
        self.events, self.armed = [], True
        return self

    def __exit__(self, *error):
        self.armed = False


@pytest.fixture(scope="module")
def watch():
    """A switched-off watch, after one warm-up: the first error may load lazily what later ones have."""
    found = Watch()
    for data in (GOOD, GOOD_ZIP, GOOD_LEGACY, bad_pictures.GOOD, bad_pictures.GOOD_HIDING):
        inspect(data)
    for data in (webp(bad_pictures.GOOD_WEBP), webp((b"VP8L", b"/bent"))):
        with pytest.raises(FormatError):
            inspect(data)
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_refused_with_its_code_and_nothing_is_run(case, watch):
    data, code = CASES[case]
    modules = set(sys.modules)
    with watch, pytest.raises(FormatError) as caught:
        inspect(data)
    assert (caught.value.code, watch.events, set(sys.modules) - modules) == (code, [], set()), caught.value.message
    message = caught.value.message
    assert len(message) > 20 and message.endswith(".") and message.isprintable() and len(message) < 500
    what_is_wrong, *_, what_to_do = message.split(". ")
    assert what_is_wrong and what_to_do.startswith(REMEDIES), message
    assert caught.value.where.strip()
    german = caught.value.said(GERMAN.__getitem__)
    assert german != message and german.endswith(".") and ("…" in message or "…" not in german)


def test_the_table_is_large_and_meets_every_code():
    assert len(CASES) == sum(len(part.CASES) for part in PARTS)
    assert len({data for data, _ in CASES.values()}) == len(CASES) >= 600
    codes = {error.code for error in FormatError.__subclasses__()}
    elsewhere = {"unrelated_files", "wrong_target"}  # of uploads of several files, and of writing
    assert {code for _, code in CASES.values()} == codes - elsewhere


def test_every_opcode_that_is_not_read_has_its_file():
    stopped = {kind.name for kind in pickletools.opcodes if ord(kind.code) not in pickled.OPCODES} - {"STOP"}
    of_payloads = {"OBJ", "INST", "POP", "EXT1"}
    assert stopped == (set(bad_streams.OPCODES) | of_payloads) - {"a byte that is no opcode"}


def test_the_files_that_the_bad_ones_are_made_from_are_good():
    good = (GOOD, GOOD_ZIP, GOOD_LEGACY, zipped(), bad_streams.zip64(), bad_pictures.GOOD, bad_pictures.GOOD_HIDING)
    assert [inspect(data).vectors for data in good] == [2] * len(good)


def test_the_payload_is_live_and_the_watch_hears_it(watch, tmp_path):
    mark = tmp_path / "mark"
    with watch:
        pickle.loads(make.stream(system_call(f"touch {mark}")))
    assert mark.exists()
    assert {event for event, _ in watch.events} >= {"pickle.find_class", "os.system"}


def test_pictures_are_refused_in_words_that_say_what_to_upload_instead():
    with pytest.raises(FormatError, match=r"JPEG picture.*PNG and lossless WebP.*\.pt or \.safetensors"):
        inspect(CASES["a JPEG"][0])


def test_a_large_file_is_refused_in_words_that_help_with_a_lora_s_words():
    with pytest.raises(FormatError, match=r"16 MB.*no LoRA or checkpoint\. Export words that are bundled in a LoRA"):
        inspect(bytes(limits.MAX_FILE_BYTES + 1))


def test_an_unknown_width_is_refused_naming_it_and_the_supported_ones():
    with pytest.raises(FormatError, match=r"3584.*Qwen-Image.*768 .*1024 .*768\+1280 .*128 "):
        inspect(CASES["Qwen vectors by width"][0])


def test_several_tokens_are_refused_naming_them():
    with pytest.raises(FormatError, match=r"<cat>, <dog>.*Split"):
        inspect(CASES["two tokens"][0])


def test_a_global_is_refused_by_name():
    with pytest.raises(FormatError, match=r"asks for posix\.system"):
        inspect(CASES["a payload as a bare pickle"][0])


def test_python_s_own_pickles_of_odd_objects_are_refused():
    for value in (OrderedDict(a=1), {"a": np.float32(1)}, {1, 2}, slice(1), b"x", 1.5, "<cat>"):
        with pytest.raises(FormatError):
            inspect(make.Zip({**RECORDS, "data.pkl": pickle.dumps(value, protocol=2)}).bytes())
