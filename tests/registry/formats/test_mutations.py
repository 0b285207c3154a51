"""Good files bent at random: each is read or refused, and nothing else ever happens."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from registry.formats import FormatError, inspect, targets_for, write
from registry.formats.limits import MAX_ROWS
from tests.registry.formats import builders as make

#: Bent files of each kind: enough to reach every reader's every branch, and few enough for a few seconds.
ROUNDS = 10_000
SMALL = make.vectors(2, 128)
STREAM = make.stream(
    make.a1111(parameters=make.dictionary(**{"*": make.tensor([2, 128])}), name=make.text("koi"), step=b"K\x07")
)
#: Numbers that overflow, wrap or go negative somewhere.
EDGES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63, 2**64 - 1]
#: Opcodes and header pieces worth putting where they do not belong.
PIECES = [bytes([code]) for code in b"\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8c\x93\x94\x95()]}.NQRabcehjqrstuGJKMX"] + [
    b"h\0", b"q\0", b"cposix\nsystem\n", b"\x8a\xff", b"{", b"}", b"[", b"]", b'"', b":", b"null", b"1e999", b"-1", b"\\ud800", b"PK\3\4", b"PK\5\6",
]  # fmt: skip


def bend(chance, data):
    """One to four small changes."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(7):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(data):
                data[at] = chance.randrange(256)
            case 2:
                size = chance.choice([1, 2, 4, 8])
                data[at : at + size] = (chance.choice(EDGES) % 256**size).to_bytes(size, "little")
            case 3:
                data[at:at] = chance.choice(PIECES)
            case 4:
                del data[at : at + chance.randint(1, 16)]
            case 5:
                other = chance.randrange(len(data) + 1)
                data[at:at] = data[other : other + chance.randint(1, 32)]
            case 6:
                data = data[: at + 1]
    return bytes(data)


def bent_safetensors(chance):
    data = make.safetensors({"emb_params": SMALL}, {"format": "pt"})
    length = int.from_bytes(data[:8], "little")
    return make.safetensors_raw(bend(chance, data[8 : 8 + length]), data[8 + length :])


def bent_pickle(chance):
    return make.Zip({"data.pkl": bend(chance, STREAM), "data/0": SMALL.tobytes(), "version": b"3\n"}).bytes()


def bent_legacy(chance):
    pieces = [make.LEGACY_PROTOCOL, make.LEGACY_SYSTEM, STREAM, make.stream(b"](" + make.text("0") + b"e")]
    chosen = chance.randrange(4)
    pieces[chosen] = bend(chance, pieces[chosen])
    return make.LEGACY_MAGIC + b"".join(pieces) + (256).to_bytes(8, "little") + SMALL.tobytes()


def bent_zip(chance):
    """A change in the headers, which are a small part of the file."""
    data = make.torch_zip(make.embedding(width=128), SMALL, streamed=chance.random() < 0.5)
    first, last = data[:300], data[-400:]
    return bend(chance, first) + data[300:] if chance.random() < 0.3 else data[:-400] + bend(chance, last)


def bent_anywhere(chance):
    encoders = inspect(make.safetensors({"emb_params": SMALL})).encoders
    return bend(chance, write(chance.choice(targets_for(encoders)), encoders, token="<koi>", name="koi")[0].data)


@pytest.mark.parametrize("kind", [bent_safetensors, bent_pickle, bent_legacy, bent_zip, bent_anywhere])
def test_a_bent_file_is_read_or_refused_and_nothing_else(kind):
    outcomes = Counter()
    for seed in range(ROUNDS):
        data = kind(random.Random(f"{kind.__name__} {seed}"))
        try:
            found = inspect(data)
        except FormatError as error:
            outcomes[error.code] += 1
            assert error.message.isprintable(), f"seed {seed}"
        except BaseException as error:
            raise AssertionError(f"{kind.__name__} seed {seed}: {data[:200]!r}") from error
        else:
            outcomes["read"] += 1
            for encoder in found.encoders:
                assert (
                    encoder.vectors.dtype == np.float32
                    and encoder.vectors.ndim == 2
                    and np.isfinite(encoder.vectors).all()
                )
                assert 1 <= len(encoder.vectors) <= MAX_ROWS and encoder.vectors.nbytes <= 4 * len(data)
    assert outcomes["read"] and outcomes["malformed"] and len(outcomes) >= 3, outcomes
