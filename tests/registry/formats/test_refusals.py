"""Files that must be refused, each with its code; and that refusing them ran nothing."""

from __future__ import annotations

import pickle
import sys
from collections import OrderedDict

import numpy as np
import pytest

from registry.formats import FormatError, inspect
from registry.formats.limits import (
    MAX_FILE_BYTES,
    MAX_HEADER_BYTES,
    MAX_METADATA_BYTES,
    MAX_OPCODES,
    MAX_PICKLE_BYTES,
    MAX_RECORDS,
    MAX_ROWS,
    MAX_STACK,
    MAX_TENSORS,
)
from tests.registry.formats import builders as make

V = make.vectors()
GOOD = make.safetensors({"emb_params": V})
GOOD_ZIP = make.torch_zip(make.embedding(), V)
GOOD_LEGACY = make.torch_legacy(make.embedding(), V)
F32 = {"dtype": "F32", "shape": [2, 768], "data_offsets": [0, 6144]}
RECORDS = {"data.pkl": make.stream(make.embedding()), "data/0": V.tobytes(), "version": b"3\n"}
#: Where a payload would leave its mark; replaced by a real path when the payload is proved to be live.
MARK = "/nonexistent/starword-tripwire"


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


def view(*args, **options):
    """A torch zip of one tensor with an unusual view."""
    return make.torch_zip(make.dictionary(**{"<cat>": make.tensor(*args, **options)}), V)


def in_zip(opcodes):
    return make.torch_zip(opcodes)


def bent(**changes):
    """Vectors with one number replaced."""
    array = V.copy()
    array[1, 5] = changes["value"]
    return make.safetensors({"emb_params": array})


def system_call(command):
    """Opcodes that run a shell command in a real unpickler."""
    return b"cposix\nsystem\n(" + make.text(command) + b"tR"


PAYLOAD = system_call(f"touch {MARK}")

PAYLOADS = {
    "posix.system": PAYLOAD,
    "nt.system": b"cnt\nsystem\n(" + make.text("x") + b"tR",
    "builtins.eval": b"cbuiltins\neval\n(" + make.text("1") + b"tR",
    "__builtin__.exec": b"c__builtin__\nexec\n(" + make.text("1") + b"tR",
    "builtins.getattr": b"cbuiltins\ngetattr\n(" + make.text("x") + make.text("y") + b"tR",
    "a STACK_GLOBAL": make.text("posix") + make.text("system") + b"\x93(" + make.text("x") + b"tR",
    "a dotted STACK_GLOBAL": make.text("torch") + make.text("FloatStorage.__init__") + b"\x93)R",
    "runpy": b"crunpy\n_run_code\n)R",
    "torch.load": b"ctorch\nload\n(" + make.text("x") + b"tR",
    "torch.hub": b"ctorch.hub\nload\n)R",
    "numpy's runstring": b"cnumpy.testing._private.utils\nrunstring\n)R",
    "pip": b"cpip\nmain\n)R",
    "an instance opcode": b"(" + make.text("x") + b"iposix\nsystem\n",
    "an object opcode": b"(cposix\nsystem\n" + make.text("x") + b"o",
    "an extension code": b"\x82\x01",
    "a NEWOBJ of a stranger": b"cposix\nsystem\n)\x81",
    "BUILD of a tensor": make.tensor([2, 768]) + b"}b",
    "BUILD of a plain dictionary": b"}}b",
    "a call of a text": make.text("posix") + b")R",
    "a call of a storage class": b"ctorch\nFloatStorage\n)R",
    "a call of OrderedDict with arguments": b"ccollections\nOrderedDict\n(]tR",
    "a global whose name is a list": b"]]\x93",
    "a global hidden in a dropped value": make.dictionary(x=b"cposix\nsystem\n"),
    "protocol 0 opcodes": b"S'x'\n",
    "POP": b"N0}",
}

