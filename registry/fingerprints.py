"""The hashes of a version: of its numbers, of every file written from them, and of the file that was uploaded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from django.db import transaction

from registry.formats import Dtype, Encoder, Target, hashes, targets_for, write
from registry.formats.errors import BadToken, BadValues
from registry.formats.hashes import FileHashes, of_file
from registry.models import File, Hash, HashKind, Version
from registry.similarity import REVISION as DIRECTIONS

#: Raise it when a writer changes its bytes or a hash its meaning; versions indexed before are then indexed again.
#: 2: digests are of shapes and numbers, no longer of the numbers in a row.
REVISION = 2
#: By which equal numbers are known.
DIGESTS = (HashKind.DIGEST, HashKind.DIGEST_F16, HashKind.DIGEST_BF16)


@cache
def current_index() -> str:
    """What ``Version.indexed`` holds when nothing is missing: it changes with the targets, their dtypes, the kinds of hash and directions."""
    parts = [str(REVISION), str(DIRECTIONS), *Target, *Dtype, *HashKind.values]
    return hashlib.sha256(",".join(parts).encode()).hexdigest()[:16]


def digests(encoders: Sequence[Encoder]) -> dict[str, str]:
    """Return the digests of the numbers as they are, and as a copy rounded to 16 bits has them.

    A float16 file of a float32 embedding holds other numbers, and so another digest. It is known all the same: its own
    digest is the digest that the float32 numbers have after rounding. A rounding that overflows is left out.
    """
    found = {HashKind.DIGEST.value: hashes.digest(encoders)}
    for kind, rounding in ((HashKind.DIGEST_F16, to_float16), (HashKind.DIGEST_BF16, to_bfloat16)):
        rounded = [replace(encoder, vectors=rounding(encoder.vectors)) for encoder in encoders]
        if all(np.isfinite(encoder.vectors).all() for encoder in rounded):
            found[kind.value] = hashes.digest(rounded)
    return found


def to_float16(vectors: np.ndarray) -> np.ndarray:
    """float32 [n, d] rounded to the nearest float16, as float32; what is too large becomes infinite."""
    with np.errstate(over="ignore"):
        return vectors.astype(np.float16).astype(np.float32)


def to_bfloat16(vectors: np.ndarray) -> np.ndarray:
    """float32 [n, d] rounded to the nearest bfloat16, ties to even, as float32."""
    bits = np.ascontiguousarray(vectors, dtype=np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return rounded.astype(np.uint32).view(np.float32)


@transaction.atomic
def index(version: Version, encoders: Sequence[Encoder], *, uploads: Sequence[bytes] = ()) -> None:
    """Write the rows of every file that a version can be downloaded as, and of every hash, and its digest.

    What is there is replaced, for it may be of an older release.

    ``uploads`` are the files the version came from, known only when it is made: their hashes stay when it is indexed again.
    """
    files = _files(version, encoders)
    known_by = digests(encoders)
    values = set(known_by.items())
    for row, known in files:
        values |= _values(known)
        row.autov3, row.blake3, row.crc32, row.sha256 = known.autov3, known.blake3, known.crc32, known.sha256
    own = {pair for data in uploads for pair in _values(of_file(data, encoders))}
    version.files.all().delete()
    File.objects.bulk_create(row for row, _ in files)
    version.hashes.filter(uploaded=False).delete()
    Hash.objects.bulk_create(
        (
            Hash(version=version, kind=kind, value=value, uploaded=(kind, value) in own)
            for kind, value in sorted(own | values)
        ),
        ignore_conflicts=True,  # the upload's, when the version is indexed again
    )
    version.digest, version.indexed = known_by[HashKind.DIGEST], current_index()
    version.save(update_fields=["digest", "indexed"])


def _files(version: Version, encoders: Sequence[Encoder]) -> list[tuple[File, FileHashes]]:
    """Write every file; of equal bytes, which several targets have, the hashes are computed once."""
    embedding, known, found = version.embedding, {}, []
    halves = [replace(encoder, vectors=to_float16(encoder.vectors)) for encoder in encoders]
    for target in targets_for(encoders):
        for dtype in Dtype:
            try:
                written = write(target, encoders, token=embedding.token, name=embedding.name, dtype=dtype)
            except (BadToken, BadValues):
                continue  # a word that an older release took and no file may carry now; numbers beyond float16
            for file in written:
                if file.data not in known:
                    known[file.data] = of_file(file.data, halves if dtype == Dtype.FLOAT16 else encoders)
                row = File(version=version, target=target, dtype=dtype, filename=file.filename, size=len(file.data))
                found.append((row, known[file.data]))
    return found


def _values(known: FileHashes) -> set[tuple[str, str]]:
    pairs = {
        (HashKind.SHA256.value, known.sha256),
        (HashKind.AUTOV3.value, known.autov3),
        (HashKind.BLAKE3.value, known.blake3),
        (HashKind.CRC32.value, known.crc32),
        (HashKind.CHECKSUM.value, known.checksum16),
    }
    return {(kind, value) for kind, value in pairs if value}
