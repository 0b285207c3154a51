"""Files that ask an ordinary unpickler to run something. Name of the case → opcodes, and → (bytes, code)."""

from __future__ import annotations

from tests.registry.formats import builders as make
from tests.registry.formats.bad_containers import V

#: Where a payload would leave its mark; replaced by a real path when the payload is proved to be live.
MARK = "/nonexistent/starword-tripwire"


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

CASES = {}
for label, opcodes in PAYLOADS.items():
    CASES[f"{label}, in a torch zip"] = (make.torch_zip(opcodes), "unsafe")
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
}
