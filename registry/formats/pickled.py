"""A reader for the few pickle opcodes that embedding files use. Nothing is imported, nothing is called.

The machine works on symbols: a global becomes a :class:`Global` with its name, a call of one of the few known globals
becomes a plain record, and everything else is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from registry.formats import limits
from registry.formats.errors import FormatError, Malformed, TooLarge, Truncated, Unsafe
from registry.formats.limits import MAX_DIMENSIONS, MAX_KEY, MAX_MEMO, MAX_OPCODES, MAX_PICKLE_BYTES, MAX_STACK
from registry.formats.pickle_records import (
    ALLOWED,
    Global,
    OrderedDict,
    ParameterDict,
    StorageRef,
    Stream,
    TensorRef,
    is_size,
    persistent,
)

#: Characters of a foreign name that a message repeats.
MAX_SHOWN_CHARACTERS = 120
_STOP = ord(".")


class _Mark:
    """The stack's mark."""


class Machine:
    """One pickle stream."""

    def __init__(self, data: bytes, start: int = 0) -> None:
        self.data, self.at = data, start
        self.limit = start + MAX_PICKLE_BYTES
        self.end = min(len(data), self.limit)
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, StorageRef] = {}

    @property
    def here(self) -> str:
        """The place up to which the stream was read."""
        return f"offset {self.at}"

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        start, end = self.at, self.at + count
        if end > self.end:
            raise self.overrun(end)
        self.at = end
        return self.data[start:end]

    def byte(self) -> int:
        """The next byte."""
        at = self.at
        if at >= self.end:
            raise self.overrun(at + 1)
        self.at = at + 1
        return self.data[at]

    def overrun(self, end: int) -> FormatError:
        """What is wrong with a value that would end at ``end``, past the stream's."""
        if end <= self.limit:
            return Truncated("The pickle stream ends in the middle of a value.", where=self.here)
        return TooLarge(
            "The pickle stream has more than {limit} KB; an embedding's has under 2 KB.",
            limit=MAX_PICKLE_BYTES // 1024,
            where=self.here,
        )

    def line(self) -> str:
        """The next line of text."""
        end = self.data.find(b"\n", self.at, self.at + 300)
        if end < 0:
            raise Malformed("The pickle stream has a line without an end.", where=self.here)
        return self.text(self.take(end + 1 - self.at)[:-1])

    def text(self, raw: bytes) -> str:
        """Bytes as text."""
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Malformed("The pickle stream holds text that is not UTF-8.", where=self.here) from error

    def number(self, size: int, *, signed: bool = False) -> int:
        """The next integer of ``size`` bytes."""
        return int.from_bytes(self.take(size), "little", signed=signed)

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        if len(self.stack) >= MAX_STACK:
            raise TooLarge("The pickle stream stacks more than {limit} values.", limit=MAX_STACK, where=self.here)
        self.stack.append(value)

    def pop(self) -> Any:
        """Take the value on top."""
        if not self.stack or self.stack[-1] is _Mark:
            raise Malformed("The pickle stream takes a value that is not there.", where=self.here)
        return self.stack.pop()

    def to_mark(self) -> list[Any]:
        """Take the values above the last mark."""
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index] is _Mark:
                values = self.stack[index + 1 :]
                del self.stack[index:]
                return values
        raise Malformed("The pickle stream has no mark to go back to.", where=self.here)

    def keep(self, key: int) -> None:
        """Remember the value on top."""
        if len(self.memo) >= MAX_MEMO:
            raise TooLarge("The pickle stream remembers more than {limit} values.", limit=MAX_MEMO, where=self.here)
        if not self.stack or self.stack[-1] is _Mark:
            raise Malformed("The pickle stream keeps a value that is not there.", where=self.here)
        self.memo[key] = self.stack[-1]

    def recall(self, key: int) -> None:
        """Put a remembered value on the stack."""
        if key not in self.memo:
            raise Malformed("The pickle stream recalls a value it never kept.", where=self.here)
        self.push(self.memo[key])

    def find(self, module: Any, name: Any) -> None:
        """Put an allowed global's name on the stack; refuse any other."""
        if type(module) is not str or type(name) is not str:
            raise Unsafe("The file asks for something whose name is no text.", where=self.here)
        if (module, name) not in ALLOWED:
            shown = "".join(c if c.isprintable() else "?" for c in f"{module}.{name}"[:MAX_SHOWN_CHARACTERS])
            raise Unsafe(
                "The file asks for {name}, which an embedding never needs. It may try to run code.",
                name=shown,
                where=self.here,
            )
        self.push(Global(module, name))

    def items(self, pairs: list[Any]) -> None:
        """Add pairs to the dictionary on top."""
        target = self.stack[-1] if self.stack else None
        if len(pairs) % 2 or not isinstance(target, dict):
            raise Malformed("The pickle stream adds to something that is no dictionary.", where=self.here)
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if type(key) is not str and not (type(key) is int and 0 <= key <= MAX_KEY):
                raise Malformed("A key in the pickle stream is neither text nor small.", where=self.here)
            target[key] = value

    def extend(self, values: list[Any]) -> None:
        """Add values to the list on top."""
        target = self.stack[-1] if self.stack else None
        if not isinstance(target, list):
            raise Malformed("The pickle stream adds to something that is no list.", where=self.here)
        target.extend(values)

    def reduce(self) -> None:
        """Turn a known call into a record."""
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Global) or not isinstance(arguments, tuple):
            raise Unsafe("The file calls something that is not a known function.", where=self.here)
        match function.name, arguments:
            case "_rebuild_tensor_v2", (StorageRef() as storage, offset, tuple(shape), tuple(stride), *_):
                sizes = (offset, *shape, *stride)
                if len(shape) > MAX_DIMENSIONS or len(stride) != len(shape) or not all(map(is_size, sizes)):
                    raise Malformed("A tensor has an impossible shape.", where=self.here)
                self.push(TensorRef(storage, offset, shape, stride))
            case "_rebuild_parameter", (TensorRef() as tensor, *_):
                self.push(tensor)
            case "OrderedDict", ():
                self.push(OrderedDict())
            case "ParameterDict", ():
                self.push(ParameterDict(function.source))
            case "set", ([*_],) | ():
                self.push(frozenset())
            case _:
                raise Unsafe("The file calls {name} in an unknown way.", name=function.name, where=self.here)

    def build(self) -> None:
        """Give an object its state. Only a ``ParameterDict``'s matters, and of it only the parameters."""
        state, target = self.pop(), self.stack[-1] if self.stack else None
        if not isinstance(target, OrderedDict | ParameterDict) or not isinstance(state, dict):
            raise Unsafe("The file sets the state of an unknown object.", where=self.here)
        parameters = state.get("_parameters")
        if isinstance(target, ParameterDict) and isinstance(parameters, dict):
            if len(parameters) > limits.MAX_TENSORS:  # this copies, and a stream may repeat it
                raise TooLarge("The file holds more parameters than embeddings have.", where=self.here)
            target.update(parameters)

    def persistent(self) -> None:
        """Turn what torch keeps outside the stream into a record."""
        kept = persistent(self.pop())
        if kept is None:
            raise Malformed("The file names its numbers in an unknown way.", where=self.here)
        if isinstance(kept, StorageRef) and self.storages.setdefault(kept.key, kept) != kept:
            raise Malformed("The file describes the storage {key!r} in two ways.", key=kept.key[:60], where=self.here)
        self.push(kept)

    def run(self) -> Any:
        """Run to STOP and return the one value left. Raises a ``FormatError``."""
        for _ in range(MAX_OPCODES):
            code = self.byte()
            if code == _STOP:
                result = self.pop()
                if self.stack:
                    raise Malformed("The pickle stream leaves values behind.", where=self.here)
                return result
            action = OPCODES.get(code)
            if action is None:
                raise Unsafe(
                    "The pickle stream uses opcode 0x{code}, which no embedding needs.",
                    code=f"{code:02x}",
                    where=f"offset {self.at - 1}",
                )
            action(self)
        raise TooLarge("The pickle stream has more than {limit} opcodes.", limit=MAX_OPCODES, where=self.here)


