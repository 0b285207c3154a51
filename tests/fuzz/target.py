"""What every input must fulfil: it is read, or refused with a ``FormatError``, within a second and little memory.

What is read is written and read again, and must be the same.
"""

from __future__ import annotations

import json
import resource
import time
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np

from registry.formats import (
    FormatError,
    Inspection,
    NamedFile,
    Target,
    check_token,
    inspect,
    inspect_files,
    report,
    targets_for,
    write,
)
from registry.formats.errors import MAX_MESSAGE_CHARACTERS
from registry.formats.limits import MAX_LEAK_CHARACTERS, MAX_LEAKS, MAX_ROWS

#: Seconds of the processor's time that reading an input may take, whatever else the machine is doing.
MAX_SECONDS = 1.0
#: How often an input that took longer is tried again: the first time may have loaded a library.
ATTEMPTS = 3
#: Bytes by which one input may raise the process's peak.
MAX_GROWTH_BYTES = 64 * 1024 * 1024

#: How an input of several files begins; after it each file's name and content, with two and four bytes of length.
FRAME = b"several files\n"


def frame(files: list[tuple[str, bytes]]) -> bytes:
    """One input of several files."""
    packed = (
        len(raw).to_bytes(2, "little") + raw + len(data).to_bytes(4, "little") + data
        for raw, data in ((name.encode("utf-8", "replace")[:999], data) for name, data in files)
    )
    return FRAME + b"".join(packed)


def unframe(data: bytes) -> list[tuple[str, bytes]]:
    """The files of such an input. Lengths beyond its end mean what there is."""
    files, at = [], len(FRAME)
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "little")
        name = data[at + 2 : end].decode("utf-8", "replace")
        at = end + 4 + int.from_bytes(data[end : end + 4], "little")
        files.append((name, data[end + 4 : at]))
    return files


def check(data: bytes) -> None:
    """Read an input. Raises ``AssertionError``, or whatever else a reader should not have raised."""
    if data.startswith(FRAME):
        _timed(_check_several, unframe(data))
    else:
        _timed(_check_single, data)


def _timed(action: Callable[[Any], None], argument: Any) -> None:
    """Do it, and again where it took too long: only what is slow each time counts."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    taken = []
    for _ in range(ATTEMPTS):
        start = time.thread_time()
        action(argument)
        taken.append(time.thread_time() - start)
        if taken[-1] <= MAX_SECONDS:
            break
    else:
        raise AssertionError(f"took {min(taken):.2f} seconds")
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - peak
    assert growth <= MAX_GROWTH_BYTES, f"took {growth // 1024**2} MB"


def _check_single(data: bytes) -> None:
    try:
        found = inspect(data)
    except FormatError as error:
        _check_refusal(error)
    else:
        _check_inspection(found)
    _check_several([("input.pt", data)])


def _check_several(files: list[tuple[str, bytes]]) -> None:
    try:
        parts = inspect_files([NamedFile(name, data) for name, data in files])
    except FormatError as error:
        _check_refusal(error)
        return
    assert parts
    for part in parts:
        _check_inspection(part.inspection)
        assert part.role in ("", "positive", "negative") and part.label
        part.label.encode()


def _check_refusal(error: FormatError) -> None:
    assert error.code in {kind.code for kind in FormatError.__subclasses__()}
    assert 20 < len(error.message) <= MAX_MESSAGE_CHARACTERS and error.message.endswith("."), repr(error.message)
    assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in error.message), repr(error.message)
    assert error.where.strip() and error.where.isprintable(), repr(error.where)


def _check_inspection(found: Inspection) -> None:
    assert found.bases and found.encoders
    for encoder in found.encoders:
        values = encoder.vectors
        assert values.dtype == np.float32 and values.ndim == 2 and np.isfinite(values).all()
        assert 1 <= len(values) <= MAX_ROWS
    json.dumps(report(found), allow_nan=False, ensure_ascii=False).encode()
    assert len(found.leaks) <= MAX_LEAKS + 1 and all(len(leak) <= MAX_LEAK_CHARACTERS for leak in found.leaks)
    for token in found.tokens:
        check_token(token)
    _check_round_trip(found)


def _check_round_trip(found: Inspection) -> None:
    """What is written of it is read as the same vectors, under the same token where the file carries one."""
    token = next(iter(found.tokens), "<x>")
    for target in {Target.CANONICAL, Target.DIFFUSERS, Target.A1111_PT}.intersection(targets_for(found.encoders)):
        files = write(target, found.encoders, token=token, name=found.name)
        (part,) = inspect_files([NamedFile(file.filename, file.data) for file in files])
        assert part.inspection.digest == found.digest, target
        assert target != Target.DIFFUSERS or part.inspection.tokens == (token,), token
