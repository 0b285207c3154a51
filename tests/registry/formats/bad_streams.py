"""What scanners of pickles and other readers of zips let through. Name of the case → (bytes, code)."""

from __future__ import annotations

import struct
import zlib

from tests.registry.formats import builders as make
from tests.registry.formats.bad_containers import GOOD, GOOD_ZIP, RECORDS, V, entry, field, zipped

#: Opcodes that no embedding uses, each with an argument that is right. By name, as pickletools has them.
OPCODES = {
    "INT": b"I1\n", "LONG": b"L1L\n", "FLOAT": b"F1.0\n", "STRING": b"S'a'\n", "BINSTRING": b"T\1\0\0\0a", "SHORT_BINSTRING": b"U\1a",
    "UNICODE": b"Va\n", "DICT": b"(d", "LIST": b"(l", "PUT": b"Np0\n", "GET": b"g0\n", "PERSID": b"Pa\n", "POP_MARK": b"(1", "DUP": b"N2",
    "EXT2": b"\x83\1\0", "EXT4": b"\x84\1\0\0\0", "LONG4": b"\x8b\1\0\0\0\1", "BINBYTES": b"B\1\0\0\0a", "SHORT_BINBYTES": b"C\1a",
    "BINBYTES8": b"\x8e\1\0\0\0\0\0\0\0a", "BINUNICODE8": b"\x8d\1\0\0\0\0\0\0\0a", "EMPTY_SET": b"\x8f", "ADDITEMS": b"\x8f(\x90",
    "FROZENSET": b"(\x91", "NEWOBJ_EX": b"N)}\x92", "BYTEARRAY8": b"\x96\1\0\0\0\0\0\0\0a", "NEXT_BUFFER": b"\x97", "READONLY_BUFFER": b"N\x98",
    "a byte that is no opcode": b"\xff",
}  # fmt: skip

#: Callables that scanners were found not to know, and what torch's own safe loader lets through but embeddings never need.
CALLS = """
os.system os.popen os.execv subprocess.Popen subprocess.check_output pty.spawn socket.create_connection ssl.get_server_certificate
urllib.request.urlopen webbrowser.open ctypes.CDLL ctypes.util.find_library pydoc.locate pydoc.pipepager importlib.import_module
importlib.reload runpy.run_path timeit.timeit trace.Trace.run profile.run cProfile.runctx bdb.Bdb.run pdb.run doctest.debug_script
code.InteractiveInterpreter.runcode asyncio.unix_events._UnixSubprocessTransport._start ensurepip._run_pip venv.main
lib2to3.pgen2.grammar.Grammar.loads idlelib.pyshell.ModifiedInterpreter.runcode distutils.file_util.write_file shutil.rmtree
operator.attrgetter operator.methodcaller functools.partial functools.reduce itertools.starmap types.CodeType types.FunctionType
builtins.compile builtins.__import__ builtins.open builtins.breakpoint builtins.bytearray builtins.set builtins.complex
copyreg._reconstructor copy_reg._reconstructor pickle.loads _pickle.loads marshal.loads shelve.open dill.loads cloudpickle.loads joblib.load
collections.Counter collections.defaultdict pathlib.PosixPath datetime.datetime argparse.Namespace uuid.UUID _codecs.encode
numpy.core.multiarray.scalar numpy.core.multiarray._reconstruct numpy.dtype numpy.f2py.crackfortran.getlincoef numpy.load numpy.fromfile
torch.storage._load_from_bytes torch.serialization.load torch.jit.load torch.hub.load torch.utils.cpp_extension.load
torch.utils.bottleneck.__main__.run_cprofile torch.utils._config_module.ConfigModule.load_config torch.fx.experimental.symbolic_shapes.ShapeEnv
torch._dynamo.guards.GuardBuilder.get torch.device torch.Size torch.ByteStorage torch.IntStorage torch.storage.TypedStorage
torch.storage.UntypedStorage torch.nn.parameter.Parameter torch.nn.modules.linear.Linear torch._utils._rebuild_tensor
torch._utils._rebuild_tensor_v3 torch._utils._rebuild_qtensor torch._utils._rebuild_sparse_tensor torch._utils._rebuild_meta_tensor_no_storage
torch._utils._rebuild_wrapper_subclass torch._utils._rebuild_parameter_with_state torch._tensor._rebuild_from_type_v2
pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint
""".split()


def call(name):
    """Opcodes that call it with a text."""
    module, _, function = name.rpartition(".")
    return f"c{module}\n{function}\n(".encode() + make.text("x") + b"tR"