#: Name of the case → (bytes, code).
CASES = {
    # What it is at all.
    "nothing": (b"", "truncated"),
    "a few bytes": (b"PK\3\4", "truncated"),
    "a text": (b"hello, this is no embedding", "unknown_container"),
    "a web page": (b"<!DOCTYPE html><html></html>", "unknown_container"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(64), "unknown_container"),
    "a WebP": (b"RIFF\x10\0\0\0WEBPVP8L" + bytes(16), "unknown_container"),
    "a JPEG": (b"\xff\xd8\xff\xe0" + bytes(32), "unknown_container"),
    "an AVIF": (b"\0\0\0\x20ftypavif" + bytes(32), "unknown_container"),
    "a GGUF": (b"GGUF" + bytes(64), "unknown_container"),
    "a 7-Zip": (b"7z\xbc\xaf\x27\x1c" + bytes(32), "unknown_container"),
    "a Git LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "unknown_container"),
    "an empty zip": (b"PK\5\6" + bytes(18), "unknown_container"),
    "a harmless bare pickle": (make.stream(make.dictionary(a=b"N")) + bytes(8), "unknown_container"),
    "a picture before a zip": (b"\x89PNG\r\n\x1a\n" + GOOD_ZIP, "unknown_container"),
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
    "too many records": (
        zipped(lambda archive: [archive.add(f"archive/data/{n}", b"") for n in range(1, MAX_RECORDS + 1)]), "too_large",
    ),
    "an ordinary zip": (make.Zip({"readme.txt": b"hello"}).bytes(), "malformed"),
    "a descriptor that disagrees": (
        zipped(lambda archive: archive.entries[0].update(streamed=True, descriptor_crc=7)), "malformed",
    ),
    # Pickles that are wrong without being a threat.
    "an empty pickle": (make.Zip({**RECORDS, "data.pkl": b""}).bytes(), "truncated"),
    "a pickle without an end": (make.Zip({**RECORDS, "data.pkl": b"\x80\x02}"}).bytes(), "truncated"),
    "bytes after the pickle": (make.Zip({**RECORDS, "data.pkl": RECORDS["data.pkl"] + b"\x80"}).bytes(), "malformed"),
    "values left behind": (in_zip(b"NN"), "malformed"),
    "a value taken from nowhere": (make.Zip({**RECORDS, "data.pkl": b"\x80\x02."}).bytes(), "malformed"),
    "a mark that is not there": (in_zip(b"t"), "malformed"),
    "a memo that is not there": (in_zip(b"h\x05"), "malformed"),
    "an unknown protocol": (make.Zip({**RECORDS, "data.pkl": b"\x80\x09N."}).bytes(), "malformed"),
    "a text beyond the end": (in_zip(b"X\xff\xff\xff\x7f"), "too_large"),
    "a text that is not UTF-8": (in_zip(b"X\1\0\0\0\xff"), "malformed"),
    "a line without an end": (in_zip(b"c" + b"a" * 400), "malformed"),
    "an item for no dictionary": (in_zip(b"NNNs"), "malformed"),
    "a list as a key": (in_zip(b"}]Ns"), "malformed"),
    "a truth value as a key": (in_zip(b"}\x88Ns"), "malformed"),
    "an item for no list": (in_zip(b"NNa"), "malformed"),
    "more values than the stack holds": (in_zip(b"N" * (MAX_STACK + 1)), "too_large"),
    "more opcodes than the limit": (in_zip(b"]" + b"Na" * MAX_OPCODES), "too_large"),
    "a pickle over the limit": (in_zip(make.text("a" * (MAX_PICKLE_BYTES + 1))), "too_large"),
    "a list inside itself": (in_zip(b"]q\0h\0a"), "unknown_layout"),
    "a dictionary inside itself": (in_zip(b"}q\0" + make.text("a") + b"h\0s"), "unknown_layout"),
    "a list inside itself, legacy": (make.torch_legacy(b"]q\0h\0a"), "unknown_layout"),
    "tuples doubled 200 times, legacy": (make.torch_legacy(b")q\0" + b"h\0h\0\x86q\0" * 200), "malformed"),
    "lists nested 900 deep, legacy": (make.torch_legacy(b"]" * 900 + b"a" * 899), "unknown_layout"),
    # Views of numbers.
    "an expanded view": (view([10**6, 10**6], stride=[0, 0], count=1536), "malformed"),
    "a transposed view": (view([768, 2], stride=[1, 768]), "malformed"),
    "a view beyond its storage": (view([2, 768], offset=1), "malformed"),
    "a view larger than its storage": (view([3, 768], count=1536), "malformed"),
    "a storage larger than its record": (view([2, 768], count=10**9), "malformed"),
    "a storage that is missing": (view([2, 768], key="7"), "malformed"),
    "a storage named like a path": (view([2, 768], key="../version"), "malformed"),
    "a storage count that is a truth value": (view([1, 1], count=b"\x88"), "malformed"),
    "a storage count below zero": (view([2, 768], count=-1), "malformed"),
    "a side that is a truth value": (view([b"\x88", 768], stride=[768, 1], count=1536), "malformed"),
    "a side below zero": (view([-2, 768], stride=[768, 1], count=1536), "malformed"),
    "a side of 250 digits": (view([10**250, 768], stride=[768, 1], count=1536), "malformed"),
    "an offset that is a text": (view([2, 768], offset=make.text("0")), "malformed"),
    "stride and shape of unlike length": (view([2, 768], stride=[1], count=1536), "malformed"),
    "five dimensions": (view([1, 1, 1, 2, 768]), "malformed"),
    "no dimensions": (view([]), "malformed"),
    "a side of zero": (view([0, 768], stride=[768, 1], count=1536), "malformed"),
    "a storage of whole numbers": (view([768], kind="LongStorage"), "malformed"),
    "a storage class nobody uses": (view([2, 768], kind="ByteStorage"), "unsafe"),
    "a persistent id of another kind": (in_zip(make.text("module") + b"Q"), "malformed"),
    # The legacy container.
    "a legacy file cut in its numbers": (GOOD_LEGACY[:-1], "truncated"),
    "a legacy file cut in its pickles": (GOOD_LEGACY[:40], "truncated"),
    "bytes after a legacy file": (GOOD_LEGACY + b"\0", "malformed"),
    "a legacy storage of another size": (make.torch_legacy(make.embedding(), V, counts=[7]), "malformed"),
    "a legacy storage nobody names": (make.torch_legacy(make.embedding(), V, V), "malformed"),
    "a legacy key list of lists": (make.torch_legacy(make.embedding(), V, keys=b"](]e"), "malformed"),
    "no legacy key list": (make.torch_legacy(make.embedding(), V, keys=b"N"), "malformed"),
    "a storage described in two ways": (
        make.torch_legacy(make.dictionary(a=make.tensor([768], count=1536), b=make.tensor([768], count=768)), V), "malformed",
    ),
    "another legacy protocol": (make.torch_legacy(make.embedding(), V, protocol=b"\x80\x02K\x01."), "malformed"),
    "a big-endian legacy file": (
        make.torch_legacy(make.embedding(), V, system=make.stream(make.dictionary(little_endian=b"\x89"))), "malformed",
    ),
    # Numbers.
    "not a number": (bent(value=np.nan), "bad_values"),
    "infinity": (bent(value=-np.inf), "bad_values"),
    "a float64 beyond float32": (named("emb_params", np.full((1, 768), 1e300)), "bad_values"),
    "three dimensions": (named("emb_params", V.reshape(2, 2, 384)), "bad_values"),
    "more vectors than the limit": (named("emb_params", np.ones((MAX_ROWS + 1, 8), np.float32)), "too_large"),
    # Layouts.
    "an unknown width": (named("emb_params", V.reshape(4, 384)), "unknown_base"),
    "T5 vectors by width": (named("<cat>", np.ones((1, 4096), np.float32)), "unknown_base"),
    "half of a diffusers SDXL pair": (named("<cat>", np.ones((1, 1280), np.float32)), "unknown_base"),
    "SDXL with its halves swapped": (make.safetensors({"clip_l": np.ones((1, 1280), np.float32), "clip_g": np.ones((1, 768), np.float32)}), "unknown_base"),
    "clip_l alone": (named("clip_l"), "unknown_layout"),
    "clip_g alone": (named("clip_g", np.ones((1, 1280), np.float32)), "unknown_layout"),
    "SD3": (make.safetensors({"clip_l": V, "clip_g": np.ones((2, 1280), np.float32), "t5xxl": np.ones((2, 4096), np.float32)}), "unknown_layout"),
    "Flux": (make.safetensors({"clip_l": V, "t5": np.ones((2, 4096), np.float32)}), "unknown_layout"),
    "XTI": (make.safetensors({"IN01": V, "MID": V, "OUT11": V}), "unknown_layout"),
    "unlike counts of vectors": (make.safetensors({"clip_l": V, "clip_g": np.ones((3, 1280), np.float32)}), "bad_values"),
    "two tokens": (make.safetensors({"<cat>": V, "<dog>": V}), "several_tokens"),
    "two tokens in a .bin": (make.torch_zip(make.dictionary(a=make.tensor([2, 768]), b=make.tensor([2, 768], key="1")), V, V), "several_tokens"),
    "two tokens in A1111's layout": (
        make.torch_zip(make.a1111(parameters=make.dictionary(a=make.tensor([2, 768]), b=make.tensor([2, 768]))), V), "several_tokens",
    ),
    "no vectors in A1111's layout": (make.torch_zip(make.a1111(parameters=b"}")), "bad_values"),
    "a list for string_to_param": (make.torch_zip(make.a1111(parameters=b"]")), "unknown_layout"),
    "a text for a tensor": (make.torch_zip(make.dictionary(**{"<cat>": make.text("meow")})), "unknown_layout"),
    "an empty dictionary": (in_zip(b"}"), "unknown_layout"),
    "nothing pickled": (in_zip(b"N"), "unknown_layout"),
    "a list of steps": (make.torch_zip(b"]" + make.embedding() + b"a", V), "unknown_layout"),
    "a bare tensor": (make.torch_zip(make.tensor([2, 768]), V), "unknown_layout"),
    "a text encoder's output": (make.torch_zip(make.tensor([1, 77, 768]), np.ones(77 * 768, np.float32)), "not_an_embedding"),
    "a text encoder's output with a name": (named("<cat>", np.ones((1, 77, 768), np.float32)), "not_an_embedding"),
    "output embeddings": (make.safetensors({"emp_params": V, "emp_params_out": V}), "not_an_embedding"),
    "SDXL output embeddings": (make.safetensors({"clip_l": V, "clip_l_out": V}), "not_an_embedding"),
    "an optimiser's state": (make.torch_zip(make.dictionary(hash=make.text("abcd"), optimizer_state_dict=b"}")), "not_an_embedding"),
    "a checkpoint": (make.torch_zip(make.dictionary(state_dict=b"}", epoch=b"K\1")), "not_an_embedding"),
    "a text encoder": (named("text_model.embeddings.token_embedding.weight"), "not_an_embedding"),
    "a hypernetwork": (make.torch_zip(b"}(M\0\3" + make.tensor([2, 768]) + b"u", V), "not_an_embedding"),
    "a kohya LoRA": (named("lora_unet_mid_block.lora_down.weight"), "not_an_embedding"),
    "a diffusers LoRA": (named("unet.mid_block.to_q.lora.down.weight"), "not_an_embedding"),
    "a PEFT LoRA": (named("base_model.model.unet.to_q.lora_A.weight"), "not_an_embedding"),
    "a LoRA of many tensors": (make.safetensors({f"lora_unet_{n}.lora_up.weight": V[:1, :1] for n in range(200)}), "not_an_embedding"),
    "a word bundled in a LoRA": (named("bundle_emb.cat.clip_l"), "not_an_embedding"),
    "a token that is only spaces": (named("  "), "bad_token"),
}  # fmt: skip
for label, opcodes in PAYLOADS.items():
    CASES[f"{label}, in a torch zip"] = (in_zip(opcodes), "unsafe")
    CASES[f"{label}, beside a good tensor"] = (
        make.torch_zip(make.dictionary(**{"<cat>": make.tensor([2, 768]), "x": opcodes}), V),
        "unsafe",
    )
    CASES[f"{label}, in a legacy file"] = (make.torch_legacy(opcodes), "unsafe")