def _set_item(m: Machine) -> None:
    value, key = m.pop(), m.pop()
    m.items([key, value])


def _tuple(count: int) -> Callable[[Machine], None]:
    def make(m: Machine) -> None:
        values = [m.pop() for _ in range(count)]
        m.push(tuple(values[::-1]))

    return make


def _long(m: Machine) -> None:
    size = m.byte()
    m.push(m.number(size, signed=True))


def _new_object(m: Machine) -> None:
    arguments, kind = m.pop(), m.pop()
    m.push(kind)
    m.push(arguments)
    m.reduce()


def _stack_global(m: Machine) -> None:
    name, module = m.pop(), m.pop()
    m.find(module, name)


def _protocol(m: Machine) -> None:
    if not 2 <= m.byte() <= 5:
        raise Malformed("The pickle stream has an unknown protocol.", where=m.here)


#: Opcode byte to what it does to the machine.
OPCODES: dict[int, Callable[[Machine], None]] = {
    0x80: _protocol,
    0x95: lambda m: (m.take(8), None)[1],  # FRAME: only a hint
    ord("}"): lambda m: m.push({}),
    ord("]"): lambda m: m.push([]),
    ord(")"): lambda m: m.push(()),
    ord("("): lambda m: m.push(_Mark),
    ord("X"): lambda m: m.push(m.text(m.take(m.number(4)))),
    0x8C: lambda m: m.push(m.text(m.take(m.byte()))),
    ord("J"): lambda m: m.push(m.number(4, signed=True)),
    ord("K"): lambda m: m.push(m.byte()),
    ord("M"): lambda m: m.push(m.number(2)),
    ord("G"): lambda m: m.push(float(struct.unpack(">d", m.take(8))[0])),
    0x8A: _long,
    ord("N"): lambda m: m.push(None),
    0x88: lambda m: m.push(True),
    0x89: lambda m: m.push(False),
    ord("t"): lambda m: m.push(tuple(m.to_mark())),
    0x85: _tuple(1),
    0x86: _tuple(2),
    0x87: _tuple(3),
    ord("q"): lambda m: m.keep(m.byte()),
    ord("r"): lambda m: m.keep(m.number(4)),
    0x94: lambda m: m.keep(len(m.memo)),
    ord("h"): lambda m: m.recall(m.byte()),
    ord("j"): lambda m: m.recall(m.number(4)),
    ord("s"): _set_item,
    ord("u"): lambda m: m.items(m.to_mark()),
    ord("a"): lambda m: m.extend([m.pop()]),
    ord("e"): lambda m: m.extend(m.to_mark()),
    ord("c"): lambda m: m.find(m.line(), m.line()),
    0x93: _stack_global,
    ord("R"): Machine.reduce,
    0x81: _new_object,
    ord("b"): Machine.build,
    ord("Q"): Machine.persistent,
}


def read(data: bytes, start: int = 0) -> Stream:
    """Read one stream from ``start``; its value is made of plain types and records. Raises a ``FormatError``."""
    machine = Machine(data, start)
    value = machine.run()
    return Stream(value, machine.at, machine.storages)
