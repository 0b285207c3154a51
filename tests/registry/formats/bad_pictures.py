"""Pictures that must be refused. Name of the case → (bytes, code)."""

from __future__ import annotations

import zlib

import numpy as np

from registry.formats import limits
from tests.registry.formats.pictures import (
    END,
    SIGNATURE,
    V,
    as_json,
    canvas,
    chunk,
    header,
    hiding,
    hiding_packed,
    one_colour,
    plain,
    png,
    text,
    webp,
)

RAW = as_json()
GOOD = png(plain(), text(RAW))
GOOD_HIDING = png(hiding(RAW))
PIXELS = chunk(b"IDAT", zlib.compress(b"\0" + bytes(30)))
BOMB = zlib.compress(bytes(limits.MAX_FILE_BYTES * 16), 9)
STREAM = one_colour(8, 8)
GOOD_WEBP = (b"VP8L", STREAM)


def deep(levels):
    return b'{"string_to_param":' + b"[" * levels + b"]" * levels + b"}"


def told(raw):
    """A picture whose text says this."""
    return png(plain(), text(raw))


def tensor(value):
    """A picture whose one tensor is this."""
    return told(as_json(string_to_param={"*": value}))


def numbers(value):
    return tensor({"TORCHTENSOR": value})


def literal(number):
    """A picture with one number as it is written here, which may be no JSON."""
    return told(as_json(np.zeros((1, 768), np.float32)).replace(b"0.0", number, 1))


def packed(content):
    """A picture of 10 × 1 pixels with this for its packed pixels."""
    return SIGNATURE + header(10, 1) + chunk(b"IDAT", content) + END


def around(*chunks, **fields):
    """A picture of 10 × 1 pixels with chunks before its pixels."""
    return SIGNATURE + header(10, 1, **fields) + b"".join(chunks) + PIXELS + END


def checksum_of_zero(data):
    return data[:-4] + bytes(4)