CASES |= {
    "a payload as a bare pickle": (make.stream(PAYLOAD), "unsafe"),
    "a payload as the legacy magic number": (make.torch_legacy(b"}", magic=make.stream(PAYLOAD)), "unsafe"),
    "a payload as the legacy protocol": (make.torch_legacy(b"}", protocol=make.stream(PAYLOAD)), "unsafe"),
    "a payload as the legacy system": (make.torch_legacy(b"}", system=make.stream(PAYLOAD)), "unsafe"),
    "a payload as the legacy key list": (make.torch_legacy(b"}", keys=PAYLOAD), "unsafe"),
    "a payload named .safetensors": (make.stream(PAYLOAD), "unsafe"),
}

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
    for data in (GOOD, GOOD_ZIP, GOOD_LEGACY):
        inspect(data)
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_refused_with_its_code_and_nothing_is_run(case, watch):
    data, code = CASES[case]
    modules = set(sys.modules)
    with watch, pytest.raises(FormatError) as caught:
        inspect(data)
    assert (caught.value.code, watch.events, set(sys.modules) - modules) == (code, [], set()), (
        caught.value.message
    )
    message = caught.value.message
    assert len(message) > 20 and message.endswith(".") and message.isprintable() and len(message) < 500


def test_the_table_is_large_and_meets_every_code():
    codes = {error.code for error in FormatError.__subclasses__()}
    assert len(CASES) >= 200
    assert {code for _, code in CASES.values()} == codes


def test_the_files_that_the_bad_ones_are_made_from_are_good():
    assert [inspect(data).vectors for data in (GOOD, GOOD_ZIP, GOOD_LEGACY, zipped())] == [2, 2, 2, 2]


def test_the_payload_is_live_and_the_watch_hears_it(watch, tmp_path):
    mark = tmp_path / "mark"
    with watch:
        pickle.loads(make.stream(system_call(f"touch {mark}")))
    assert mark.exists()
    assert {event for event, _ in watch.events} >= {"pickle.find_class", "os.system"}


def test_pictures_are_refused_in_words_that_say_what_to_upload_instead():
    with pytest.raises(FormatError, match=r"PNG picture.*not read yet.*\.pt or \.safetensors"):
        inspect(CASES["a PNG"][0])


def test_an_unknown_width_is_refused_naming_it_and_the_supported_ones():
    with pytest.raises(FormatError, match=r"4096.*T5-XXL.*768 .*1024 .*768\+1280 .*128 "):
        inspect(CASES["T5 vectors by width"][0])


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
