"""Embedding files made byte by byte, right ones and wrong ones, without the code under test."""

from __future__ import annotations

import json
import struct
import zlib

import numpy as np

#: The pickle opcodes of a torch legacy file before its object: magic number, protocol, system.
LEGACY_MAGIC = b"\x80\x02\x8a\x0a" + (0x1950A86A20F9469CFC6C).to_bytes(10, "little") + b"."
LEGACY_PROTOCOL = b"\x80\x02M\xe9\x03."


def text(value):
    """A text as pickle opcodes."""
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


LEGACY_SYSTEM = b"\x80\x02}(" + text("little_endian") + b"\x88" + text("protocol_version") + b"M\xe9\x03u."


def vectors(rows=2, width=768, seed=0, norm=0.4):
    """Plausible vectors float32 [rows, width]."""
    values = np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)
    return (values / np.linalg.norm(values, axis=1, keepdims=True) * norm).astype(np.float32)


def safetensors_raw(header, body=b""):
    """A file from a header (bytes, or anything JSON can say) and a body."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + body


def safetensors(arrays, metadata=None):
    """A valid file of float32 or float16 arrays."""
    header, body = {} if metadata is None else {"__metadata__": metadata}, b""
    for name, array in arrays.items():
        raw = array.tobytes()
        dtype = {"float32": "F32", "float16": "F16", "float64": "F64", "int64": "I64"}[str(array.dtype)]
        header[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    return safetensors_raw(header, body)


def number(value):
    """A whole number of any size as pickle opcodes."""
    size = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def storage(count, key="0", kind="FloatStorage"):
    """A persistent storage id."""
    size = count if isinstance(count, bytes) else number(count)
    return b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + text(key) + text("cpu") + size + b"tQ"


def tensor(shape, *, stride=None, offset=0, count=None, key="0", kind="FloatStorage"):
    """A tensor as ``_rebuild_tensor_v2`` opcodes; sizes may be opcodes themselves."""
    if stride is None:
        stride = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    count = int(np.prod(shape)) if count is None else count

    def sizes(values):
        return b"(" + b"".join(v if isinstance(v, bytes) else number(v) for v in values) + b"t"

    where = offset if isinstance(offset, bytes) else number(offset)
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + storage(count, key, kind)
        + where
        + sizes(shape)
        + sizes(stride)
        + b"\x89ccollections\nOrderedDict\n)RtR"
    )


def dictionary(**items):
    """A dictionary of opcodes."""
    return b"}(" + b"".join(text(name) + value for name, value in items.items()) + b"u"


def stream(opcodes):
    """A whole protocol 2 stream."""
    return b"\x80\x02" + opcodes + b"."


class Zip:
    """A torch zip whose every field can be set wrong."""

    def __init__(self, records, prefix="archive", streamed=False):
        self.entries = []
        for name, content in records.items():
            self.add(f"{prefix}/{name}", content, streamed=streamed)
        self.comment, self.before_end, self.after, self.start = b"", b"", b"", b""

    def add(self, name, content, **fields):
        """Add a record; ``fields`` override what the headers say."""
        raw = name.encode() if isinstance(name, str) else name
        self.entries.append({"name": raw, "content": content, **fields})
        return self

    def bytes(self, **end):
        body, directory = self.start, b""
        for entry in self.entries:
            raw, content = entry["name"], entry["content"]
            streamed = entry.get("streamed", False)
            flags = entry.get("flags", 0x0808 if streamed else 0)
            method, crc = entry.get("method", 0), entry.get("crc", zlib.crc32(content))
            size = entry.get("size", len(content))
            offset = entry.get("offset", len(body))
            local_name, extra = entry.get("local_name", raw), entry.get("extra", b"")
            padding = entry.get("local_extra", b"")
            local_flags = entry.get("local_flags", flags)
            local = (0, 0, 0) if streamed else (entry.get("local_crc", crc), size, entry.get("local_size", size))
            body += struct.pack(
                "<4sHHHHHIIIHH", b"PK\3\4", 20, local_flags, method, 0, 0x21, *local, len(local_name), len(padding)
            )
            body += local_name + padding + content
            if streamed:
                body += struct.pack("<4sIII", b"PK\7\10", entry.get("descriptor_crc", crc), size, size)
            body += entry.get("gap", b"")
            directory += struct.pack(
                "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, flags, method, 0, 0x21, crc, size, entry.get("full_size", size),
                len(raw), len(extra), 0, 0, 0, 0, offset,
            )  # fmt: skip
            directory += raw + extra
        count = end.get("count", len(self.entries))
        closing = struct.pack(
            "<4sHHHHIIH", b"PK\5\6", end.get("disk", 0), 0, end.get("here", count), count, end.get("size", len(directory)),
            end.get("at", len(body)), len(self.comment),
        )  # fmt: skip
        return body + directory + self.before_end + closing + self.comment + self.after


def torch_zip(opcodes, *arrays, **options):
    """A torch zip of one object and the storages ``0``, ``1``, …"""
    records = {"data.pkl": stream(opcodes)}
    for index, array in enumerate(arrays):
        records[f"data/{index}"] = array if isinstance(array, bytes) else array.tobytes()
    records["version"] = b"3\n"
    return Zip(records, **options).bytes()


def torch_legacy(
    opcodes,
    *arrays,
    keys=None,
    counts=None,
    magic=LEGACY_MAGIC,
    protocol=LEGACY_PROTOCOL,
    system=LEGACY_SYSTEM,
):
    """A file of five pickles and the storages ``0``, ``1``, …"""
    if keys is None:
        keys = b"](" + b"".join(text(str(index)) for index in range(len(arrays))) + b"e"
    data = magic + protocol + system + stream(opcodes) + stream(keys)
    for index, array in enumerate(arrays):
        count = counts[index] if counts else array.size
        data += count.to_bytes(8, "little") + array.tobytes()
    return data


def embedding(word="<cat>", rows=2, width=768):
    """Opcodes of ``{word: tensor}``."""
    return dictionary(**{word: tensor([rows, width])})


def a1111(tokens=b"}", parameters=None, **more):
    """Opcodes of A1111's dictionary."""
    parameters = dictionary(**{"*": tensor([2, 768])}) if parameters is None else parameters
    return dictionary(string_to_token=tokens, string_to_param=parameters, **more)
