"""Files whose container is wrong: what they are at all, safetensors, torch zip. Name of the case → (bytes, code)."""

from __future__ import annotations

import numpy as np

from registry.formats.limits import (
    MAX_FILE_BYTES,
    MAX_HEADER_BYTES,
    MAX_METADATA_BYTES,
    MAX_RECORDS,
    MAX_TENSORS,
)
from tests.registry.formats import builders as make

V = make.vectors()
GOOD = make.safetensors({"emb_params": V})
GOOD_ZIP = make.torch_zip(make.embedding(), V)
GOOD_LEGACY = make.torch_legacy(make.embedding(), V)
F32 = {"dtype": "F32", "shape": [2, 768], "data_offsets": [0, 6144]}
RECORDS = {"data.pkl": make.stream(make.embedding()), "data/0": V.tobytes(), "version": b"3\n"}


def entry(**changes):
    """A safetensors file whose one entry is changed."""
    return make.safetensors_raw({"emb_params": {**F32, **changes}}, V.tobytes())


def named(name, array=V):
    return make.safetensors({name: array})


def zipped(change=None, **end):
    """A good torch zip, changed."""
    archive = make.Zip(RECORDS)
    if change:
        change(archive)
    return archive.bytes(**end)


def field(index, **fields):
    return zipped(lambda archive: archive.entries[index].update(fields))


def attribute(name, value):
    return zipped(lambda archive: setattr(archive, name, value))


