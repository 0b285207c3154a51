"""What the fuzzer once found stays mended, and its own parts do what they should. Needs no atheris."""

from __future__ import annotations

import io
import random
import zipfile

import pytest

from registry.formats import FormatError, inspect
from tests.fuzz import seeds
from tests.fuzz.mutate import structured
from tests.fuzz.target import check, frame, unframe
from tests.registry.formats import builders as make
from tests.registry.formats.bad_containers import GOOD_ZIP
from tests.registry.formats.bad_pictures import GOOD as GOOD_PICTURE

FOUND = seeds.found()


@pytest.mark.parametrize("name", FOUND)
def test_an_input_that_once_found_a_mistake_is_read_or_refused_in_time(name):
    check(FOUND[name])


def test_every_seed_is_read_or_refused_in_time():
    every = seeds.generated()
    assert len(every) >= 300
    for data in every:
        check(data)


def test_several_files_in_one_input_come_out_as_they_went_in():
    files = [("a.pt", b"one"), ("猫.json", b""), ("", b"\0" * 300)]
    assert unframe(frame(files)) == files
    for cut in range(len(frame(files))):
        unframe(frame(files)[:cut])


def flip(data, max_size):
    """One bit flipped somewhere, by a rule of its own."""
    data = bytearray(data or b"\0")
    data[len(data) // 3] ^= 4
    return bytes(data[:max_size])


def test_changes_inside_a_container_leave_its_checksums_right():
    for seed in range(50):
        changed = structured(GOOD_ZIP, 2**16, seed, flip)
        if changed != flip(GOOD_ZIP, 2**16):
            with zipfile.ZipFile(io.BytesIO(changed)) as archive:
                assert archive.testzip() is None
    messages = set()
    for seed in range(50):
        try:
            inspect(structured(GOOD_PICTURE, 2**18, seed, flip))
        except FormatError as error:
            messages.add(error.message)
    assert any("JSON" in message or "base64" in message for message in messages), messages


def test_a_changed_input_is_never_longer_than_allowed():
    chance = random.Random(1)
    for data in (
        *seeds.generated()[::20],
        frame([("a", GOOD_ZIP), ("b", make.safetensors({"a": make.vectors()}))]),
    ):
        size = chance.choice([10, 1000, 2**16])
        assert len(structured(data[:size], size, chance.randrange(2**32), flip)) <= size