def deflated(name, content):
    """A torch zip whose record of this name is really packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()

    def change(archive):
        for one in archive.entries:
            if one["name"].decode().endswith(name):
                one.update(
                    content=packed, crc=zlib.crc32(content), method=8, full_size=len(content), local_size=len(content)
                )

    return zipped(change)


def zip64(*, here=None, count=None, size=None, at=None, record_at=0, locator_at=0, magic=b"PK\6\6", small=0xFFFF):
    """A good zip with the end records that torch writes, one field of which may be wrong."""
    entries, length, start = struct.unpack_from("<HII", GOOD_ZIP, len(GOOD_ZIP) - 12)
    end = len(GOOD_ZIP) - 22
    fields = (entries if here is None else here, entries if count is None else count, length if size is None else size)
    record = struct.pack("<4sQHHIIQQQQ", magic, 44, 45, 45, 0, 0, *fields, start if at is None else at)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end + locator_at, 1)
    closing = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, small, small, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return GOOD_ZIP[:end] + bytes(record_at) + record + locator + closing


def flagged(bit):
    return field(0, flags=bit)


CASES = {
    **{f"the opcode {name}": (make.torch_zip(opcodes), "unsafe") for name, opcodes in OPCODES.items()},
    **{f"a call of {name}": (make.torch_zip(call(name)), "unsafe") for name in CALLS},
    # Opcodes that are known, on what they were not made for.
    "items for a tensor": (make.torch_zip(make.tensor([2, 768]) + b"(NNu", V), "malformed"),
    "an item for a text": (make.torch_zip(make.text("a") + b"NNs"), "malformed"),
    "an addition to a dictionary": (make.torch_zip(b"}Na"), "malformed"),
    "additions to a tensor": (make.torch_zip(make.tensor([2, 768]) + b"(Ne", V), "malformed"),
    "additions to a tuple": (make.torch_zip(b")(Ne"), "malformed"),
    "an odd count of items": (make.torch_zip(b"}(Nu"), "malformed"),
    "a dictionary as a key": (make.torch_zip(b"}}Ns"), "malformed"),
    "a tensor as a key": (make.torch_zip(b"}" + make.tensor([2, 768]) + b"Ns", V), "malformed"),
    "a fraction as a key": (make.torch_zip(b"}G" + bytes(8) + b"Ns"), "malformed"),
    "a key below zero": (make.torch_zip(b"}J\xff\xff\xff\xffNs"), "malformed"),
    "a key of the size that all hash alike": (make.torch_zip(b"}\x8a\x08" + (2**61 - 1).to_bytes(8, "little") + b"Ns"), "malformed"),
    "a mark as a value": (make.torch_zip(b"}" + make.text("a") + b"(s"), "malformed"),
    "a mark that is kept": (make.torch_zip(b"(q\0"), "malformed"),
    "a mark that is left": (make.torch_zip(b"(N"), "malformed"),
    "a memo of a number below zero": (make.torch_zip(b"j\xff\xff\xff\xff"), "malformed"),
    "a pickle of protocol 0": (make.Zip({**RECORDS, "data.pkl": b"(dp0\n."}).bytes(), "unsafe"),
    "a protocol in the middle": (make.torch_zip(b"}\x80\x07"), "malformed"),
    "a whole number that breaks off": (make.Zip({**RECORDS, "data.pkl": b"\x80\x02\x8a\xff\1"}).bytes(), "truncated"),
    "a frame beyond the end": (make.Zip({**RECORDS, "data.pkl": b"\x80\x04\x95\1"}).bytes(), "truncated"),
    "a name that is not UTF-8": (make.torch_zip(b"c\xff\nx\n"), "malformed"),
    "a name with spaces": (make.torch_zip(b"c torch\nFloatStorage\n"), "unsafe"),
    "a name in another case": (make.torch_zip(b"cTorch\nFloatStorage\n"), "unsafe"),
    "a name of wide letters": (make.torch_zip("cｔorch\nFloatStorage\n".encode()), "unsafe"),
    "a second pickle behind the first": (make.Zip({**RECORDS, "data.pkl": RECORDS["data.pkl"] + make.stream(call("os.system"))}).bytes(), "malformed"),
    "a storage smaller than its record": (make.torch_zip(make.dictionary(a=make.tensor([1, 768], count=768)), V), "malformed"),
    # zip: what readers disagree about.
    "a packed pickle": (deflated("data.pkl", RECORDS["data.pkl"]), "malformed"),
    "a bomb of packed zeros": (deflated("data/0", bytes(64 * 2**20)), "malformed"),
    "a checksum of zero": (field(0, crc=0, local_crc=0), "malformed"),
    **{f"a flag {bit:#x}": (flagged(bit), "malformed") for bit in (0x2, 0x20, 0x40, 0x2000)},
    **{f"a packing of kind {kind}": (field(1, method=kind), "malformed") for kind in (1, 9, 12, 14, 95, 99)},
    "a storage named by digits of another script": (zipped(lambda archive: archive.entries[1].update(name="archive/data/٠".encode())), "malformed"),
    "a name in capitals": (zipped(lambda archive: archive.entries[0].update(name=b"archive/DATA.PKL")), "malformed"),
    "a name with a backslash": (zipped(lambda archive: archive.add("archive\\data\\0", b"x")), "malformed"),
    "an absolute name": (zipped(lambda archive: archive.add("/etc/passwd", b"x")), "malformed"),
    "a name without a folder": (zipped(lambda archive: archive.add("data.pkl", b"x")), "malformed"),
    "a name in two folders": (zipped(lambda archive: archive.add("archive/archive/data.pkl", b"x")), "malformed"),
    "a folder of its own": (zipped(lambda archive: archive.add("archive/", b"")), "malformed"),
    "a record over 256 characters": (zipped(lambda archive: archive.add("a" * 300, b"x")), "malformed"),
    "a record named with a control character": (zipped(lambda archive: archive.add("arch\x08", b"x")), "malformed"),
    "a record of a constant": (zipped(lambda archive: archive.add("archive/constants.pkl", b"x")), "malformed"),
    "a shell script before a zip": (b"#!/bin/sh\nexit\n" + GOOD_ZIP, "unknown_container"),
    "a zip behind safetensors": (GOOD + GOOD_ZIP, "malformed"),
    "safetensors behind a zip": (GOOD_ZIP + GOOD, "malformed"),
    "two zips": (GOOD_ZIP + GOOD_ZIP, "malformed"),
    "a zip64 count that disagrees": (zip64(count=9), "malformed"),
    "a zip64 count of its disk that disagrees": (zip64(here=1), "malformed"),
    "a zip64 count beyond all": (zip64(here=2**40, count=2**40), "too_large"),
    "a zip64 directory that is elsewhere": (zip64(at=7), "malformed"),
    "a zip64 directory of another size": (zip64(size=2**63), "malformed"),
    "a zip64 record that is elsewhere": (zip64(locator_at=-30), "malformed"),
    "a zip64 record beyond the end": (zip64(locator_at=2**40), "malformed"),
    "a zip64 record that is none": (zip64(magic=b"PK\6\1"), "malformed"),
    "a gap before a zip64 record": (zip64(record_at=8), "malformed"),
    "two end records that disagree": (zip64(small=2), "malformed"),
    # safetensors: what the reference library lets through, or reads otherwise.
    "metadata named twice": (make.safetensors_raw(b'{"__metadata__":{},"__metadata__":{"a":"b"}}'), "malformed"),
    "a field named twice": (make.safetensors_raw(b'{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', bytes(4)), "malformed"),
    "zeros behind the header": (make.safetensors_raw(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}\0\0', bytes(4)), "malformed"),
    "a space before the header": (make.safetensors_raw(b' {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)), "unknown_container"),
    "a name with a zero": (make.safetensors({"a\0b": V}), "malformed"),
    "a type in small letters": (entry(dtype="f32"), "malformed"),
    "a type of four bits": (entry(dtype="F4"), "malformed"),
    "a complex type": (entry(dtype="C64"), "malformed"),
    "a type of nothing": (entry(dtype=None), "malformed"),
    "a shape of texts": (entry(shape=["2", "768"]), "malformed"),
    "a shape that is a number": (entry(shape=1536), "malformed"),
    "a side below zero in a header": (entry(shape=[-2, -768]), "malformed"),
    "offsets that are fractions": (entry(data_offsets=[0.0, 6144.0]), "malformed"),
    "offsets that are truth values": (entry(data_offsets=[False, True]), "malformed"),
    "three offsets": (entry(data_offsets=[0, 6144, 6144]), "malformed"),
    "an offset beyond 64 bits": (entry(data_offsets=[0, 2**64]), "truncated"),
    "a list for an entry": (make.safetensors_raw({"a": [1]}), "malformed"),
    "a list for metadata": (make.safetensors_raw({"__metadata__": ["a"], "emb_params": {}}), "malformed"),
}  # fmt: skip