CASES = {
    "an ordinary picture": (png(plain()), "not_an_embedding"),
    "an ordinary picture with a prompt": (png(plain(), b"parameters\0a cat"), "not_an_embedding"),
    "a black picture": (png(np.zeros((8, 8, 3), np.uint8)), "not_an_embedding"),
    "a cut picture": (GOOD[:-20], "truncated"),
    "a picture without an end": (GOOD[:-12], "truncated"),
    "bytes after the end": (GOOD + b"PK\3\4", "malformed"),
    "an end and nothing before it": (SIGNATURE + END, "malformed"),
    "a wrong checksum of a text": (SIGNATURE + header(10, 1) + chunk(b"tEXt", b"a\0b", crc=7) + PIXELS + END, "malformed"),
    "a picture without a header": (SIGNATURE + PIXELS + END, "malformed"),
    "a picture with two headers": (SIGNATURE + header(10, 1) * 2 + PIXELS + END, "malformed"),
    "a picture without pixels": (SIGNATURE + header(10, 1) + END, "malformed"),
    "pixels in two places": (SIGNATURE + header(10, 1) + PIXELS + chunk(b"tEXt", b"a\0b") + PIXELS + END, "malformed"),
    "a picture without width": (SIGNATURE + header(0, 1) + PIXELS + END, "malformed"),
    "a side over the limit": (SIGNATURE + header(limits.MAX_IMAGE_SIDE + 1, 1) + PIXELS + END, "too_large"),
    "pixels over the limit": (SIGNATURE + header(4000, 4000) + PIXELS + END, "too_large"),
    "a bomb of pixels": (SIGNATURE + header(10, 1) + chunk(b"IDAT", zlib.compress(bytes(10**7))) + END, "malformed"),
    "fewer pixels than the header says": (SIGNATURE + header(11, 1) + PIXELS + END, "malformed"),
    "pixels that are not packed": (SIGNATURE + header(10, 1) + chunk(b"IDAT", bytes(31)) + END, "malformed"),
    "an unknown filter": (SIGNATURE + header(10, 1) + chunk(b"IDAT", zlib.compress(b"\5" + bytes(30))) + END, "malformed"),
    "more chunks than the limit": (SIGNATURE + header(10, 1) + chunk(b"tIME", b"") * limits.MAX_CHUNKS + PIXELS + END, "too_large"),
    "two texts of one keyword": (png(plain(), text(RAW), text(RAW)), "malformed"),
    "a text over the limit": (png(plain(), text(bytes(limits.MAX_TEXT_CHUNK_BYTES))), "too_large"),
    "a text that is no base64": (png(plain(), b"sd-ti-embedding\0!!!"), "malformed"),
    "base64 of no JSON": (png(plain(), text(b"hello")), "malformed"),
    "a picture whose text is a list": (png(plain(), text(b"[1]")), "malformed"),
    "JSON nested too deep": (told(deep(1500)), "malformed"),
    "JSON of very many parts": (png(plain(), text(deep(200_000)[:-1] + b",[]" * 100_000 + b"}")), "too_large"),
    "a picture's name twice": (png(plain(), text(b'{"a":1,"a":2}')), "malformed"),
    "NaN vectors": (png(plain(), text(as_json(np.full((1, 768), np.nan)))), "bad_values"),
    "a number beyond float32": (tensor({"TORCHTENSOR": [[1e300] * 768]}), "bad_values"),
    "a whole number of 400 digits": (tensor({"TORCHTENSOR": [[10**400] * 768]}), "bad_values"),
    "rows of unlike length": (tensor({"TORCHTENSOR": [[1.0], [1.0, 2.0]]}), "malformed"),
    "texts for numbers": (tensor({"TORCHTENSOR": [["1.0"] * 768]}), "malformed"),
    "truth values for numbers": (tensor({"TORCHTENSOR": [[True] * 768]}), "malformed"),
    "a picture of no vectors": (png(plain(), text(as_json(string_to_param={}))), "malformed"),
    "a picture of two tokens": (png(plain(), text(as_json(string_to_param={name: {"TORCHTENSOR": V.tolist()} for name in "ab"}))), "several_tokens"),
    "a picture of vectors of an unknown width": (tensor({"TORCHTENSOR": [[1.0, 2.0]]}), "unknown_base"),
    "text and pixels that differ": (png(hiding(RAW), text(as_json(V * 2))), "malformed"),
    # PNG: chunks.
    "a signature alone": (SIGNATURE + bytes(8), "truncated"),
    "a picture without height": (SIGNATURE + header(10, 0) + PIXELS + END, "malformed"),
    "a header of another size": (SIGNATURE + chunk(b"IHDR", bytes(14)) + PIXELS + END, "malformed"),
    "an unknown compression": (around(compression=1), "malformed"),
    "an unknown filter method": (around(filtering=1), "malformed"),
    "an unknown interlacing": (around(interlace=2), "malformed"),
    "Apple's own chunk before the header": (SIGNATURE + chunk(b"CgBI", bytes(4)) + header(10, 1) + PIXELS + END, "malformed"),
    "a chunk of 2 GB": (SIGNATURE + header(10, 1) + b"\x80\0\0\0tEXt" + bytes(64), "malformed"),
    "a chunk beyond the file": (SIGNATURE + header(10, 1) + b"\0\0\xff\xfftEXt" + bytes(64), "truncated"),
    "a chunk whose name is no letters": (around(chunk(b"tE\0T", b"a\0b")), "malformed"),
    "a chunk whose name is not ASCII": (around(chunk(b"t\xc9XT", b"a\0b")), "malformed"),
    "an end that holds something": (SIGNATURE + header(10, 1) + PIXELS + chunk(b"IEND", b"PK\3\4"), "malformed"),
    "an end with a wrong checksum": (checksum_of_zero(around()), "malformed"),
    "a wrong checksum of pixels": (SIGNATURE + header(10, 1) + chunk(b"IDAT", zlib.compress(bytes(31)), crc=1) + END, "malformed"),
    "a picture behind a picture": (around() + around(), "malformed"),
    "a text without a keyword": (around(chunk(b"tEXt", b"\0value")), "malformed"),
    "a text of a keyword only": (around(chunk(b"tEXt", b"sd-ti-embedding")), "malformed"),
    "a keyword over the limit": (around(chunk(b"tEXt", b"k" * 80 + b"\0value")), "malformed"),
    "a plain text of 9 MB": (around(chunk(b"tEXt", b"Comment\0" + bytes(9 * 2**20))), "too_large"),
    "a bomb in a packed text": (around(chunk(b"zTXt", b"sd-ti-embedding\0\0" + BOMB)), "too_large"),
    "a bomb in an international text": (around(chunk(b"iTXt", b"sd-ti-embedding\0\1\0\0\0" + BOMB)), "too_large"),
    "a bomb in a packed text of another keyword": (around(chunk(b"zTXt", b"parameters\0\0" + BOMB)), "not_an_embedding"),
    "a packed text of an unknown packing": (around(chunk(b"zTXt", b"sd-ti-embedding\0\1" + zlib.compress(b"x"))), "malformed"),
    "a packed text that is not packed": (around(chunk(b"zTXt", b"sd-ti-embedding\0\0" + text(RAW)[16:])), "malformed"),
    "a packed text that breaks off": (around(chunk(b"zTXt", b"sd-ti-embedding\0\0" + zlib.compress(text(RAW)[16:])[:-9])), "malformed"),
    "a packed text with something behind": (around(chunk(b"zTXt", b"sd-ti-embedding\0\0" + zlib.compress(text(RAW)[16:]) + b"PK")), "malformed"),
    "an empty packed text": (around(chunk(b"zTXt", b"sd-ti-embedding\0")), "malformed"),
    "an international text of an unknown packing": (around(chunk(b"iTXt", b"sd-ti-embedding\0\1\1\0\0" + zlib.compress(b"x"))), "malformed"),
    "an international text that is neither packed nor not": (around(chunk(b"iTXt", b"sd-ti-embedding\0\2\0\0\0x")), "malformed"),
    "an international text without an end of its language": (around(chunk(b"iTXt", b"sd-ti-embedding\0\0\0en" + bytes(0) + b"x" * 9)), "malformed"),
    "an international text that is cut": (around(chunk(b"iTXt", b"sd-ti-embedding\0\0")), "malformed"),
    "an embedding in two kinds of text": (png(plain(), text(RAW), more=[chunk(b"iTXt", b"sd-ti-embedding\0\0\0\0\0" + text(RAW)[16:])]), "malformed"),
    "an international text over the limit": (around(chunk(b"iTXt", b"sd-ti-embedding\0\0\0\0\0" + bytes(limits.MAX_TEXT_CHUNK_BYTES))), "too_large"),
    "packed text and pixels that differ": (
        png(hiding(RAW), more=[chunk(b"zTXt", b"sd-ti-embedding\0\0" + zlib.compress(text(as_json(V * 2))[16:]))]), "malformed",
    ),
    **{
        f"a header of colour type {colour} with {depth} bits": (around(colour=colour, depth=depth), "malformed")
        for colour, depth in ((0, 3), (0, 32), (1, 8), (2, 4), (3, 16), (4, 4), (5, 8), (6, 1), (7, 8), (2, 0), (255, 255))
    },
    "a chunk that every reader would have to know": (around(chunk(b"EVIL", b"x")), "malformed"),
    "a chunk of a kind that is reserved": (around(chunk(b"evil", b"x")), "malformed"),
    "a bomb in a colour profile": (around(chunk(b"iCCP", b"icc\0\0" + BOMB)), "not_an_embedding"),
    # PNG: pixels.
    "a bomb of 256 MB of pixels": (packed(BOMB), "malformed"),
    "a bomb in pieces": (
        SIGNATURE + header(10, 1) + b"".join(chunk(b"IDAT", BOMB[at : at + 8192]) for at in range(0, len(BOMB), 8192)) + END, "malformed",
    ),
    "a bomb as large as the largest picture": (SIGNATURE + header(4096, 512) + chunk(b"IDAT", BOMB) + END, "malformed"),
    "pixels that break off": (packed(zlib.compress(bytes(31))[:-6]), "malformed"),
    "pixels with a wrong sum": (packed(zlib.compress(bytes(31))[:-1] + b"\x99"), "malformed"),
    "bytes after the pixels": (packed(zlib.compress(bytes(31)) + b"MZ"), "malformed"),
    "pixels that need a dictionary": (packed(b"\x78\xbb\0\0\0\1" + bytes(20)), "malformed"),
    "no packed pixels": (packed(b""), "malformed"),
    "pixels as gzip packs them": (packed(b"\x1f\x8b\x08" + bytes(28)), "malformed"),
    "an ordinary picture of 16 bits": (around(depth=16), "not_an_embedding"),
    "an ordinary picture with a palette": (around(chunk(b"PLTE", bytes(6)), colour=3), "not_an_embedding"),
    "an ordinary interlaced picture": (around(interlace=1), "not_an_embedding"),
    "a hidden bomb": (png(hiding_packed(zlib.compress(bytes(64 * 2**20), 9))), "too_large"),
    "hidden data of a bent stream": (png(hiding_packed(b"\x78\xda" + bytes(500))), "not_an_embedding"),
    "hidden data that breaks off": (png(hiding_packed(zlib.compress(RAW, 9)[:-40] + bytes(4000))), "not_an_embedding"),
    "hidden data that is no JSON": (png(hiding(b"hello")), "malformed"),
    "a hidden list": (png(hiding(b"[]")), "malformed"),
    "a hidden NaN": (png(hiding(RAW.replace(b'"step": 9', b'"step": NaN'))), "bad_values"),
    "hidden JSON of very many parts": (png(hiding(deep(1)[:-1] + b",[]" * 300_000 + b"}")), "too_large"),
    "a text that is JSON and pixels that are none": (png(hiding(b"hello"), text(RAW)), "malformed"),
    # JSON in a picture.
    "nothing in the text": (told(b""), "malformed"),
    "a text of base64 with a line break": (png(plain(), text(RAW)[:100] + b"\n" + text(RAW)[100:]), "malformed"),
    "a text of base64 that breaks off": (png(plain(), text(RAW)[:-1]), "malformed"),
    "a text of base64 with something behind": (png(plain(), text(RAW + b"x") + b"eA=="), "malformed"),
    "a pickle for JSON": (told(b"\x80\x02cposix\nsystem\n."), "malformed"),
    "JSON in UTF-16": (told(RAW.decode().encode("utf-16")), "malformed"),
    "JSON behind a byte order mark": (told(b"\xef\xbb\xbf" + RAW), "malformed"),
    "JSON that is not UTF-8": (told(RAW.replace(b"koi", b"k\xff")), "malformed"),
    "JSON that breaks off": (told(RAW[:-3]), "malformed"),
    "JSON with something behind": (told(RAW + b"{}"), "malformed"),
    "JSON with a comma too many": (told(RAW[:-1] + b",}"), "malformed"),
    "JSON with a remark": (told(b"/* hello */" + RAW), "malformed"),
    "a text for JSON": (told(b'"hello"'), "malformed"),
    "nothing for JSON": (told(b"null"), "malformed"),
    "string_to_param twice": (told(RAW[:-1] + b', "string_to_param": {}}'), "malformed"),
    "a token twice": (told(RAW.replace(b'{"*": {"TORCH', b'{"*": 1, "*": {"TORCH')), "malformed"),
    "objects nested too deep": (told(b'{"a":' * 900 + b"1" + b"}" * 900), "malformed"),
    "a picture without string_to_param": (told(b'{"name": "koi"}'), "malformed"),
    "a list for a picture's string_to_param": (told(as_json(string_to_param=[1])), "malformed"),
    "more tensors than the limit in a picture": (
        told(as_json(string_to_param={f"w{n}": {"TORCHTENSOR": [[1.0]]} for n in range(limits.MAX_TENSORS + 1)})), "too_large",
    ),
    "a name over the limit in a picture": (told(as_json(string_to_param={"w" * 300: {"TORCHTENSOR": V.tolist()}})), "too_large"),
    "a name that cannot be seen in a picture": (told(as_json(string_to_param={"w\u200b": {"TORCHTENSOR": V.tolist()}})), "bad_token"),
    "half a surrogate pair in a picture": (told(RAW.replace(b'{"*": {"TORCH', b'{"\\ud800": {"TORCH')), "bad_token"),
    "a name that is empty in a picture": (told(as_json(string_to_param={"": {"TORCHTENSOR": V.tolist()}})), "bad_token"),
    "a tensor with more than its numbers": (tensor({"TORCHTENSOR": V.tolist(), "dtype": "F32"}), "malformed"),
    "a tensor by another name": (tensor({"NDARRAY": V.tolist()}), "malformed"),
    "no numbers": (numbers([]), "malformed"),
    "an empty row": (numbers([[]]), "malformed"),
    "a number for a tensor": (numbers(1.0), "malformed"),
    "rows within rows": (numbers([V.tolist()]), "malformed"),
    "nothing for a number": (numbers([[None] * 768]), "malformed"),
    "an object for a row": (numbers([V[0].tolist(), {}]), "malformed"),
    "more vectors than the limit in a picture": (numbers([[1.0]] * (limits.MAX_ROWS + 1)), "too_large"),
    "JSON's Infinity": (literal(b"Infinity"), "bad_values"),
    "JSON's -Infinity": (literal(b"-Infinity"), "bad_values"),
    "a number that overflows": (literal(b"1e999"), "bad_values"),
    "a number of 5,000 digits in a picture": (literal(b"9" * 5000), "malformed"),
    "a number in hexadecimal": (literal(b"0x10"), "malformed"),
    "a number with a plus": (literal(b"+1"), "malformed"),
    # WebP.
    "a WebP of another length": (webp(GOOD_WEBP)[:-1], "truncated"),
    "bytes after a WebP": (webp(GOOD_WEBP) + b"PK\3\4", "truncated"),
    "a WebP without a picture": (webp((b"EXIF", b"12345678")), "malformed"),
    "a WebP chunk beyond the file": (webp((b"VP8L", STREAM))[:16] + b"\xff\xff\0\0" + STREAM, "truncated"),
    "two pictures in a WebP": (webp(GOOD_WEBP, GOOD_WEBP), "malformed"),
    "a chunk that WebP does not have": (webp(GOOD_WEBP, (b"evil", b"12")), "malformed"),
    "a lossy WebP": (webp((b"VP8 ", b"\x30\1\0\x9d\x01\x2a\1\0\1\0")), "not_an_embedding"),
    "an animated WebP": (webp(canvas(8, 8, 2), (b"ANIM", bytes(6)), (b"ANMF", bytes(24))), "not_an_embedding"),
    "a WebP with alpha of its own": (webp(canvas(8, 8, 16), (b"ALPH", bytes(8)), (b"VP8 ", bytes(10))), "not_an_embedding"),
    "an ordinary lossless WebP": (webp(GOOD_WEBP), "not_an_embedding"),
    "a lossless WebP with another mark": (webp((b"VP8L", b"\x30" + STREAM[1:])), "malformed"),
    "a lossless WebP of a later version": (webp((b"VP8L", STREAM[:4] + bytes([STREAM[4] | 0xE0]) + STREAM[5:])), "malformed"),
    "a lossless WebP that breaks off": (webp((b"VP8L", STREAM[:7])), "malformed"),
    "a lossless WebP too short for its size": (webp((b"VP8L", STREAM[:4])), "malformed"),
    "a WebP bomb": (webp((b"VP8L", one_colour(16384, 16384))), "too_large"),
    "a WebP with a side over the limit": (webp((b"VP8L", one_colour(4097, 1))), "too_large"),
    "a WebP of the largest size": (webp((b"VP8L", one_colour(4096, 512))), "not_an_embedding"),
    "a WebP whose canvas is a bomb": (webp(canvas(16384, 16384), GOOD_WEBP), "malformed"),
    "a WebP whose canvas overflows": (webp(canvas(2**24, 2**24), GOOD_WEBP), "malformed"),
    "a WebP whose canvas comes last": (webp(GOOD_WEBP, canvas(8, 8)), "malformed"),
    "a WebP with two canvases": (webp(canvas(8, 8), canvas(8, 8), GOOD_WEBP), "malformed"),
    "a WebP with a canvas cut short": (webp((b"VP8X", bytes(9)), GOOD_WEBP), "malformed"),
    "a WebP with 15 MB beside its picture": (webp(canvas(8, 8, 4), GOOD_WEBP, (b"XMP ", bytes(15 * 2**20))), "not_an_embedding"),
    "more chunks than the limit in a WebP": (webp(GOOD_WEBP, *[(b"EXIF", b"")] * limits.MAX_CHUNKS), "malformed"),
}  # fmt: skip
