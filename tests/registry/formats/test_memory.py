"""No file makes reading it costly: what each takes is measured in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry.formats import FormatError, inspect
from tests.registry.formats import bad_bombs, builders
from tests.registry.formats.bad_pictures import GOOD, GOOD_HIDING, GOOD_WEBP
from tests.registry.formats.pictures import webp
from tests.registry.formats.test_refusals import CASES

#: Bytes that reading any file may take beside the file itself.
MAX_GROWTH_BYTES = 64 * 1024 * 1024
#: Seconds of the processor's time, on a slow one.
MAX_SECONDS = 2.0
#: What the measuring process reads first, so that libraries are loaded before anything is measured.
WARM_UP = (GOOD, GOOD_HIDING, webp(GOOD_WEBP), builders.torch_zip(builders.embedding(), builders.vectors()))

#: Reads every file that is named on its input, each in a process of its own, whose peak is then its own too.
SCRIPT = """
import json, os, resource, sys, time
from pathlib import Path
from registry.formats import FormatError, NamedFile, inspect_files

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def read(data):
    before, start = peak(), time.thread_time()
    try:
        code, parts = "read", inspect_files([NamedFile("input", data)])
    except FormatError as error:
        code = error.code
    except BaseException as error:
        code = repr(error)
    return code, peak() - before, time.thread_time() - start

def apart(data):
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        os.write(sender, json.dumps(read(data)).encode())
        os._exit(0)
    os.close(sender)
    with os.fdopen(receiver) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer)

folder, warm_up = Path(sys.argv[1]), int(sys.argv[2])
paths = sorted(folder.iterdir(), key=lambda path: int(path.name))
for path in paths[:warm_up]:
    read(path.read_bytes())
for path in paths[warm_up:]:
    print(json.dumps(apart(path.read_bytes())), flush=True)
"""


def measured(folder, files):
    """(code, bytes, seconds) of each file."""
    for number, data in enumerate((*WARM_UP, *files)):
        (folder / str(number)).write_bytes(data)
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", SCRIPT, str(folder), str(len(WARM_UP))]
    done = subprocess.run(command, cwd=root, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a forked process alone")


@linux_only
def test_no_file_takes_over_64_mb_or_long(tmp_path):
    files = {name: data for name, (data, _) in CASES.items()} | bad_bombs.ACCEPTED
    taken = dict(zip(files, measured(tmp_path, files.values()), strict=True))
    costly = {name: took for name, took in taken.items() if took[1] > MAX_GROWTH_BYTES or took[2] > MAX_SECONDS}
    assert not costly
    for name, (told, _, _) in taken.items():
        expected = CASES[name][1] if name in CASES else "read"
        # The words of one file, which inspect refuses to choose from, are taken apart.
        apart = told == "read" and expected in ("several_tokens", "not_an_embedding")
        assert told == expected or apart, name
    # The measure itself is right: it saw what the largest take.
    assert max(took[1] for took in taken.values()) > 8 * 1024 * 1024


@linux_only
def test_the_measure_sees_a_reader_that_takes_too_much(tmp_path, monkeypatch):
    greedy = SCRIPT.replace("inspect_files([NamedFile", "[b'x' * (100 * 2**20)] and inspect_files([NamedFile")
    monkeypatch.setattr(sys.modules[__name__], "SCRIPT", greedy)
    ((_, growth, _),) = measured(tmp_path, [CASES["a text"][0]])
    assert growth > MAX_GROWTH_BYTES


@pytest.mark.parametrize("name", bad_bombs.ACCEPTED)
def test_the_costliest_files_are_read(name):
    assert inspect(bad_bombs.ACCEPTED[name]).vectors >= 75


def test_a_word_of_advice_is_short_whatever_a_file_is_called():
    error = FormatError("The record " + "\u202e" * 2000 + " is odd. Export it again.", where="a\0b" * 500)
    assert len(error.message) < 500 and error.message.endswith("again.") and len(error.where) <= 200
    assert error.where.isprintable()