CASES = {
    # What it is at all.
    "nothing": (b"", "truncated"),
    "a few bytes": (b"PK\3\4", "truncated"),
    "a text": (b"hello, this is no embedding", "unknown_container"),
    "a web page": (b"<!DOCTYPE html><html></html>", "unknown_container"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(64), "malformed"),
    "a WebP": (b"RIFF\x10\0\0\0WEBPVP8L" + bytes(16), "truncated"),
    "a JPEG": (b"\xff\xd8\xff\xe0" + bytes(32), "unknown_container"),
    "an AVIF": (b"\0\0\0\x20ftypavif" + bytes(32), "unknown_container"),
    "a GGUF": (b"GGUF" + bytes(64), "unknown_container"),
    "a 7-Zip": (b"7z\xbc\xaf\x27\x1c" + bytes(32), "unknown_container"),
    "a Git LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "unknown_container"),
    "an empty zip": (b"PK\5\6" + bytes(18), "unknown_container"),
    "a harmless bare pickle": (make.stream(make.dictionary(a=b"N")) + bytes(8), "unknown_container"),
    "a picture before a zip": (b"\x89PNG\r\n\x1a\n" + GOOD_ZIP, "malformed"),
    "zeros": (bytes(4096), "unknown_container"),
    "more than the largest file": (GOOD + bytes(MAX_FILE_BYTES), "too_large"),
    # safetensors: the container.
    "a header length beyond the file": ((5000).to_bytes(8, "little") + GOOD[8:60], "truncated"),
    "a header over the limit": ((MAX_HEADER_BYTES + 1).to_bytes(8, "little") + GOOD[8:], "too_large"),
    "a header of 2^40 bytes": ((2**40).to_bytes(8, "little") + GOOD[8:], "unknown_container"),
    "a cut body": (GOOD[:-4], "truncated"),
    "a byte after the body": (GOOD + b"\0", "malformed"),
    "a header that is no JSON": (make.safetensors_raw(b"{not json}", V.tobytes()), "malformed"),
    "a header that is not UTF-8": (make.safetensors_raw(b'{"\xff": 1}'), "malformed"),
    "a header nested too deep": (make.safetensors_raw(b'{"a":' * 50_000), "malformed"),
    "half a surrogate pair": (make.safetensors_raw(b'{"\\ud800":' + str(F32).replace("'", '"').encode() + b"}", V.tobytes()), "malformed"),
    "NaN in the header": (make.safetensors_raw(b'{"emb_params": NaN}'), "malformed"),
    "a number of 5,000 digits": (make.safetensors_raw(b'{"a": ' + b"9" * 5000 + b"}"), "malformed"),
    "no tensors": (make.safetensors_raw({}), "malformed"),
    "only metadata": (make.safetensors_raw({"__metadata__": {"a": "b"}}), "malformed"),
    "metadata that is no text": (make.safetensors_raw({"__metadata__": {"a": 1}, "emb_params": F32}, V.tobytes()), "malformed"),
    "metadata with a zero": (make.safetensors({"emb_params": V}, {"a": "b\0"}), "malformed"),
    "metadata over the limit": (make.safetensors({"emb_params": V}, {"a": "b" * MAX_METADATA_BYTES}), "too_large"),
    "a tensor named twice": (
        make.safetensors_raw(b'{"emb_params": 1, "emb_params": {"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)), "malformed",
    ),
    "an unknown field": (entry(extra=1), "malformed"),
    "a missing field": (make.safetensors_raw({"emb_params": {"dtype": "F32"}}), "malformed"),
    "whole numbers": (named("emb_params", np.ones((2, 768), np.int64)), "malformed"),
    "an fp8 type": (entry(dtype="F8_E4M3"), "malformed"),
    "a type that is a list": (entry(dtype=["F32"]), "malformed"),
    "an empty dimension": (entry(shape=[0, 768], data_offsets=[0, 0]), "malformed"),
    "an empty dimension beside a huge one": (entry(shape=[0, 2**60], data_offsets=[0, 0]), "malformed"),
    "a shape that overflows": (entry(shape=[2**40, 2**40]), "malformed"),
    "sides whose product has too many digits to write down": (entry(shape=[10**4000, 10**4000]), "malformed"),
    "a shape of truth values": (entry(shape=[True, 768]), "malformed"),
    "a shape of fractions": (entry(shape=[2.0, 768]), "malformed"),
    "no shape at all": (entry(shape=[]), "malformed"),
    "a shape that does not fit": (entry(shape=[3, 768]), "malformed"),
    "offsets in reverse": (entry(data_offsets=[6144, 0]), "malformed"),
    "a negative offset": (entry(data_offsets=[-1, 6143]), "malformed"),
    "a hole before the numbers": (
        make.safetensors_raw({"emb_params": {**F32, "data_offsets": [4, 6148]}}, bytes(4) + V.tobytes()), "malformed",
    ),
    "overlapping tensors": (make.safetensors_raw({"clip_l": F32, "clip_g": {**F32, "data_offsets": [4, 6148]}}, bytes(6148)), "malformed"),
    "an empty name": (named(""), "malformed"),
    "a name with a line break": (named("a\nb"), "malformed"),
    "a name with an invisible character": (named("a\u200bb"), "bad_token"),
    "a name with a right-to-left override": (named("a\u202eb"), "bad_token"),
    "a name over the limit": (named("a" * 300), "malformed"),
    "too many tensors": (make.safetensors({f"w{index}": V[:1] for index in range(MAX_TENSORS + 1)}), "too_large"),
    # zip: the container.
    "a zip cut short": (GOOD_ZIP[:-10], "truncated"),
    "a zip cut in half": (GOOD_ZIP[: len(GOOD_ZIP) // 2], "truncated"),
    "a zip with bytes behind": (GOOD_ZIP + b"x", "malformed"),
    "a zip with a comment": (attribute("comment", b"hello"), "malformed"),
    "a zip with a gap before the end": (attribute("before_end", b"gap"), "malformed"),
    "a zip with a hidden record": (field(0, gap=b"PK\3\4 hidden"), "malformed"),
    "a zip whose count is wrong": (zipped(count=2), "malformed"),
    "a zip whose two counts disagree": (zipped(here=1), "malformed"),
    "a zip that claims a second disk": (zipped(disk=1), "malformed"),
    "a zip whose directory is elsewhere": (zipped(at=10), "malformed"),
    "a compressed record": (field(1, method=8), "malformed"),
    "an encrypted record": (field(0, flags=1), "malformed"),
    "an encrypted local header": (field(0, local_flags=1), "malformed"),
    "a wrong checksum": (field(0, crc=1, local_crc=1), "malformed"),
    "a local checksum that disagrees": (field(0, local_crc=1), "malformed"),
    "a local size that disagrees": (field(0, local_size=1), "malformed"),
    "a local name that disagrees": (field(0, local_name=b"archive/data.pkx"), "malformed"),
    "an unpacked size that disagrees": (field(1, full_size=7), "malformed"),
    "a record outside the file": (field(0, offset=10**6), "truncated"),
    "two records in one place": (field(1, offset=0), "malformed"),
    "another name in an extra field": (field(0, extra=b"\x75\x70\x05\0\1abcd"), "malformed"),
    "two data.pkl": (zipped(lambda archive: archive.add("archive/data.pkl", b"x")), "malformed"),
    "two folders": (zipped(lambda archive: archive.add("other/byteorder", b"little")), "malformed"),
    "a name that climbs out": (zipped(lambda archive: archive.add("archive/../../etc/passwd", b"x")), "malformed"),
    "a script in the archive": (zipped(lambda archive: archive.add("archive/code/__torch__.py", b"x")), "malformed"),
    "a record name with a zero": (zipped(lambda archive: archive.add("archive/version\0", b"x")), "malformed"),
    "a record name that is not UTF-8": (zipped(lambda archive: archive.add(b"archive/\xff", b"x")), "malformed"),
    "big-endian numbers": (zipped(lambda archive: archive.add("archive/byteorder", b"big")), "malformed"),
    "no data.pkl": (make.Zip({"version": b"3\n"}).bytes(), "malformed"),
    "numbers that no tensor has": (zipped(lambda archive: archive.add("archive/data/1", b"hidden")), "malformed"),
    "numbers under another name for the same": (zipped(lambda archive: archive.add("archive/data/00", b"hidden")), "malformed"),
    "something hidden where the version is": (make.Zip({**RECORDS, "version": b"3\n" + b"hidden"}).bytes(), "malformed"),
    "something hidden where the byte order is": (zipped(lambda archive: archive.add("archive/byteorder", b"little hidden")), "malformed"),
    "something hidden where the checksum is": (zipped(lambda archive: archive.add("archive/.data/serialization_id", b"hidden")), "malformed"),
    "another name in a local extra field": (field(0, local_extra=b"\x75\x70\x05\0\1abcd"), "malformed"),
    "something hidden in the padding": (field(0, local_extra=b"FB\4\0ZZhi"), "malformed"),
    "padding of another length": (field(0, local_extra=b"FB\4\0ZZZZZ"), "malformed"),
    "padding that is cut": (field(0, local_extra=b"FB\4"), "malformed"),
    "two extra fields": (field(0, local_extra=b"FB\1\0ZFB\1\0Z"), "malformed"),
    "a storage described in two ways in a zip": (
        make.torch_zip(make.dictionary(a=make.tensor([768], count=1536), b=make.tensor([768], kind="HalfStorage")), V), "malformed",
    ),
    "too many records": (
        zipped(lambda archive: [archive.add(f"archive/data/{n}", b"") for n in range(1, MAX_RECORDS + 1)]), "too_large",
    ),
    "an ordinary zip": (make.Zip({"readme.txt": b"hello"}).bytes(), "malformed"),
    "a descriptor that disagrees": (
        zipped(lambda archive: archive.entries[0].update(streamed=True, descriptor_crc=7)), "malformed",
    ),
}  # fmt: skip
