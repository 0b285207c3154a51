"""Small files that would cost much to read, and the costliest that are read. Name of the case → (bytes, code)."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np

from registry.formats import limits
from tests.registry.formats import builders as make
from tests.registry.formats.pictures import END, SIGNATURE, as_json, chunk, header, hiding, png, text

#: One number as long as Python writes any.
_LONG = b"-1.2345678901234567e-300"
_WIDE = "🐟".encode()


def said(raw):
    """The smallest picture whose text says this."""
    return png(np.zeros((1, 1, 3), np.uint8), text(raw))


def said_twice(raw):
    """A picture whose text and whose pixels say this, but for a space."""
    return png(hiding(raw + b" ", 256), text(raw))


def many(piece, count):
    return b'{"string_to_param": [' + b",".join([piece] * count) + b"]}"


def nested(levels, times):
    """Dictionaries in dictionaries, each of which costs ten times a number."""
    return many(b'{"a":' * levels + b"1" + b"}" * levels, times)


def names(count):
    return b"{" + b",".join(b'"%x":1.5' % n for n in range(count)) + b"}"


def wide(raw):
    """JSON with one letter that makes each of its others take four bytes."""
    return raw[:-1] + b', "name": "' + _WIDE + b'"}'


def large_state():
    """Opcodes of a state with 4,000 parameters, in a list so that it can be kept: the list, the state as number 0."""
    numbers = (
        b"(" + b"".join(b"J" + n.to_bytes(4, "little") + b"N" for n in range(start, start + 400)) + b"u"
        for start in range(0, 4000, 400)
    )
    return b"]}" + make.text("_parameters") + b"}" + b"".join(numbers) + b"sq\0a"


NEW = b"ctorch.nn.modules.container\nParameterDict\nq\1)R"


def repeated_build(times):
    """Opcodes that give a large state to very many new dictionaries of parameters: each is a copy."""
    return large_state() + NEW + b"h\0ba" + b"h\1)Rh\0ba" * times


def repeated_update(times):
    """The same with one dictionary of parameters, which is given its state again and again: each takes time."""
    return large_state() + NEW + b"h\0b" * times + b"a"


def vectors(rows, width, dtype="<f2"):
    return np.full((rows, width), 0.25, dtype)


def largest_picture(raw, packed=False):
    """A picture of as many pixels as are read, each row filtered, with a text that is as large as is read."""
    said = chunk(b"tEXt", text(raw))
    if packed:
        said = chunk(b"zTXt", b"sd-ti-embedding\0\0" + zlib.compress(base64.b64encode(raw)))
    side = 1448
    rows = b"".join(b"\4" + bytes([1]) * side * 4 for _ in range(side))
    body = header(side, side, colour=6) + said + chunk(b"IDAT", zlib.compress(rows, 9)) + END
    return SIGNATURE + body


NUMBERS = (
    b'{"string_to_param": {"*": {"TORCHTENSOR": ['
    + b",".join([b"[" + b",".join([_LONG] * 1024) + b"]"] * 238)
    + b"]}}}"
)

CASES = {
    "a picture's text of dictionaries in dictionaries": (said(nested(200, 1300)), "too_large"),
    "a picture's text of very many names": (said(names(250_000)), "too_large"),
    "a picture's text of very many texts": (said(many(b'"1234567890123456"', 250_000)), "too_large"),
    "a picture's text of very many lists": (said(many(b"[" * 200 + b"]" * 200, 1300)), "too_large"),
    "a picture that says very many names twice": (said_twice(names(100_000)), "too_large"),
    "a picture's text of wide letters": (said(wide(many(b"1.5", 250_000))), "malformed"),
    "a large state for many dictionaries": (make.torch_zip(repeated_build(2300)), "too_large"),
    "a large state for many dictionaries, legacy": (make.torch_legacy(repeated_build(2300)), "too_large"),
    "a large state for one dictionary, many times": (make.torch_zip(repeated_update(5500)), "too_large"),
    "tuples in tuples": (make.torch_zip(b")" + b"\x85" * 64_000), "unknown_layout"),
    "many lists in a legacy file": (make.torch_legacy(b"](" + b"]" * 900 + b"e" + (b"(" + b"]" * 1100 + b"e") * 57), "unknown_layout"),
    "very many dictionaries of parameters, each a copy": (
        make.torch_zip(
            b"]}" + make.text("_parameters") + b"}(" + b"".join(b"J" + n.to_bytes(4, "little") + b"N" for n in range(32)) + b"usq\0a"
            + NEW + b"h\0ba" + b"h\1)Rh\0ba" * 12_500
        ), "too_large",
    ),
    "very many packed texts": (
        SIGNATURE + header(1, 1) + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**20), 9)) * 4000 + chunk(b"IDAT", zlib.compress(bytes(4))) + END,
        "not_an_embedding",
    ),
    "very many dictionaries": (make.torch_zip(b"](" + b"}" * 1100 + b"e" + (b"(" + b"}" * 1100 + b"e") * 57), "unknown_layout"),
    "very many records, and none of them read": (
        make.Zip({"data.pkl": make.stream(b"N"), **{f"data/{n}": b"" for n in range(limits.MAX_RECORDS - 1)}}).bytes(), "malformed",
    ),
    "a text of wide letters in a pickle": (make.torch_zip(make.text("a" * 250_000 + "🐟")), "unknown_layout"),
    "a header of very many empty objects": (make.safetensors_raw(b'{"a":[' + b",".join([b"{}"] * 170_000) + b"]}"), "malformed"),
    "a header of numbers": (make.safetensors_raw(b'{"a":[' + b",".join([b"1"] * 250_000) + b"]}"), "malformed"),
    "a header of very many names": (make.safetensors_raw(b"{" + b",".join(b'"%x":{}' % n for n in range(50_000)) + b"}"), "too_large"),
    "a header of wide letters": (make.safetensors_raw(b'{"a":"' + b"a" * 500_000 + _WIDE + b'"}'), "malformed"),
    "very many tensors without numbers": (
        make.safetensors_raw({f"w{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(8000)}), "too_large",
    ),
    "more numbers than the limit": (make.safetensors({"<cat>": np.zeros((limits.MAX_NUMBERS // 64 + 1, 64), np.float16)}), "too_large"),
    "as many words as have the largest vectors": (make.safetensors({f"<{n}>": vectors(256, 4096) for n in range(4)}), "several_tokens"),
    "a picture of the largest size and text": (largest_picture(b'{"string_to_param": {"*": {"TORCHTENSOR": [[' + b",".join([_LONG] * 250_000) + b"]]}}}"), "unknown_base"),
}  # fmt: skip

ACCEPTED = {
    "the most vectors for four encoders": make.safetensors(
        {
            "clip_l": vectors(256, 768),
            "clip_g": vectors(256, 1280),
            "t5": vectors(256, 4096),
            "llama": vectors(256, 4096),
        }
    ),
    "the most vectors in float64": make.safetensors(
        {"clip_l": vectors(256, 768, "<f8"), "t5xxl": vectors(256, 4096, "<f8")}
    ),
    "the most vectors in a torch zip": make.torch_zip(make.embedding(rows=256, width=4096), vectors(256, 4096, "<f4")),
    "the most vectors in a legacy file": make.torch_legacy(
        make.embedding(rows=256, width=4096), vectors(256, 4096, "<f4")
    ),
    "the most numbers in a picture's text": largest_picture(NUMBERS),
    "the most numbers in a picture's packed text": largest_picture(NUMBERS, packed=True),
    "the most numbers in a picture's text, of wide letters": said(wide(NUMBERS)),
    "a picture that hides 75 vectors and says them": said_twice(as_json(make.vectors(75, 768))),
}
assert len(base64.b64encode(NUMBERS)) < limits.MAX_TEXT_CHUNK_BYTES and json.loads(NUMBERS)
